/* The words for people: what stands in a config, as messages show it. */
#include "resolve/fix.h"
#include "resolve/words_checkpoint.h"
#include "resolve/words_deprecated.h"
#include "resolve/words_remedy.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "source/scalar.h"

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
	const char *rest;
	struct text shown = utf8_shortened(
		value->written.length > 0 ? value->written : value->text, VALUE_SHOWN, &rest);
	const char *quote = value->quoted ? "\"" : "";
	const char *kind = scalar_is_date(value) ? " (a date)" : "";
	return arena_printf(arena, "%s%.*s%s%s%s", quote, TEXT_ARGUMENTS(shown), rest, quote, kind);
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
		if (checkpoint->stored_as)
			return arena_printf(resolver->arena,
				"%s by its tensors (no block declares it)", checkpoint->stored_as);
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

bool rule_shows(const struct facts *facts, const struct rule *rule, enum key key)
{
	return rule->at[0] != KEY_NONE || keys[key].type != KEY_TYPE_BOOLEAN || is_true(facts, key);
}

static struct text nearest_adapter_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const char *nearest = adapter_meant(&resolver->facts);
	return nearest ? arena_printf(resolver->arena, "; %s was probably meant", nearest)
		       : TEXT("");
}

static bool mentions(const struct rule *rule, const char *word)
{
	const struct text templates[] = { text_of(rule->message), text_of(rule->remedy) };
	for (size_t i = 0; i < 2; i++) {
		struct text rest = templates[i], before, name;
		while (placeholder_next(&rest, &before, &name))
			if (text_is(name, word))
				return true;
	}
	return false;
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
		if (!written || mentions(rule, keys[*at].name) || !rule_shows(facts, rule, *at))
			continue;
		buffer_add_string(&out, out.length > 0 ? " and " : "");
		buffer_add(&out, slot_words(resolver, *at));
	}
	return buffer_text(&out);
}

static struct text lookup_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.lookup;
}

static struct text ignored_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.ignored;
}

static struct text dropped_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.dropped;
}

static struct text kwargs_refused_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.kwargs_refused;
}

static struct text kwargs_misread_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.kwargs_misread;
}

static struct text kwargs_unknown_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.kwargs_unknown;
}

/* "bnb_config_kwargs.llm_int8_skip_modules" */
static struct text skip_list_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct facts *facts = &resolver->facts;
	return arena_printf(resolver->arena, "%s.%.*s",
		base_is(facts, BACKEND_BNB) ? "bnb_config_kwargs" : "config_kwargs",
		TEXT_ARGUMENTS(facts->skips.name));
}

static struct text skips_refused_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.skips.refused;
}

static struct text skips_idle_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return resolver->facts.skips.idle;
}

/* What a released Axolotl cannot have beside nf4 of torchao. */
static struct text obstacle_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct facts *facts = &resolver->facts;
	static const enum key obstacles[] = { KEY_PEFT_USE_DORA, KEY_LORA_MODULES_TO_SAVE,
		KEY_DEEPSPEED };
	struct buffer out;
	buffer_init(&out, resolver->arena, 64);
	if (!base_has_dtype(facts, DTYPE_NF4))
		return TEXT("");
	if (facts->base.group_size_set)
		buffer_printf(&out, " with group_size: %lld", (long long)facts->base.group_size);
	for (size_t i = 0; i < 3; i++) {
		enum key key = obstacles[i];
		bool stands = key == KEY_PEFT_USE_DORA ? is_true(facts, key) : nonempty(facts, key);
		if (stands)
			buffer_printf(&out, " %s %.*s", out.length > 0 ? "and" : "beside",
				TEXT_ARGUMENTS(slot_words(resolver, key)));
	}
	return buffer_text(&out);
}

static struct text cure_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct facts *facts = &resolver->facts;
	bool group = base_has_dtype(facts, DTYPE_NF4) && facts->base.group_size_set;
	return group ? TEXT("remove group_size (nf4 has blocks of 64 without it), or ") : TEXT("");
}

/* The words that are no slot's. */
static const struct {
	const char *name;
	struct text (*make)(struct resolver *resolver, const struct rule *rule);
} special_words[] = {
	{ "unquantized", unquantized_words },
	{ "nearest_adapter", nearest_adapter_words },
	{ "canonical_base", canonical_base_words },
	{ "flag_instead", flag_instead_words },
	{ "flag_remedy", flag_remedy_words },
	{ "qlora_instead", qlora_instead_words },
	{ "qlora_remedy", qlora_remedy_words },
	{ "peft_keys", peft_keys_words },
	{ "peft_instead", peft_instead_words },
	{ "peft_remedy", peft_remedy_words },
	{ "adapter_remedy", adapter_remedy_words },
	{ "kernels_remedy", kernels_remedy_words },
	{ "kwargs_remedy", kwargs_remedy_words },
	{ "base_or_gptq", base_or_gptq_words },
	{ "bnb_remedy", bnb_remedy_words },
	{ "obstacles", obstacle_words },
	{ "cure", cure_words },
	{ "culprits", culprit_words },
	{ "lookup", lookup_words },
	{ "ignored", ignored_words },
	{ "dropped", dropped_words },
	{ "kwargs_refused", kwargs_refused_words },
	{ "kwargs_misread", kwargs_misread_words },
	{ "kwargs_unknown", kwargs_unknown_words },
	{ "skip_list", skip_list_words },
	{ "skips_refused", skips_refused_words },
	{ "skips_idle", skips_idle_words },
	{ "excluded", excluded_words },
	{ "record", record_words },
	{ "handed_class", handed_class_words },
	{ "read_class", read_class_words },
	{ "fused_experts", fused_experts_words },
	{ "passed_modules", passed_modules_words },
	{ "dequantizing", dequantizing_words },
	{ "forwarding", forwarding_words },
	{ "expert_recipe", expert_recipe_words },
	{ "retreat", retreat_words },
	{ "training_recipe", training_recipe_words },
	{ "training_advice", training_advice_words },
	{ "misfit_modules", misfit_modules_words },
	{ "shape_taken", shape_taken_words },
	{ "shape_remedy", shape_remedy_words },
};

static struct word make_word(struct resolver *resolver, const struct rule *rule, struct text name)
{
	for (const enum key *key = rule->reads; *key != KEY_NONE; key++)
		if (text_is(name, keys[*key].name))
			return (struct word){ keys[*key].name, slot_words(resolver, *key) };
	for (size_t i = 0; i < sizeof(special_words) / sizeof(special_words[0]); i++)
		if (text_is(name, special_words[i].name))
			return (struct word){ special_words[i].name,
				special_words[i].make(resolver, rule) };
	return (struct word){ .name = NULL };
}

static bool has_word(const struct word *words, struct text name)
{
	while (words->name && !text_is(name, words->name))
		words++;
	return words->name;
}

/* One for each placeholder of the rule's texts; a NULL name ends them. */
void rule_words(struct resolver *resolver, const struct rule *rule, struct word *words)
{
	const struct text templates[] = { text_of(rule->message), text_of(rule->remedy) };
	size_t count = 0;
	words[0] = (struct word){ .name = NULL };
	for (size_t i = 0; i < 2; i++) {
		struct text rest = templates[i], before, name;
		while (count < RULE_WORDS_MAXIMUM && placeholder_next(&rest, &before, &name)) {
			if (has_word(words, name))
				continue;
			words[count] = make_word(resolver, rule, name);
			count += words[count].name != NULL;
			words[count] = (struct word){ .name = NULL };
		}
	}
}
