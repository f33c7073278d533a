/* axolotl merge-lora, and what a target cannot say. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define TORCHAO(dtype)                                                                             \
	"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: " dtype "\n"

static bool torchao_merges_fast(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && merging(f) && !says(f, KEY_MERGE_METHOD, "legacy");
}

static bool merges_into_quantized(const struct facts *f)
{
	if (!merging(f))
		return false;
	bool gptq = is_true(f, KEY_GPTQ) && !says(f, KEY_ADAPTER, "qlora");
	return gptq || (base_is(f, BACKEND_BNB) && !merge_drops_base(f));
}

/* Axolotl 0.20 stages NF4 of torchao for plain LoRA alone. */
static bool staged_nf4_blocked(const struct facts *f)
{
	return is_true(f, KEY_PEFT_USE_DORA) || nonempty(f, KEY_LORA_MODULES_TO_SAVE) ||
	       nonempty(f, KEY_DEEPSPEED);
}

static bool released_cannot_say(const struct facts *f)
{
	if (!base_is(f, BACKEND_TORCHAO) || base_has_dtype(f, DTYPE_MXFP4))
		return false;
	return !base_has_dtype(f, DTYPE_NF4) || f->base.group_size_set || staged_nf4_blocked(f);
}

static bool released_says_staged(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && base_has_dtype(f, DTYPE_NF4) &&
	       !released_cannot_say(f);
}

static const struct rule rows[] = {
	{
		.id = "torchao-merge-method",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_MERGE_LORA, KEY_MERGE_METHOD, KEY_BASE_QUANTIZATION },
		.broken = torchao_merges_fast,
		.summary = "Merging over torchao by another method than legacy.",
		.message =
			"Merging over {base} needs merge_method: legacy, and here stands {merge_method}; the default is "
			"memory_efficient.",
		.remedy = "Set `merge_method: legacy`.",
		.why = "The memory-efficient merger simulates bitsandbytes' NF4 and does not understand torchao's tensors.",
		.bad = TORCHAO("int8") "merge_lora: true\n",
		.good = TORCHAO("int8") "merge_lora: true\nmerge_method: legacy\n",
		.fix = { .kind = FIX_SET, .keys = { KEY_MERGE_METHOD }, .value = "legacy" },
	},
	{
		.id = "merge-into-quantized",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_MERGE_LORA, KEY_BASE_QUANTIZATION, KEY_LOAD_IN_4BIT,
			KEY_LOAD_IN_8BIT, KEY_GPTQ, KEY_ADAPTER },
		.at = { KEY_MERGE_LORA, KEY_BASE_QUANTIZATION, KEY_GPTQ },
		.broken = merges_into_quantized,
		.summary =
			"merge_lora: true over a bnb base that is not switched off, or over GPTQ.",
		.message =
			"{merge_lora} would merge the adapter into quantized weights: {culprits}.",
		.remedy =
			"Set load_in_4bit and load_in_8bit both to false, as axolotl merge-lora does (and quantize_moe_experts, "
			"where it is on), to merge into the unquantized base; a GPTQ base cannot take a merge.",
		.why = "Adding full-precision deltas to quantized weights loses them in rounding.",
		.bad = "adapter: lora\nload_in_8bit: true\nmerge_lora: true\n",
		.good = "adapter: qlora\nload_in_4bit: false\nload_in_8bit: false\nmerge_lora: true\n",
		.fix = { .kind = FIX_SET,
			.keys = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT },
			.value = "false",
			.along = KEY_QUANTIZE_MOE_EXPERTS,
			.unless = KEY_GPTQ },
	},
	{
		.id = "merge-drops-quantization",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_MERGE_LORA, KEY_BASE_QUANTIZATION, KEY_LOAD_IN_4BIT,
			KEY_LOAD_IN_8BIT },
		.at = { KEY_MERGE_LORA, KEY_BASE_QUANTIZATION },
		.broken = merge_drops_base,
		.summary = "Merging without the base quantization.",
		.message =
			"{merge_lora} with both flags false merges into the base as the checkpoint has it: {base} is left out of "
			"the result.",
		.remedy = "Nothing need be done where the checkpoint is unquantized.",
		.why = "This is what axolotl merge-lora sets; over an unquantized checkpoint the merge is done in full "
		       "precision.",
		.bad = "adapter: qlora\nload_in_4bit: false\nload_in_8bit: false\nmerge_lora: true\n",
		.good = "adapter: lora\nmerge_lora: true\n",
	},
	{
		.id = "not-expressible",
		.stage = STAGE_VALIDATION,
		.severity = { SEVERITY_NONE, SEVERITY_NONE, SEVERITY_ERROR },
		.reads = { KEY_BASE_QUANTIZATION, KEY_PEFT_USE_DORA, KEY_LORA_MODULES_TO_SAVE,
			KEY_DEEPSPEED },
		.broken = released_cannot_say,
		.summary = "Released Axolotl cannot express the base quantization.",
		.message =
			"{base}{obstacles} cannot be said to a released Axolotl (0.18 to 0.20): of torchao it knows nf4 "
			"alone, without group_size, DoRA, lora_modules_to_save and deepspeed.",
		.remedy =
			"For a released Axolotl, {cure}choose bnb nf4 or int8; else use a generation that reads "
			"model_quantization_config, and target canonical.",
		.advice =
			"For a released Axolotl, choose bnb nf4 or int8, or torchao nf4 alone; else use a generation that "
			"reads model_quantization_config, and target canonical.",
		.why = "The structured form was never released; the flags name bitsandbytes and, since 0.20, staged NF4.",
		.bad = TORCHAO("int8"),
		.good = TORCHAO("nf4"),
		.target = TARGET_RELEASED,
	},
	{
		.id = "nf4-backend-needs-0-20",
		.stage = STAGE_VALIDATION,
		.severity = { SEVERITY_NONE, SEVERITY_NONE, SEVERITY_NOTE },
		.reads = { KEY_BASE_QUANTIZATION, KEY_PEFT_USE_DORA, KEY_LORA_MODULES_TO_SAVE,
			KEY_DEEPSPEED },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = released_says_staged,
		.summary = "torchao nf4 in the released spelling needs Axolotl 0.20.",
		.message =
			"{base} is written with nf4_backend: torchao, which Axolotl reads since 0.20; earlier releases "
			"ignore the key and install bitsandbytes' NF4.",
		.remedy = "Launch with Axolotl 0.20 or later.",
		.why = "The key came with 0.20; unknown keys are ignored in silence.",
		.bad = TORCHAO("nf4"),
		.good = "adapter: qlora\nload_in_4bit: true\n",
		.target = TARGET_RELEASED,
	},
	{
		.id = "migration-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "The user's own text cannot be rewritten safely.",
		.message = "The text was not rewritten: {detail}.",
		.remedy =
			"Rewrite the entry by hand after the canonical form, which is right; anchors, aliases and merge keys are best resolved first.",
		.why = "An edit that might change what another place means is a guess, and a guess may train something else.",
		.bad = "adapter: qlora\nload_in_4bit: true\nload_in_8bit: &off false\nstrict: *off\n",
		.good = "adapter: qlora\nload_in_4bit: true\nload_in_8bit: false\nstrict: false\n",
	},
};

RULE_FAMILY(rules_merge, rows);
