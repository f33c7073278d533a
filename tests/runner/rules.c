/*
 * The rule table tests itself: each row's bad example raises the rule with its severity and no
 * other error, its good example does not raise it, its edit repairs it, and its words are complete.
 */
#include "resolve/registry.h"
#include "runner/reads.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct example {
	const struct rule *rule;
	struct arena *arena;
	struct tally *tally;
};

static const struct resolution *example_resolve(const struct example *example, struct text config,
	const char *checkpoint, enum target target, bool require_checkpoint)
{
	struct resolve_request request = {
		.config = config,
		.target = target,
		.checkpoint = checkpoint ? CHECKPOINT_GIVEN : CHECKPOINT_LOOK_UP,
		.checkpoint_bytes = text_of(checkpoint),
		.require_checkpoint = require_checkpoint,
		.include_migrated = true,
		.include_diff = true,
	};
	const struct resolution *resolution = resolve(example->arena, &request);
	tally_check(example->tally, resolution, "%s: out of memory", example->rule->id);
	return resolution;
}

static const struct resolution *bad_resolve(const struct example *example, enum target target)
{
	const struct rule *rule = example->rule;
	return example_resolve(example, text_of(rule->bad), rule->bad_checkpoint, target,
		rule->require_checkpoint);
}

static bool is_expected(const struct rule *rule, const char *id)
{
	if (strcmp(rule->id, id) == 0)
		return true;
	for (size_t i = 0; i < RULE_ALSO_MAXIMUM && rule->also[i]; i++) {
		if (strcmp(rule->also[i], id) == 0)
			return true;
	}
	return false;
}

/* A rule that require_checkpoint makes stricter is an error then. */
static enum severity severity_expected(const struct rule *rule, enum target target)
{
	return rule->require_checkpoint ? SEVERITY_ERROR : rule->severity[target];
}

static bool has_placeholder(struct text message)
{
	for (size_t i = 0; i < message.length; i++) {
		if (message.data[i] != '{')
			continue;
		size_t end = i + 1;
		while (end < message.length &&
			(message.data[end] == '_' ||
				(message.data[end] >= 'a' && message.data[end] <= 'z')))
			end++;
		if (end > i + 1 && end < message.length && message.data[end] == '}')
			return true;
	}
	return false;
}

static void check_finding(
	const struct example *example, const struct diagnostic *finding, enum target target)
{
	const struct rule *rule = example->rule;
	tally_check(example->tally, finding->severity == severity_expected(rule, target),
		"%s: %s under %s, the row says %s", rule->id, severity_name(finding->severity),
		target_name(target), severity_name(severity_expected(rule, target)));
	tally_check(example->tally, !has_placeholder(finding->message),
		"%s: a placeholder was not filled: %.*s", rule->id,
		TEXT_ARGUMENTS(finding->message));
	tally_check(example->tally, !has_placeholder(finding->remedy),
		"%s: a placeholder was not filled: %.*s", rule->id,
		TEXT_ARGUMENTS(finding->remedy));
}

/* Whether something was translated depends on the target: what is foreign to one is home to another. */
static bool is_target_bound(const struct rule *rule, enum target target)
{
	return target != rule->target && strcmp(rule->id, "other-dialect") == 0;
}

/* Under every target: raised with its severity, or not at all where it has none. */
static void check_bad_under(const struct example *example, enum target target)
{
	const struct resolution *resolution = bad_resolve(example, target);
	if (!resolution)
		return;
	const struct rule *rule = example->rule;
	const struct diagnostic *finding = resolution_finding(resolution, rule->id);
	bool wanted = rule->severity[target] != SEVERITY_NONE;
	if (is_target_bound(rule, target) && !finding)
		return;
	if (tally_check(example->tally, wanted == (finding != NULL),
		    "%s: the bad example does%s raise it under %s", rule->id, finding ? "" : " not",
		    target_name(target)) &&
		finding)
		check_finding(example, finding, target);
}

static void check_bad_alone(const struct example *example)
{
	const struct rule *rule = example->rule;
	const struct resolution *resolution = bad_resolve(example, rule->target);
	for (size_t i = 0; resolution && i < resolution->finding_count; i++) {
		const struct diagnostic *other = resolution->findings[i];
		if (other->severity == SEVERITY_ERROR)
			tally_check(example->tally, is_expected(rule, other->rule->id),
				"%s: the bad example is also %s: %.*s", rule->id, other->rule->id,
				TEXT_ARGUMENTS(other->message));
	}
	for (size_t i = 0; resolution && i < RULE_ALSO_MAXIMUM && rule->also[i]; i++)
		tally_check(example->tally, resolution_finding(resolution, rule->also[i]),
			"%s: .also names %s, which the bad example does not raise", rule->id,
			rule->also[i]);
}

