/* load_in_4bit, load_in_8bit and adapter: qlora against each other and against the structured form. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define BNB_NF4 "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n"

static bool both_flags_on(const struct facts *f)
{
	return is_true(f, KEY_LOAD_IN_4BIT) && is_true(f, KEY_LOAD_IN_8BIT) &&
	       f->base.dialect == DIALECT_FLAGS;
}

static bool any_flag_on(const struct facts *f)
{
	return is_true(f, KEY_LOAD_IN_4BIT) || is_true(f, KEY_LOAD_IN_8BIT);
}

static bool switched_off_4bit(const struct facts *f)
{
	return is_false(f, KEY_LOAD_IN_4BIT) && !merging(f);
}

static bool qlora_lacks_4bit(const struct facts *f)
{
	if (!says(f, KEY_ADAPTER, "qlora"))
		return false;
	if (f->base.dialect != DIALECT_FLAGS)
		return !base_is_4bit(f) || (switched_off_4bit(f) && !base_is(f, BACKEND_BNB));
	bool only_8bit = is_true(f, KEY_LOAD_IN_8BIT) && !is_true(f, KEY_LOAD_IN_4BIT);
	return (only_8bit && !merging(f)) || switched_off_4bit(f);
}

static bool bnb_flags_contradict(const struct facts *f)
{
	if (!block_is(f, BACKEND_BNB))
		return false;
	bool nf4 = base_has_dtype(f, DTYPE_NF4);
	enum key own = nf4 ? KEY_LOAD_IN_4BIT : KEY_LOAD_IN_8BIT;
	enum key other = nf4 ? KEY_LOAD_IN_8BIT : KEY_LOAD_IN_4BIT;
	return is_true(f, other) || (is_false(f, own) && !merging(f));
}

static bool torchao_meets_flags(const struct facts *f)
{
	return block_is(f, BACKEND_TORCHAO) && any_flag_on(f);
}

static bool class_meets_flags(const struct facts *f)
{
	return (base_is(f, BACKEND_MXFP4) || base_is(f, BACKEND_FP8)) && any_flag_on(f);
}

static const struct rule rows[] = {
	{
		.id = "both-bit-flags",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_BASE_QUANTIZATION },
		.at = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT },
		.broken = both_flags_on,
		.summary = "load_in_4bit and load_in_8bit are both true.",
		.message =
			"{load_in_4bit} and {load_in_8bit} ask for two base quantizations at once.",
		.remedy =
			"Keep one, best as model_quantization_config: {bnb: {weight_dtype: nf4}} for 4 bits or int8 for 8.",
		.why = "A weight is stored in one width; BitsAndBytesConfig refuses both, and generations of Axolotl differ "
		       "in which one wins.",
		.bad = "adapter: lora\nload_in_4bit: true\nload_in_8bit: true\n",
		.good = "adapter: lora\nload_in_4bit: false\nload_in_8bit: true\n",
	},
	{
		.id = "qlora-not-4bit",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_BASE_QUANTIZATION, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
			KEY_MERGE_LORA },
		.at = { KEY_ADAPTER, KEY_BASE_QUANTIZATION, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT },
		.broken = qlora_lacks_4bit,
		.summary = "adapter: qlora over a base that is not 4-bit.",
		.message =
			"{adapter} means LoRA over a 4-bit base, and the config asks for something else: {culprits}.",
		.remedy =
			"Write `adapter: lora` and name the base that is meant in model_quantization_config.",
		.why = "QLoRA is LoRA over a 4-bit base; with another base the name contradicts the weights.",
		.bad = "adapter: qlora\nload_in_8bit: true\n",
		.good = "adapter: qlora\nload_in_4bit: true\nload_in_8bit: false\n",
	},
	{
		.id = "flags-contradict-bnb",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
			KEY_MERGE_LORA },
		.at = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_BASE_QUANTIZATION },
		.broken = bnb_flags_contradict,
		.summary = "A structured bnb base and flags that say otherwise.",
		.message = "{base} is contradicted by {culprits}.",
		.remedy = "Remove load_in_4bit and load_in_8bit; the block says it all.",
		.why = "The block sets the flags by itself; a flag that disagrees is a leftover that would win in some "
		       "generations of Axolotl.",
		.bad = BNB_NF4 "load_in_8bit: true\n",
		.good = BNB_NF4 "load_in_4bit: true\n",
		.fix = { .kind = FIX_REMOVE_SET, .keys = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT } },
	},
	{
		.id = "flags-with-torchao",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_flags,
		.summary = "load_in_4bit or load_in_8bit beside torchao.",
		.message =
			"{base} cannot be combined with {culprits}: the flag belongs to bitsandbytes.",
		.remedy = "Remove load_in_4bit and load_in_8bit, or select bnb instead of torchao.",
		.why = "The two flags belong to bitsandbytes alone; one base cannot be quantized by two libraries.",
		.bad = "adapter: lora\nload_in_8bit: true\nmodel_quantization_config:\n  torchao:\n    weight_dtype: int8\n",
		.good = "adapter: lora\nload_in_8bit: false\nmodel_quantization_config:\n  torchao:\n    weight_dtype: "
			"int8\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT } },
	},
	{
		.id = "flags-with-quant-class",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_BASE_QUANTIZATION },
		.broken = class_meets_flags,
		.summary = "load_in_4bit or load_in_8bit beside mxfp4 or fp8.",
		.message =
			"{base} cannot be combined with {culprits}: the flag belongs to bitsandbytes.",
		.remedy =
			"Remove load_in_4bit and load_in_8bit, or remove model_quantization_config.",
		.why = "Both say how the base weights are stored while loading, and only one can be.",
		.bad = "adapter: lora\nload_in_4bit: true\nmodel_quantization_config: Mxfp4Config\n",
		.good = "adapter: lora\nload_in_4bit: false\nmodel_quantization_config: Mxfp4Config\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT } },
	},
};

RULE_FAMILY(rules_flags, rows);
