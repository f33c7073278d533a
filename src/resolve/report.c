#include "resolve/fix.h"
#include "resolve/resolver.h"

#include "base/buffer.h"
#include "schema/suggestion.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAXIMUM (RULE_READS_MAXIMUM + 8)
#define PLACES_MAXIMUM (2 * RULE_READS_MAXIMUM)
#define VALUE_SHOWN 60

struct text value_words(struct arena *arena, const struct node *value)
{
	if (!value)
		return TEXT("nothing");
	switch (value->kind) {
	case NODE_NULL:
		return TEXT("null");
	case NODE_SEQUENCE:
		return value->count > 0 ? TEXT("a list") : TEXT("[]");
	case NODE_MAPPING:
		return value->count > 0 ? TEXT("a mapping") : TEXT("{}");
	default:
		break;
	}
	struct text shown = value->written.length > 0 ? value->written : value->text;
	const char *rest = "";
	if (shown.length > VALUE_SHOWN) {
		shown.length = VALUE_SHOWN;
		while (shown.length > 0 && ((unsigned char)shown.data[shown.length] & 0xc0) == 0x80)
			shown.length--;
		rest = "…";
	}
	const char *quote = value->quoted ? "\"" : "";
	return arena_printf(arena, "%s%.*s%s%s", quote, TEXT_ARGUMENTS(shown), rest, quote);
}

struct text key_path(struct arena *arena, const struct facts *facts, enum key key)
{
	const struct member *member = facts->settings[key].member;
	struct text name = member ? member->key : text_of(keys[key].name);
	enum key parent = keys[key].parent;
	struct text above = parent ? key_path(arena, facts, parent) : TEXT("");
	return pointer_join(arena, above, name);
}

/* "adapter: qlora with load_in_4bit: true" */
static struct text flags_words(struct arena *arena, const struct facts *facts)
{
	struct buffer out;
	buffer_init(&out, arena, 64);
	if (says(facts, KEY_ADAPTER, "qlora"))
		buffer_add_string(&out, "adapter: qlora");
	static const enum key flags[] = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT };
	for (size_t i = 0; i < 2; i++)
		if (is_true(facts, flags[i]))
			buffer_printf(&out, "%s%s: true", out.length > 0 ? " with " : "",
				keys[flags[i]].name);
	if (facts->base.nf4_backend)
		buffer_printf(&out, " and nf4_backend: %.*s",
			TEXT_ARGUMENTS(facts->settings[KEY_NF4_BACKEND].text));
	return buffer_text(&out);
}

static struct text spelling_words(struct arena *arena, const struct base_spelling *spelling)
{
	const char *backend = backends[spelling->backend].name;
	const char *dtype = spelling->dtype ? dtype_names[spelling->dtype] : "";
	switch (spelling->dialect) {
	case DIALECT_NESTED:
		return arena_printf(arena, "model_quantization_config.%s%s%s", backend,
			spelling->dtype ? ".weight_dtype: " : "", dtype);
	case DIALECT_FLAT:
		return arena_printf(arena, "model_quantization_config with backend: %s%s%s",
			backend, spelling->dtype ? " and weight_dtype: " : "", dtype);
	case DIALECT_CLASS_NAME:
		return arena_printf(arena, "model_quantization_config: %s",
			backends[spelling->backend].quant_class);
	case DIALECT_PEFT_BLOCK:
		return arena_printf(
			arena, "peft with backend: %s and weight_dtype: %s", backend, dtype);
	default:
		return TEXT("no base quantization");
	}
}

struct text base_words(struct arena *arena, const struct facts *facts)
{
	const struct base_quantization *base = &facts->base;
	if (base->dialect == DIALECT_FLAGS)
		return flags_words(arena, facts);
	return spelling_words(arena, base->structured.dialect ? &base->structured : &base->peft);
}

static bool spelt(const struct base_spelling *spelling)
{
	return spelling->dialect != DIALECT_NONE && spelling->backend != BACKEND_NONE;
}

static struct text slot_words(struct resolver *resolver, enum key key)
{
	const struct facts *facts = &resolver->facts;
	if (key == KEY_BASE_QUANTIZATION)
		return base_words(resolver->arena, facts);
	if (key == KEY_CHECKPOINT) {
		const struct checkpoint *checkpoint = facts->checkpoint;
		if (!checkpoint || !checkpoint->quantized)
			return TEXT("no quantization");
		if (checkpoint->method)
			return text_of(checkpoint->method->name);
		return checkpoint->quant_method.length > 0 ? checkpoint->quant_method
							   : TEXT("an unnamed method");
	}
	if (key == KEY_MODEL_QUANTIZATION_CONFIG && spelt(&facts->base.structured))
		return spelling_words(resolver->arena, &facts->base.structured);
	if (key == KEY_PEFT && spelt(&facts->base.peft))
		return spelling_words(resolver->arena, &facts->base.peft);
	const struct setting *setting = &facts->settings[key];
	if (setting->state == SETTING_MISSING)
		return arena_printf(resolver->arena, "no %s", keys[key].name);
	struct text value = value_words(resolver->arena, setting->value);
	struct text name = setting->member->key;
	return arena_printf(
		resolver->arena, "%.*s: %.*s", TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(value));
}

const struct lines *resolver_lines(struct resolver *resolver)
{
	if (resolver->lines.count == 0)
		lines_index(&resolver->lines, resolver->arena, resolver->document.bytes);
	return &resolver->lines;
}

