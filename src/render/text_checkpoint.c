/* An inspection for people: a line that says what it is, what there is to know in short lines, the findings. */
#include "base/size.h"
#include "checkpoint/weights/weights.h"
#include "render/page.h"
#include "render/render.h"
#include "render/visible.h"

/* How many groups of a mixed scheme are shown. */
#define GROUPS_SHOWN 8

static void begin_row(const struct page *page, const char *label)
{
	buffer_printf(page->out, "  %-12s", label);
}

/* Then nothing is known of it. */
static bool is_unreadable(const struct checkpoint *checkpoint)
{
	for (const struct checkpoint_problem *problem = checkpoint->problems; problem;
		problem = problem->next)
		if (problem->fault == CHECKPOINT_UNREADABLE ||
			problem->fault == CHECKPOINT_NOT_AN_OBJECT)
			return true;
	return false;
}

static void put_headline(const struct page *page, const struct inspection *inspection)
{
	const struct checkpoint *checkpoint = inspection->checkpoint;
	size_t counts[SEVERITY_COUNT] = { 0 };
	for (size_t i = 0; i < inspection->finding_count; i++)
		counts[inspection->findings[i]->severity]++;
	page_put_place(page, NULL);
	if (checkpoint->stored_as) {
		buffer_printf(
			page->out, "stored as %s, which no block declares", checkpoint->stored_as);
	} else if (!checkpoint->quantized) {
		buffer_add_string(
			page->out, is_unreadable(checkpoint) ? "cannot be read" : "not quantized");
	} else {
		struct text method = checkpoint->method ? text_of(checkpoint->method->name)
							: checkpoint->quant_method;
		buffer_add_string(page->out, "quantized with ");
		visible_put(page->out, method.length > 0 ? method : TEXT("what nobody knows"));
		page_put_scheme(page->out, &checkpoint->scheme, method, ": ", "");
	}
	const char *separator = " (", *before = separator;
	page_put_counts(page->out, counts, &separator);
	buffer_add_string(page->out, separator == before ? "\n" : ")\n");
}

static void put_model(const struct page *page, const struct checkpoint *checkpoint)
{
	struct buffer *out = page->out;
	const char *separator = "";
	const struct text parts[] = { checkpoint->model_type, checkpoint->torch_dtype };
	if (parts[0].length == 0 && parts[1].length == 0 && checkpoint->experts == 0)
		return;
	begin_row(page, "model");
	for (size_t i = 0; i < 2; i++) {
		if (parts[i].length == 0)
			continue;
		buffer_add_string(out, separator);
		visible_put(out, parts[i]);
		separator = ", ";
	}
	if (checkpoint->experts > 0)
		buffer_printf(
			out, "%s%llu experts", separator, (unsigned long long)checkpoint->experts);
	if (checkpoint->experts > 0 && checkpoint->experts_per_token > 0)
		buffer_printf(
			out, ", %llu a token", (unsigned long long)checkpoint->experts_per_token);
	buffer_add_byte(out, '\n');
}

static void put_groups(const struct page *page, const struct checkpoint *checkpoint)
{
	struct buffer *out = page->out;
	for (size_t i = 0; i < checkpoint->group_count && i < GROUPS_SHOWN; i++) {
		const struct scheme *group = &checkpoint->groups[i];
		begin_row(page, i == 0 ? "groups" : "");
		visible_put(out, group->group.length > 0 ? group->group : TEXT("all others"));
		page_put_scheme(out, group, TEXT(""), ": ", "");
		buffer_add_byte(out, '\n');
	}
	size_t all = checkpoint->group_count + checkpoint->groups_left_out;
	if (all <= GROUPS_SHOWN)
		return;
	begin_row(page, "");
	buffer_printf(out, "and %zu more\n", all - GROUPS_SHOWN);
}

static void put_declared(const struct page *page, const struct checkpoint *checkpoint)
{
	struct buffer *out = page->out;
	const char *separator = ", read by ";
	if (!checkpoint->found_in)
		return;
	begin_row(page, "declared");
	buffer_printf(out, "in %s", checkpoint->found_in);
	for (int i = 0; i < ENGINE_COUNT; i++) {
		bool reads = i != ENGINE_TRANSFORMERS || checkpoint->seen_by_transformers;
		if (!reads || !(checkpoint->known_to & 1u << i))
			continue;
		buffer_printf(out, "%s%s", separator, engine_name((enum engine)i));
		separator = ", ";
	}
	buffer_add_byte(out, '\n');
}

