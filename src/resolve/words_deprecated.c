/* What to write in place of an older spelling, which depends on what else asks for the base. */
#include "resolve/words_deprecated.h"

#include "base/buffer.h"

/* It does say which base it means, whatever else is wrong with it. */
static bool names_base(const struct base_spelling *spelling)
{
	return spelling->backend != BACKEND_NONE &&
	       installed_find(spelling->backend, spelling->dtype);
}

/* `model_quantization_config: {bnb: {weight_dtype: nf4}}`, as the canonical form would have it. */
struct text canonical_base_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct base_quantization *base = &resolver->facts.base;
	bool kwargs = base->structured.config_kwargs != NULL;
	struct buffer out;
	buffer_init(&out, resolver->arena, 64);
	buffer_printf(&out, "model_quantization_config: {%s: {", backends[base->backend].name);
	if (base->dtype)
		buffer_printf(&out, "weight_dtype: %s", dtype_names[base->dtype]);
	else if (kwargs)
		buffer_add_string(&out, "config_kwargs: …");
	if (base->dialect != DIALECT_NONE && base->group_size_set)
		buffer_printf(&out, ", group_size: %lld", (long long)base->group_size);
	buffer_add_string(&out, "}}");
	return buffer_text(&out);
}

enum replacement {
	REPLACED_BY_BLOCK,  /* that the spelling means */
	REPLACED_BY_CHOICE, /* what it means is for the user to say: an error tells why */
	REPLACED_ALREADY,   /* a block names the base */
	REPLACED_BY_GPTQ,   /* the checkpoint's weights are loaded as they are */
};

static enum replacement replacement_of(const struct resolver *resolver, enum key key)
{
	const struct facts *facts = &resolver->facts;
	const struct base_quantization *base = &facts->base;
	bool both = is_true(facts, KEY_LOAD_IN_4BIT) && is_true(facts, KEY_LOAD_IN_8BIT);
	bool other = says(facts, KEY_ADAPTER, "qlora") && is_true(facts, KEY_LOAD_IN_8BIT);
	const struct base_spelling *spelling = base_decisive(base);
	if (spelling != &base->flags)
		return names_base(spelling) ? REPLACED_ALREADY : REPLACED_BY_CHOICE;
	if (is_true(facts, KEY_GPTQ))
		return REPLACED_BY_GPTQ;
	bool unknown = (facts->faulty[KEY_NF4_BACKEND] || nf4_backend_waits(facts)) &&
		       key != KEY_LOAD_IN_8BIT;
	return both || other || unknown ? REPLACED_BY_CHOICE : REPLACED_BY_BLOCK;
}

/* Released Axolotl compares the adapter's name with qlora before it looks at load_in_4bit. */
struct text unquantized_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct facts *facts = &resolver->facts;
	if (!says(facts, KEY_ADAPTER, "lora") || !is_true(facts, KEY_LOAD_IN_4BIT) ||
		replacement_of(resolver, KEY_LOAD_IN_4BIT) != REPLACED_BY_BLOCK)
		return TEXT("");
	return TEXT(
		"; beside adapter: lora no branch of the released loader (0.18 to 0.20) matches it, "
		"so that the base silently stays unquantized there");
}

/* The older spelling is a switch: the key is read first of all. */
struct text flag_instead_words(struct resolver *resolver, const struct rule *rule)
{
	bool peft = resolver->facts.base.structured.dialect == DIALECT_NONE;
	switch (replacement_of(resolver, rule->reads[0])) {
	case REPLACED_ALREADY:
		return peft ? TEXT("peft names the base already")
			    : TEXT("model_quantization_config names the base already");
	case REPLACED_BY_GPTQ:
		return TEXT("beside gptq: true it has no effect");
	case REPLACED_BY_CHOICE:
		return TEXT("model_quantization_config names the base instead");
	default:
		return arena_printf(resolver->arena, "it is `%.*s`",
			TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
	}
}

struct text flag_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	switch (replacement_of(resolver, rule->reads[0])) {
	case REPLACED_ALREADY:
	case REPLACED_BY_GPTQ:
		return arena_printf(resolver->arena, "Remove %s", keys[rule->reads[0]].name);
	case REPLACED_BY_CHOICE:
		return TEXT("Name the base that is meant in `model_quantization_config`, with "
			    "`adapter: lora`");
	default:
		return arena_printf(resolver->arena, "Write `%.*s` with `adapter: lora`",
			TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
	}
}

struct text qlora_instead_words(struct resolver *resolver, const struct rule *rule)
{
	switch (replacement_of(resolver, KEY_ADAPTER)) {
	case REPLACED_ALREADY:
	case REPLACED_BY_GPTQ:
		return TEXT("");
	case REPLACED_BY_CHOICE:
		return TEXT(" with a base that `model_quantization_config` names");
	default:
		return arena_printf(resolver->arena, " with `%.*s`",
			TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
	}
}

struct text qlora_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	switch (replacement_of(resolver, KEY_ADAPTER)) {
	case REPLACED_ALREADY:
	case REPLACED_BY_GPTQ:
		return TEXT("");
	case REPLACED_BY_CHOICE:
		return TEXT(" and name the base that is meant in `model_quantization_config`");
	default:
		return arena_printf(resolver->arena, " and `%.*s`",
			TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
	}
}

/* "peft with backend: torchao and weight_dtype: int8" */
struct text peft_keys_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	static const enum key asking[] = { KEY_PEFT_BACKEND, KEY_PEFT_WEIGHT_DTYPE,
		KEY_PEFT_GROUP_SIZE };
	const struct facts *facts = &resolver->facts;
	struct buffer out;
	buffer_init(&out, resolver->arena, 64);
	buffer_add_string(&out, keys[KEY_PEFT].name);
	const char *joint = " with ";
	for (size_t i = 0; i < 3; i++) {
		if (!is_set(facts, asking[i]))
			continue;
		const struct setting *setting = &facts->settings[asking[i]];
		buffer_printf(&out, "%s%s: %.*s", joint, keys[asking[i]].name,
			TEXT_ARGUMENTS(value_words(resolver->arena, setting->value)));
		joint = " and ";
	}
	return buffer_text(&out);
}

struct text peft_instead_words(struct resolver *resolver, const struct rule *rule)
{
	const struct base_quantization *base = &resolver->facts.base;
	if (!names_base(base_decisive(base)))
		return TEXT("model_quantization_config replaces it");
	if (base->structured.dialect != DIALECT_NONE)
		return TEXT("model_quantization_config names the base already");
	return arena_printf(resolver->arena, "it is `%.*s`",
		TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
}

struct text peft_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	const struct base_quantization *base = &resolver->facts.base;
	if (!names_base(base_decisive(base)))
		return TEXT("Name the base that is meant in `model_quantization_config`, and "
			    "remove");
	if (base->structured.dialect != DIALECT_NONE)
		return TEXT("Remove");
	return arena_printf(resolver->arena, "Write `%.*s` and remove",
		TEXT_ARGUMENTS(canonical_base_words(resolver, rule)));
}