static void check_good(const struct example *example)
{
	const struct rule *rule = example->rule;
	const struct resolution *resolution = example_resolve(
		example, text_of(rule->good), rule->good_checkpoint, rule->target, false);
	if (resolution)
		tally_check(example->tally, !resolution_finding(resolution, rule->id),
			"%s: the good example raises it", rule->id);
}

/* Raised by a reader, which gives the edit itself. */
static bool has_edit(const struct rule *rule)
{
	static const char *const ids[] = { "backend-unknown", "coerced-type", "duplicate-key",
		"group-size-ignored", "group-size-invalid", "misspelled-key",
		"unknown-backend-key" };
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(rule->id, ids[i]) == 0)
			return true;
	return rule->fix.kind != FIX_NONE;
}

static void check_edits(const struct example *example)
{
	const struct rule *rule = example->rule;
	const struct resolution *resolution = bad_resolve(example, rule->target);
	const struct diagnostic *finding =
		resolution ? resolution_finding(resolution, rule->id) : NULL;
	tally_check(example->tally, !finding || !has_edit(rule) || finding->edit_count,
		"%s: has a fix, but its finding has no edit", rule->id);
	if (!finding || !finding->edit_count)
		return;
	struct text config = text_of(rule->bad);
	if (!tally_check(example->tally, edits_sane(finding, config),
		    "%s: edits overlap or lie outside the text", rule->id))
		return;
	struct text edited = edits_applied(example->arena, config, finding);
	const struct resolution *repaired = example_resolve(
		example, edited, rule->bad_checkpoint, rule->target, rule->require_checkpoint);
	if (repaired)
		tally_check(example->tally, !resolution_finding(repaired, rule->id),
			"%s: still raised after its own edit:\n%.*s", rule->id,
			TEXT_ARGUMENTS(edited));
}

static bool is_filled(const char *string)
{
	return string && *string;
}

static bool is_id(const char *id)
{
	return id && *id && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(id);
}

/* Raised for files beside config.json, names in the request, or a thousand findings: no example brings those along. */
static bool needs_more(const struct rule *rule)
{
	static const char *const ids[] = { "checkpoint-weights-disagree", "checkpoint-file-bad",
		"checkpoint-shards-missing", "checkpoint-weights-absent", "checkpoint-not-found",
		"checkpoint-exclusions-unmatched", "checkpoint-revision-unseen",
		"checkpoint-exclusions-untried", "group-size-passes-modules", "checkpoint-unusable",
		"model-root-closed", "weight-shape-refused", "weight-shape-doubtful",
		"skip-list-idle", "moe-experts-absent", "findings-left-out" };
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(rule->id, ids[i]) == 0)
			return true;
	return false;
}

static void check_row(const struct example *example, size_t index)
{
	const struct rule *rule = example->rule;
	struct tally *tally = example->tally;
	tally_check(tally, is_id(rule->id), "row %zu: not an id", index);
	tally_check(tally, registry_find(text_of(rule->id)) == rule,
		"%s: not found by its id: twice in the table?", rule->id);
	tally_check(tally,
		is_filled(rule->summary) && is_filled(rule->message) && is_filled(rule->remedy) &&
			is_filled(rule->why),
		"%s: summary, message, remedy or why is missing", rule->id);
	tally_check(tally, has_placeholder(text_of(rule->remedy)) == (rule->advice != NULL),
		"%s: there is an advice where the remedy has placeholders, and nowhere else",
		rule->id);
	tally_check(tally,
		is_filled(rule_advice(rule)) && !has_placeholder(text_of(rule_advice(rule))),
		"%s: the advice has placeholders", rule->id);
	tally_check(tally, rule->bad || needs_more(rule), "%s: no bad example", rule->id);
	tally_check(tally, rule->good || needs_more(rule), "%s: no good example", rule->id);
	tally_check(tally, rule->severity[rule->target] != SEVERITY_NONE,
		"%s: the examples run under a target where the rule does not exist", rule->id);
	tally_check(tally, !rule->broken || rule->reads[0] != KEY_NONE,
		"%s: a predicate that reads nothing", rule->id);
	if (strncmp(rule->id, "deprecated-", strlen("deprecated-")) == 0)
		tally_check(tally, strncmp(rule->message, "DEPRECATED:", 11) == 0,
			"%s: a deprecation begins with DEPRECATED:", rule->id);
}

static void rule_check(struct tally *tally, size_t index)
{
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	const struct rule *rule = registry_at(index);
	struct example example = { .rule = rule, .arena = &arena, .tally = tally };
	check_row(&example, index);
	if (rule->bad && rule->good) {
		for (enum target target = TARGET_CANONICAL; target < TARGET_COUNT; target++)
			check_bad_under(&example, target);
		check_bad_alone(&example);
		check_good(&example);
		check_edits(&example);
		reads_check(tally, &arena, rule);
	}
	arena_release(&arena);
}

int main(void)
{
	struct tally tally = { .name = "rules" };
	for (size_t i = 0; i < registry_count(); i++)
		rule_check(&tally, i);
	return tally_finish(&tally);
}