static struct location locate(struct resolver *resolver, const struct place *place)
{
	bool has_lines = !resolver->request->config_tree;
	if (!has_lines || place->nowhere)
		return (struct location){ .path = place->path };
	struct span span = place->span;
	if (place->member)
		span = place->key_only ? place->member->key_span : member_span(place->member);
	return location_of(resolver_lines(resolver), span, place->path);
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

/* A false flag that a rule merely looks at is no place to show, unless the rule asks for it by `at`. */
static bool worth_showing(const struct facts *facts, const struct rule *rule, enum key key)
{
	return rule->at[0] != KEY_NONE || keys[key].type != KEY_TYPE_BOOLEAN || is_true(facts, key);
}

/* Released Axolotl compares the adapter's name with qlora before it looks at load_in_4bit. */
static struct text unquantized_words(const struct facts *facts)
{
	if (!says(facts, KEY_ADAPTER, "lora") || !is_true(facts, KEY_LOAD_IN_4BIT))
		return TEXT("");
	return TEXT(
		"; beside adapter: lora no branch of the released loader (0.18 to 0.20) matches it, "
		"so that the base silently stays unquantized there");
}

static struct text nearest_adapter_words(struct resolver *resolver)
{
	static const char *const built_in[] = { "lora", "qlora", "llama-adapter" };
	const struct setting *adapter = &resolver->facts.settings[KEY_ADAPTER];
	const char *nearest = suggestion_nearest(adapter->text, built_in, 3);
	return nearest ? arena_printf(resolver->arena, "; %s was probably meant", nearest)
		       : TEXT("");
}

/* `model_quantization_config: {bnb: {weight_dtype: nf4}}`, as the canonical form would have it. */
static struct text canonical_base_words(struct resolver *resolver)
{
	const struct base_quantization *base = &resolver->facts.base;
	bool kwargs = base->structured.config_kwargs != NULL;
	if (base->dialect == DIALECT_NONE || base->backend == BACKEND_NONE)
		return TEXT("model_quantization_config: {bnb: {weight_dtype: nf4}}");
	if (!base->dtype)
		return arena_printf(resolver->arena, "model_quantization_config: {%s: {%s}}",
			backends[base->backend].name, kwargs ? "config_kwargs: …" : "");
	return arena_printf(resolver->arena, "model_quantization_config: {%s: {weight_dtype: %s}}",
		backends[base->backend].name, dtype_names[base->dtype]);
}

static bool mentions(const struct rule *rule, const char *name)
{
	char placeholder[64];
	snprintf(placeholder, sizeof(placeholder), "{%s}", name);
	return strstr(rule->message, placeholder) || strstr(rule->remedy, placeholder);
}

/* The base has words of its own, unless they are the flags that the rule names one by one. */
static bool base_worth_naming(const struct facts *facts, const struct rule *rule)
{
	if (facts->base.dialect != DIALECT_FLAGS)
		return facts->base.dialect != DIALECT_NONE;
	const enum key *at = rule->at[0] != KEY_NONE ? rule->at : rule->reads;
	for (; *at != KEY_NONE; at++)
		if (*at == KEY_LOAD_IN_4BIT || *at == KEY_LOAD_IN_8BIT)
			return false;
	return true;
}

/* What stands in the way, as far as the message does not name it already: "rl: dpo and lora_o_kernel: false". */
static struct text culprit_words(struct resolver *resolver, const struct rule *rule)
{
	const struct facts *facts = &resolver->facts;
	struct buffer out;
	buffer_init(&out, resolver->arena, 128);
	const enum key *at = rule->at[0] != KEY_NONE ? rule->at : rule->reads;
	for (; *at != KEY_NONE; at++) {
		bool written = *at == KEY_BASE_QUANTIZATION ? base_worth_naming(facts, rule)
							    : is_set(facts, *at);
		if (!written || mentions(rule, keys[*at].name) || !worth_showing(facts, rule, *at))
			continue;
		buffer_add_string(&out, out.length > 0 ? " and " : "");
		buffer_add(&out, slot_words(resolver, *at));
	}
	return buffer_text(&out);
}

/* Words that take some work are made only for the rules that use them. */
static size_t add_special_words(
	struct resolver *resolver, const struct rule *rule, struct word *words)
{
	size_t count = 0;
	if (mentions(rule, "unquantized"))
		words[count++] =
			(struct word){ "unquantized", unquantized_words(&resolver->facts) };
	if (mentions(rule, "nearest_adapter"))
		words[count++] =
			(struct word){ "nearest_adapter", nearest_adapter_words(resolver) };
	if (mentions(rule, "canonical_base"))
		words[count++] = (struct word){ "canonical_base", canonical_base_words(resolver) };
	if (mentions(rule, "culprits"))
		words[count++] = (struct word){ "culprits", culprit_words(resolver, rule) };
	if (mentions(rule, "lookup"))
		words[count++] = (struct word){ "lookup", resolver->facts.lookup };
	return count;
}

static void raise_rule(struct resolver *resolver, const struct rule *rule)
{
	struct word words[WORDS_MAXIMUM] = { { .name = NULL } };
	struct place places[PLACES_MAXIMUM];
	size_t word_count = 0, place_count = 0;
	for (const enum key *key = rule->reads; *key != KEY_NONE; key++)
		if (mentions(rule, keys[*key].name))
			words[word_count++] =
				(struct word){ keys[*key].name, slot_words(resolver, *key) };
	word_count += add_special_words(resolver, rule, words + word_count);
	words[word_count] = (struct word){ .name = NULL };
	const enum key *at = rule->at[0] != KEY_NONE ? rule->at : rule->reads;
	for (; *at != KEY_NONE; at++) {
		if (*at == KEY_BASE_QUANTIZATION)
			place_count = add_base_places(resolver, places, place_count);
		else if (worth_showing(&resolver->facts, rule, *at))
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
