#include "resolve/fix.h"
#include "resolve/resolver.h"

#include "base/utf8.h"

#define UTF16_BYTE_ORDER_MARK 2 /* bytes */
#define PLACES_MAXIMUM (2 * RULE_READS_MAXIMUM)

struct text key_path(struct arena *arena, const struct facts *facts, enum key key)
{
	const struct member *member = facts->settings[key].member;
	struct text name = member ? member->key : text_of(keys[key].name);
	enum key parent = keys[key].parent;
	struct text above = parent ? key_path(arena, facts, parent) : TEXT("");
	return pointer_join(arena, above, name);
}

bool resolver_converted(const struct resolver *resolver)
{
	const char *bytes = resolver->document.bytes.data;
	return bytes && bytes != resolver->request->config.data;
}

const struct lines *resolver_lines(struct resolver *resolver)
{
	if (resolver->lines.count == 0)
		lines_index(&resolver->lines, resolver->arena, resolver->document.bytes);
	return &resolver->lines;
}

/* Offsets are those of the bytes that the user sent, which begin with a byte order mark. */
static void count_in_utf16(struct location *location, struct text utf8)
{
	struct text before = { .data = utf8.data, .length = location->offset };
	struct text inside = { .data = utf8.data + location->offset, .length = location->length };
	location->offset = UTF16_BYTE_ORDER_MARK + utf8_length_in_utf16(before);
	location->length = utf8_length_in_utf16(inside);
}

static struct location locate(struct resolver *resolver, const struct place *place)
{
	bool has_lines = !resolver->request->config_tree;
	if (!has_lines || place->nowhere)
		return (struct location){ .path = place->path };
	struct span span = place->span;
	if (place->member)
		span = place->key_only ? place->member->key_span : member_span(place->member);
	struct location location = location_of(resolver_lines(resolver), span, place->path);
	if (resolver_converted(resolver))
		count_in_utf16(&location, resolver->document.bytes);
	return location;
}

static struct diagnostic *add(struct resolver *resolver, const struct rule *rule,
	const struct word *words, const struct place *places, size_t place_count)
{
	enum severity severity = rule->severity[resolver->request->target];
	if (rule->require_checkpoint && resolver->request->require_checkpoint)
		severity = SEVERITY_ERROR;
	if (severity == SEVERITY_NONE)
		return NULL;
	size_t word_count = 0;
	while (words && words[word_count].name)
		word_count++;
	struct diagnostic *diagnostic = findings_add(&resolver->findings, resolver->arena, rule,
		severity, words, word_count, place_count);
	for (size_t i = 0; diagnostic && i < place_count; i++)
		diagnostic->locations[i] = locate(resolver, &places[i]);
	return diagnostic;
}

void report_left_out(struct resolver *resolver)
{
	size_t left_out = resolver->findings.left_out;
	if (left_out == 0)
		return;
	const struct word words[] = {
		{ "count", arena_printf(resolver->arena, "%zu", left_out) },
		{ "limit", arena_printf(resolver->arena, "%d", FINDINGS_MAXIMUM) },
		{ NULL, TEXT("") },
	};
	findings_make_room(&resolver->findings);
	report(resolver, "findings-left-out", words, NULL, 0);
}

struct diagnostic *report(struct resolver *resolver, const char *rule_id, const struct word *words,
	const struct place *places, size_t place_count)
{
	return add(resolver, registry_get(rule_id), words, places, place_count);
}

static size_t add_place(struct resolver *resolver, struct place *places, size_t count, enum key key)
{
	const struct setting *setting = &resolver->facts.settings[key];
	if (!setting->member || setting->state != SETTING_SET || count >= PLACES_MAXIMUM)
		return count;
	for (size_t i = 0; i < count; i++)
		if (places[i].member == setting->member)
			return count;
	places[count] = (struct place){
		.path = key_path(resolver->arena, &resolver->facts, key),
		.member = setting->member,
	};
	return count + 1;
}

/* The places at which the base quantization is asked for. */
static size_t add_base_places(struct resolver *resolver, struct place *places, size_t count)
{
	static const enum key flags[] = { KEY_ADAPTER, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT };
	const struct facts *facts = &resolver->facts;
	const struct base_quantization *base = &facts->base;
	const struct base_spelling *spelling =
		base->structured.dialect ? &base->structured : &base->peft;
	if (spelling->dialect != DIALECT_NONE && count < PLACES_MAXIMUM) {
		places[count] =
			(struct place){ .path = spelling->path, .member = spelling->member };
		return count + 1;
	}
	for (size_t i = 0; i < 3; i++)
		if (i == 0 ? says(facts, KEY_ADAPTER, "qlora") : is_true(facts, flags[i]))
			count = add_place(resolver, places, count, flags[i]);
	return base->nf4_backend ? add_place(resolver, places, count, KEY_NF4_BACKEND) : count;
}

static bool silenced(const struct facts *facts, const struct rule *rule)
{
	for (const enum key *key = rule->reads; *key != KEY_NONE; key++)
		if (facts->faulty[*key])
			return true;
	return false;
}

static void raise_rule(struct resolver *resolver, const struct rule *rule)
{
	struct word words[RULE_WORDS_MAXIMUM + 1];
	struct place places[PLACES_MAXIMUM];
	size_t place_count = 0;
	rule_words(resolver, rule, words);
	const enum key *at = rule->at[0] != KEY_NONE ? rule->at : rule->reads;
	for (; *at != KEY_NONE; at++) {
		if (*at == KEY_BASE_QUANTIZATION)
			place_count = add_base_places(resolver, places, place_count);
		else if (rule_shows(&resolver->facts, rule, *at))
			place_count = add_place(resolver, places, place_count, *at);
	}
	struct diagnostic *diagnostic = add(resolver, rule, words, places, place_count);
	if (diagnostic)
		fix_by_rule(resolver, diagnostic);
}

static bool is_error(const struct resolver *resolver, const struct rule *rule)
{
	return rule->severity[resolver->request->target] == SEVERITY_ERROR;
}

static void judge(struct resolver *resolver, const struct rule *rule)
{
	struct facts *facts = &resolver->facts;
	if (silenced(facts, rule) || !rule->broken(facts))
		return;
	raise_rule(resolver, rule);
	bool silences = rule->stage == STAGE_SCHEMA && is_error(resolver, rule);
	for (const enum key *key = rule->reads; *key && silences; key++)
		facts->faulty[*key] = true;
}

bool report_would_add_error(const struct resolver *resolver, const struct facts *tried)
{
	for (size_t i = 0; i < registry_count(); i++) {
		const struct rule *rule = registry_at(i);
		if (rule->broken && is_error(resolver, rule) && !silenced(tried, rule) &&
			rule->broken(tried) && !rule->broken(&resolver->facts))
			return true;
	}
	return false;
}

void report_broken_rules(struct resolver *resolver, enum stage stage)
{
	for (size_t i = 0; i < registry_families(); i++) {
		size_t count;
		const struct rule *rules = registry_family(i, &count);
		for (size_t j = 0; j < count; j++)
			if (rules[j].stage == stage && rules[j].broken)
				judge(resolver, &rules[j]);
	}
}
