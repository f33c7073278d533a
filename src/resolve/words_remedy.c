/* A remedy that would only lead to another finding is none: it depends on what else stands in the config. */
#include "resolve/words_remedy.h"

#include "resolve/fix.h"

#define THREE_KERNELS "lora_mlp_kernel, lora_qkv_kernel and lora_o_kernel"

static bool asks_by_block(const struct facts *facts)
{
	return base_decisive(&facts->base) != &facts->base.flags;
}

/* QLoRA asks for its base, too, so that lora alone would lose it. */
static struct text qlora_meant_words(struct resolver *resolver)
{
	const struct facts *facts = &resolver->facts;
	bool clashes = adapter_clashes(resolver, "qlora");
	if (resolver->request->target == TARGET_RELEASED && !clashes)
		return TEXT("`adapter: qlora`");
	if (asks_by_block(facts) || is_true(facts, KEY_GPTQ))
		return clashes ? TEXT("`adapter: lora`")
			       : TEXT("`adapter: qlora`, or better `adapter: lora`");
	if (clashes)
		return TEXT("`adapter: lora` and name the base that is meant in "
			    "`model_quantization_config`");
	const struct facts tried = dialect_with_adapter(facts, "qlora");
	return arena_printf(resolver->arena,
		"`adapter: qlora`, or `adapter: lora` with `model_quantization_config: {%s: "
		"{weight_dtype: %s}}`",
		backends[tried.base.backend].name, dtype_names[tried.base.dtype]);
}

struct text adapter_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const char *meant = adapter_meant(&resolver->facts);
	if (meant && text_is(text_of(meant), "qlora"))
		return qlora_meant_words(resolver);
	return arena_printf(resolver->arena, "`adapter: %s`", meant ? meant : "lora");
}

/* The kernels are no remedy beside trust_remote_code, and come by themselves where nothing else keeps them off. */
struct text kernels_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	static const enum key mentions[] = { KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL,
		KEY_LORA_O_KERNEL, KEY_LORA_EMBEDDING_KERNEL, KEY_RL };
	const struct facts *facts = &resolver->facts;
	bool mentioned = false;
	for (size_t i = 0; i < sizeof(mentions) / sizeof(mentions[0]); i++)
		mentioned |= is_set(facts, mentions[i]);
	if (!is_true(facts, KEY_TRUST_REMOTE_CODE))
		return TEXT("Set " THREE_KERNELS " to true");
	return mentioned ? TEXT("Remove trust_remote_code and set " THREE_KERNELS " to true")
			 : TEXT("Remove trust_remote_code");
}

/* A block of mxfp4 or fp8 takes the arguments; beside any other base it would be a second one. */
struct text kwargs_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct facts *facts = &resolver->facts;
	if (base_is_class(facts))
		return arena_printf(resolver->arena,
			"Move the arguments to config_kwargs of %s in model_quantization_config, "
			"or remove the key",
			backends[facts->base.backend].name);
	bool other = base_decisive(&facts->base)->dialect != DIALECT_NONE ||
		     facts->faulty[KEY_BASE_QUANTIZATION] || is_true(facts, KEY_GPTQ);
	return other ? TEXT("Remove the key")
		     : TEXT("Move the arguments to config_kwargs of mxfp4 or fp8 in "
			    "model_quantization_config, or remove the key");
}

static bool gptq_alone(const struct facts *facts)
{
	return is_true(facts, KEY_GPTQ) && facts->base.dialect == DIALECT_NONE;
}

struct text base_or_gptq_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	if (gptq_alone(&resolver->facts))
		return TEXT("gptq: true");
	return base_words(resolver->arena, &resolver->facts);
}

struct text bnb_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	if (is_true(&resolver->facts, KEY_GPTQ))
		return TEXT("");
	return TEXT(", or ask for `model_quantization_config: {bnb: {weight_dtype: nf4}}`");
}
