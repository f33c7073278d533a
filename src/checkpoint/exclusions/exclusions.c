/* Reading the lists that say what stays unquantized: each key in its own form and grammar. */
#include "checkpoint/exclusions/exclusions.h"

#include "checkpoint/inspector.h"
#include "checkpoint/names/pattern.h"

#include <string.h>

struct reader {
	struct inspector *inspector;
	struct exclusions *out;
	struct pattern_pool *pool;
	size_t capacity;
	const struct exclusion_key *key;
	struct role_finder roles;
};

/* More than the largest real list (22 422) by far. */
#define ENTRIES_MAXIMUM 100000

static struct text without(struct text text, const char *prefix)
{
	return text_starts_with(text, prefix) ? text_from(text, strlen(prefix)) : text;
}

/* Splits off what the grammar gives a meaning to; says how the rest is to be compared. */
static enum pattern_anchor analyse(struct exclusion *exclusion)
{
	enum pattern_anchor anchor = PATTERN_START;
	struct text name = exclusion->name;
	exclusion->key = name;
	switch (exclusion->grammar) {
	case GRAMMAR_TRANSFORMERS:
		exclusion->regex = true;
		break;
	case GRAMMAR_DYNAMIC:
		exclusion->regex = true;
		exclusion->key = without(without(name, "-:"), "+:");
		break;
	case GRAMMAR_EXACT_RE:
	case GRAMMAR_QUARK:
	case GRAMMAR_FQN:
		exclusion->regex = text_starts_with(name, "re:");
		exclusion->key = without(name, "re:");
		anchor = exclusion->grammar == GRAMMAR_FQN ? PATTERN_WHOLE : PATTERN_START;
		break;
	case GRAMMAR_AUTO_ROUND:
		exclusion->regex = pattern_is_special(name, false);
		anchor = PATTERN_SEARCH;
		break;
	default:
		break;
	}
	return anchor;
}

/* Lists that transformers itself goes through; the classes of gptq and auto-round drop theirs. */
static bool read_by_transformers(const struct reader *reader)
{
	enum method method = reader->inspector->checkpoint->method->method;
	bool list = reader->key->form == EXCLUSION_LIST;
	if (reader->key->grammar == GRAMMAR_TRANSFORMERS)
		list = list && method != METHOD_GPTQ && method != METHOD_AUTO_ROUND;
	else
		list = list && method == METHOD_COMPRESSED_TENSORS;
	return list && reader->inspector->refusable;
}

static void report_entry(struct reader *reader, const struct place *place, const char *detail)
{
	struct inspector *inspector = reader->inspector;
	if (read_by_transformers(reader))
		inspector_refuse(inspector, place, detail);
	else
		inspector_report(inspector, CHECKPOINT_EXCLUSION_INVALID, place, detail);
}

static void add(struct reader *reader, const struct place *place, struct text name, bool excludes)
{
	struct exclusions *out = reader->out;
	if (out->list_count == reader->capacity)
		return;
	struct exclusion *exclusion = &out->list[out->list_count++];
	exclusion->name = name;
	exclusion->grammar = reader->key->grammar;
	exclusion->excludes = excludes;
	exclusion->only =
		reader->key->form == EXCLUSION_ONLY || reader->key->form == EXCLUSION_ONLY_MAP;
	exclusion->role = exclusion->only ? ROLE_OTHER : role_of(&reader->roles, name);
	enum pattern_anchor anchor = analyse(exclusion);
	if (exclusion->regex && pattern_is_special(exclusion->key, false)) {
		struct text detail = text_of("");
		exclusion->pattern = pattern_compile(reader->pool, exclusion->key, anchor, &detail);
		exclusion->broken = !exclusion->pattern;
		exclusion->untried = exclusion->broken && !text_starts_with(detail, PATTERN_WRONG);
		out->untried += exclusion->untried;
		if (exclusion->broken && !exclusion->untried)
			report_entry(reader, place, detail.data);
	}
	if (exclusion->only)
		out->only_count++;
	if (!excludes)
		return;
	out->entries[out->count++] = name;
	out->roles[exclusion->role]++;
}

static void add_item(struct reader *reader, const struct place *item, bool excludes)
{
	if (item->node->kind == NODE_STRING)
		add(reader, item, item->node->text, excludes);
	else
		report_entry(reader, item, "a module's name is expected");
}

/* gptq's inclusive list is a list of lists. */
static void read_list(struct reader *reader, const struct place *place, bool excludes)
{
	if (place->node->kind != NODE_SEQUENCE)
		return;
	for (uint32_t i = 0; i < place->node->count; i++) {
		struct place item = place_item(place, i);
		if (item.node->kind != NODE_SEQUENCE || excludes) {
			add_item(reader, &item, excludes);
			continue;
		}
		for (uint32_t k = 0; k < item.node->count; k++) {
			struct place inner = place_item(&item, k);
			add_item(reader, &inner, excludes);
		}
	}
}

static bool at_least_16_bits(const struct node *value)
{
	int64_t bits;
	return node_integer(node_get(value, "bits"), &bits) && bits >= 16;
}

