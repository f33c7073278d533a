/* quantize_moe_experts: the fused expert tensors of a mixture-of-experts model. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define EXPERTS                                                                                    \
	"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\nquantize_moe_experts: true\n"

static bool experts_without_bnb(const struct facts *f)
{
	bool bnb = base_is(f, BACKEND_BNB) && !merge_drops_base(f);
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && !bnb && !base_is(f, BACKEND_TORCHAO);
}

static bool experts_without_lora(const struct facts *f)
{
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && !adapter_is_lora(f);
}

static bool experts_meet_target_linear(const struct facts *f)
{
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && is_true(f, KEY_LORA_TARGET_LINEAR);
}

static bool is_zero(struct text digits)
{
	for (size_t i = 0; i < digits.length; i++) {
		char digit = digits.data[i];
		if (digit == 'e' || digit == 'E')
			return true;
		if (digit >= '1' && digit <= '9')
			return false;
	}
	return true;
}

static bool parameters_meet_dropout(const struct facts *f)
{
	return nonempty(f, KEY_LORA_TARGET_PARAMETERS) && is_set(f, KEY_LORA_DROPOUT) &&
	       !is_zero(f->settings[KEY_LORA_DROPOUT].text);
}

static const struct rule rows[] = {
	{
		.id = "moe-experts-base",
		.stage = STAGE_VALIDATION,
		.severity = { SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_ERROR },
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_BASE_QUANTIZATION, KEY_MERGE_LORA,
			KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT },
		.at = { KEY_QUANTIZE_MOE_EXPERTS, KEY_BASE_QUANTIZATION },
		.broken = experts_without_bnb,
		.summary = "quantize_moe_experts without a bnb base.",
		.message =
			"{quantize_moe_experts} stands beside {base}: the documentation gives this as the recipe for MXFP4 "
			"experts beside a bf16 rest, and released validators refuse it without a 4- or 8-bit bnb base.",
		.remedy =
			"For a released Axolotl add `model_quantization_config: {bnb: {weight_dtype: nf4}}` or int8; else "
			"make sure that your generation takes the recipe.",
		.why = "Released loaders quantize the experts with whichever bitsandbytes width is on.",
		.bad = "adapter: lora\nquantize_moe_experts: true\n",
		.good = EXPERTS,
	},
	{
		.id = "moe-experts-adapter",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_ADAPTER },
		.broken = experts_without_lora,
		.summary = "quantize_moe_experts without lora or qlora.",
		.message =
			"{quantize_moe_experts} freezes the experts, and needs adapter: lora to train over them: here "
			"stands {adapter}.",
		.remedy = "Set `adapter: lora`, or remove quantize_moe_experts.",
		.why = "Axolotl refuses quantized experts under any other adapter.",
		.bad = "quantize_moe_experts: true\n",
		.good = EXPERTS,
	},
	{
		.id = "moe-experts-target-linear",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_LORA_TARGET_LINEAR },
		.broken = experts_meet_target_linear,
		.summary = "quantize_moe_experts with lora_target_linear.",
		.message = "{quantize_moe_experts} cannot be combined with {lora_target_linear}.",
		.remedy =
			"Name attention layers in lora_target_modules and experts in lora_target_parameters instead.",
		.why = "Fused experts are parameters, not linear modules; targeting every linear layer misses them or fails.",
		.bad = EXPERTS "lora_target_linear: true\n",
		.good = EXPERTS
		"lora_target_parameters: [mlp.experts.gate_up_proj, mlp.experts.down_proj]\n",
	},
	{
		.id = "target-parameters-dropout",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LORA_TARGET_PARAMETERS, KEY_LORA_DROPOUT },
		.at = { KEY_LORA_DROPOUT, KEY_LORA_TARGET_PARAMETERS },
		.broken = parameters_meet_dropout,
		.summary = "lora_target_parameters with dropout.",
		.message = "lora_target_parameters cannot be combined with {lora_dropout}.",
		.remedy = "Set `lora_dropout: 0`.",
		.why = "LoRA on a parameter has no module whose input could be dropped.",
		.bad = "adapter: lora\nlora_target_parameters: [mlp.experts.down_proj]\nlora_dropout: 0.05\n",
		.good = "adapter: lora\nlora_target_parameters: [mlp.experts.down_proj]\nlora_dropout: 0.0\n",
		.fix = { .kind = FIX_SET, .keys = { KEY_LORA_DROPOUT }, .value = "0" },
	},
};

RULE_FAMILY(rules_experts, rows);