/* An entry a line, with the number of modules where it is known. */
static void put_entries(const struct page *page, const struct exclusions *exclusions)
{
	for (size_t i = 0; i < exclusions->list_count; i++) {
		const struct exclusion *exclusion = &exclusions->list[i];
		if (!exclusion->excludes)
			continue;
		begin_row(page, "");
		visible_put(page->out, exclusion->name);
		if (exclusions->modules_known && !exclusion->broken)
			buffer_printf(page->out, " (%zu module%s)", exclusion->modules,
				exclusion->modules == 1 ? "" : "s");
		buffer_add_byte(page->out, '\n');
	}
}

static void put_exclusions(const struct page *page, const struct inspection *inspection)
{
	const struct exclusions *exclusions = &inspection->checkpoint->exclusions;
	const char *separator = ": ";
	if (exclusions->count == 0)
		return;
	begin_row(page, "left out");
	buffer_printf(
		page->out, "%zu entr%s", exclusions->count, exclusions->count == 1 ? "y" : "ies");
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (exclusions->roles[i] == 0)
			continue;
		buffer_printf(page->out, "%s%s %zu", separator, role_name((enum role)i),
			exclusions->roles[i]);
		separator = ", ";
	}
	buffer_add_byte(page->out, '\n');
	if (inspection->include_exclusions)
		put_entries(page, exclusions);
}

static void put_outcome(
	const struct page *page, const struct exclusions *exclusions, enum outcome outcome)
{
	static const char *const labels[] = {
		[OUTCOME_ABSENT] = "",
		[OUTCOME_NATIVE] = "as trained",
		[OUTCOME_QUANTIZED] = "quantized",
		[OUTCOME_MIXED] = "mixed",
	};
	const char *separator = "";
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (exclusions->outcomes[i] != outcome)
			continue;
		if (separator[0] == '\0')
			begin_row(page, labels[outcome]);
		buffer_printf(page->out, "%s%s", separator, role_name((enum role)i));
		separator = ", ";
	}
	if (separator[0] != '\0')
		buffer_add_byte(page->out, '\n');
}

/* Of a plain model nothing need be said. */
static void put_outcomes(const struct page *page, const struct checkpoint *checkpoint)
{
	static const enum outcome order[] = { OUTCOME_QUANTIZED, OUTCOME_MIXED, OUTCOME_NATIVE };
	const struct exclusions *exclusions = &checkpoint->exclusions;
	bool plain = !checkpoint->quantized;
	for (int i = 0; i < ROLE_COUNT; i++)
		plain &= exclusions->outcomes[i] == OUTCOME_ABSENT ||
			 exclusions->outcomes[i] == OUTCOME_NATIVE;
	for (size_t i = 0; exclusions->modules_known && !plain && i < 3; i++)
		put_outcome(page, exclusions, order[i]);
}

static void put_weights(const struct page *page, const struct weights *weights)
{
	struct buffer *out = page->out;
	if (!weights || (!weights->parameters_known && !weights->bytes_known))
		return;
	begin_row(page, "weights");
	if (weights->parameters_known)
		buffer_printf(out, "%.*s parameters%s",
			TEXT_ARGUMENTS(count_words(out->arena, weights->parameters)),
			weights->bytes_known ? ", " : "");
	if (weights->bytes_known)
		buffer_add(out, size_words(out->arena, weights->bytes));
	buffer_add_byte(out, '\n');
}

static void put_fate(const struct page *page, const struct checkpoint *checkpoint)
{
	static const char *const trainable[] = {
		"it is not known whether an adapter can be trained over it",
		"no adapter can be trained over it", "an adapter can be trained over it"
	};
	if (!checkpoint->quantized)
		return;
	if (checkpoint->loading) {
		begin_row(page, "loading");
		buffer_printf(page->out, "%s\n", checkpoint->loading);
	}
	begin_row(page, "training");
	buffer_printf(page->out, "%s\n", trainable[checkpoint->trainable_with_adapter + 1]);
}

void render_inspection_text(struct buffer *out, const struct inspection *inspection, bool colour)
{
	const struct checkpoint *checkpoint = inspection->checkpoint;
	struct text name = inspection->filename;
	if (name.length == 0 && checkpoint->alone)
		name = text_of(checkpoint->found_in);
	else if (name.length == 0)
		name = checkpoint->model.length > 0 ? checkpoint->model : TEXT("config.json");
	struct page page = {
		.out = out,
		.name = name,
		.checkpoint = checkpoint,
		.checkpoint_name = name,
		.colour = colour,
	};
	put_headline(&page, inspection);
	put_model(&page, checkpoint);
	put_groups(&page, checkpoint);
	put_declared(&page, checkpoint);
	put_exclusions(&page, inspection);
	put_outcomes(&page, checkpoint);
	put_weights(&page, checkpoint->weights);
	put_fate(&page, checkpoint);
	page_put_findings(&page, inspection->findings, inspection->finding_count);
}