/* Whether a member is an entry at all, and whether it excludes. */
static bool is_entry(enum exclusion_form form, const struct member *member, bool *ret_excludes)
{
	const struct node *value = member->value;
	*ret_excludes = true;
	switch (form) {
	case EXCLUSION_DYNAMIC:
		*ret_excludes = text_starts_with(member->key, "-:");
		return true;
	case EXCLUSION_BITS:
		*ret_excludes = at_least_16_bits(value);
		return true;
	case EXCLUSION_NULL:
		*ret_excludes = value->kind == NODE_NULL;
		return true;
	case EXCLUSION_FALSE:
		return value->kind == NODE_BOOLEAN && !value->boolean;
	case EXCLUSION_ONLY_MAP:
		*ret_excludes = false;
		return true;
	default:
		return false;
	}
}

static void read_mapping(struct reader *reader, const struct place *place)
{
	const struct node *node = place->node;
	for (uint32_t i = 0; node->kind == NODE_MAPPING && i < node->count; i++) {
		struct place member = place_of_member(place, &node->members[i]);
		bool excludes;
		if (is_entry(reader->key->form, &node->members[i], &excludes))
			add(reader, &member, node->members[i].key, excludes);
	}
}

/* auto-round also writes its blocks as one text with commas. */
static void read_commas(struct reader *reader, const struct place *place)
{
	struct text rest = place->node->text;
	while (rest.length > 0) {
		const char *comma = memchr(rest.data, ',', rest.length);
		size_t length = comma ? (size_t)(comma - rest.data) : rest.length;
		struct text name = text_trim((struct text){ rest.data, length });
		if (name.length > 0)
			add(reader, place, name, false);
		rest = text_from(rest, length + 1);
	}
}

static void read_key(struct reader *reader, const struct place *place)
{
	const struct node *node = place->node;
	switch (reader->key->form) {
	case EXCLUSION_LIST:
		read_list(reader, place, true);
		break;
	case EXCLUSION_ONLY:
		if (node->kind == NODE_STRING)
			read_commas(reader, place);
		else
			read_list(reader, place, false);
		break;
	case EXCLUSION_FLAG:
		if (node->kind == NODE_BOOLEAN && !node->boolean)
			add(reader, place, place->key, true);
		break;
	default:
		read_mapping(reader, place);
		break;
	}
}

/* Room enough for every entry below the key, whatever its form. */
static size_t room(const struct node *node)
{
	size_t count = 1;
	if (node->kind == NODE_STRING)
		return node->text.length / 2 + 1;
	if (node->kind == NODE_MAPPING)
		return node->count;
	for (uint32_t i = 0; node->kind == NODE_SEQUENCE && i < node->count; i++)
		count += node->items[i]->kind == NODE_SEQUENCE ? node->items[i]->count : 1;
	return count;
}

static const struct place *find(
	struct reader *reader, const struct exclusion_key *key, struct place steps[PLACE_STEPS])
{
	const struct place *place = place_at(reader->inspector->block_place, key->path, steps);
	return place && place->node->kind != NODE_NULL ? place : NULL;
}

static bool make_room(struct reader *reader, const struct method_row *row)
{
	struct arena *arena = reader->inspector->arena;
	for (const struct exclusion_key *key = row->exclusions; key->path; key++) {
		struct place steps[PLACE_STEPS];
		const struct place *place = find(reader, key, steps);
		reader->capacity += place ? room(place->node) : 0;
	}
	if (reader->capacity > ENTRIES_MAXIMUM) {
		reader->capacity = ENTRIES_MAXIMUM;
		inspector_report(reader->inspector, CHECKPOINT_EXCLUSION_INVALID,
			reader->inspector->block_place,
			"of more than 100000 entries the rest is not read");
	}
	reader->out->list = ARENA_ARRAY(arena, struct exclusion, reader->capacity);
	reader->out->entries = ARENA_ARRAY(arena, struct text, reader->capacity);
	reader->pool = pattern_pool_new(arena);
	role_finder_init(&reader->roles);
	return reader->out->list && reader->out->entries && reader->pool;
}

void inspect_untried(struct inspector *inspector)
{
	const struct exclusions *exclusions = &inspector->checkpoint->exclusions;
	size_t i = 0;
	if (exclusions->untried == 0)
		return;
	while (!exclusions->list[i].untried)
		i++;
	inspector_report_text(inspector, CHECKPOINT_EXCLUSIONS_UNTRIED, text_of("config.json"),
		exclusions->list[i].name,
		arena_printf(inspector->arena, "%zu of %zu", exclusions->untried,
			exclusions->list_count));
}

void inspect_exclusions(struct inspector *inspector)
{
	const struct method_row *row = inspector->checkpoint->method;
	struct reader reader = { .inspector = inspector,
		.out = &inspector->checkpoint->exclusions };
	if (!row)
		return;
	if (make_room(&reader, row)) {
		for (reader.key = row->exclusions; reader.key->path; reader.key++) {
			struct place steps[PLACE_STEPS];
			const struct place *place = find(&reader, reader.key, steps);
			size_t before = reader.out->list_count;
			if (!place)
				continue;
			read_key(&reader, place);
			bool list = reader.key->form == EXCLUSION_LIST ||
				    reader.out->list_count > before;
			if (list && !reader.out->grammar)
				reader.out->grammar = grammar_name(reader.key->grammar);
		}
	}
	pattern_pool_end(reader.pool);
}
