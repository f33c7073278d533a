/* torchao covers every linear layer with one scheme: what it cannot be combined with. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define TORCHAO(dtype)                                                                             \
	"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: " dtype "\n"
#define ONE_SCHEME                                                                                 \
	"torchao installs one scheme over every linear layer and composes with no other mechanism."

static bool torchao_meets_gptq(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && is_true(f, KEY_GPTQ);
}

static bool torchao_meets_moe_experts(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && is_true(f, KEY_QUANTIZE_MOE_EXPERTS);
}

static bool torchao_meets_qat(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && nonempty(f, KEY_QAT);
}

static bool torchao_meets_fp8(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && is_true(f, KEY_FP8);
}

static bool torchao_meets_relora(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && is_true(f, KEY_RELORA);
}

static bool int4_training(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && base_has_dtype(f, DTYPE_INT4) && training(f);
}

static bool kernels_mentioned(const struct facts *f)
{
	return is_set(f, KEY_LORA_MLP_KERNEL) || is_set(f, KEY_LORA_QKV_KERNEL) ||
	       is_set(f, KEY_LORA_O_KERNEL) || is_set(f, KEY_LORA_EMBEDDING_KERNEL);
}

static bool kernels_all_on(const struct facts *f)
{
	return is_true(f, KEY_LORA_MLP_KERNEL) && is_true(f, KEY_LORA_QKV_KERNEL) &&
	       is_true(f, KEY_LORA_O_KERNEL);
}

/* Axolotl switches the kernels on by itself when none is mentioned and nothing keeps it from doing so. */
static bool kernels_automatic(const struct facts *f)
{
	return !kernels_mentioned(f) && !nonempty(f, KEY_RL) && !is_true(f, KEY_TRUST_REMOTE_CODE);
}

static bool int4_lacks_kernels(const struct facts *f)
{
	return int4_training(f) && !kernels_all_on(f) && !kernels_automatic(f);
}

static bool int4_awaits_kernels(const struct facts *f)
{
	return int4_training(f) && !kernels_all_on(f) && kernels_automatic(f);
}

static bool nf4_with_dora(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && base_has_dtype(f, DTYPE_NF4) &&
	       is_true(f, KEY_PEFT_USE_DORA);
}

static const struct rule rows[] = {
	{
		.id = "torchao-with-gptq",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_GPTQ, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_gptq,
		.summary = "torchao with gptq: true.",
		.message = "{gptq} and {base} both claim the base weights.",
		.remedy =
			"Remove gptq to quantize an unquantized checkpoint with torchao, or remove the torchao block to "
			"train on the GPTQ checkpoint as it is.",
		.why = ONE_SCHEME,
		.bad = TORCHAO("int8") "gptq: true\n",
		.good = TORCHAO("int8") "gptq: false\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_GPTQ } },
	},
	{
		.id = "torchao-with-moe-experts",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_moe_experts,
		.summary = "torchao with quantize_moe_experts: true.",
		.message = "{quantize_moe_experts} and {base} would both quantize the experts.",
		.remedy =
			"Remove the torchao block for MXFP4 experts beside a bf16 rest, or remove quantize_moe_experts.",
		.why = ONE_SCHEME,
		.bad = TORCHAO("int8") "quantize_moe_experts: true\n",
		.good = TORCHAO("int8") "quantize_moe_experts: false\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_QUANTIZE_MOE_EXPERTS } },
	},
	{
		.id = "torchao-with-qat",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QAT, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_qat,
		.summary = "torchao with qat.",
		.message =
			"The qat block fakes quantization of full-precision weights, and {base} stores them quantized.",
		.remedy =
			"Remove qat or the torchao block. A `quantization:` block, which axolotl quantize reads, may stay.",
		.why = ONE_SCHEME,
		.bad = TORCHAO("int8") "qat:\n  weight_dtype: int8\n",
		.good = TORCHAO("int8") "quantization:\n  weight_dtype: int8\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_QAT } },
	},
	{
		.id = "torchao-with-fp8",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_FP8, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_fp8,
		.summary = "torchao with fp8: true.",
		.message =
			"{fp8} converts the linear layers to fp8 training, and {base} has replaced their weights.",
		.remedy = "Remove fp8; for an fp8 base write `torchao: {weight_dtype: fp8}`.",
		.why = ONE_SCHEME,
		.bad = TORCHAO("int8") "fp8: true\n",
		.good = TORCHAO("fp8") "fp8: false\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_FP8 } },
	},
	{
		.id = "torchao-with-relora",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_RELORA, KEY_BASE_QUANTIZATION },
		.broken = torchao_meets_relora,
		.summary = "torchao with relora: true.",
		.message =
			"{relora} merges into the base at every restart, and {base} cannot be merged into.",
		.remedy = "Remove relora, or select bnb instead of torchao.",
		.why = ONE_SCHEME,
		.bad = TORCHAO("int8") "relora: true\n",
		.good = TORCHAO("int8") "relora: false\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_RELORA } },
	},
	{
		.id = "torchao-int4-kernels",
		.stage = STAGE_VALIDATION,
		.severity = EXCEPT_FLAT(SEVERITY_WARNING, SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL,
			KEY_LORA_O_KERNEL, KEY_LORA_EMBEDDING_KERNEL, KEY_RL, KEY_TRUST_REMOTE_CODE,
			KEY_INFERENCE, KEY_MERGE_LORA },
		.at = { KEY_BASE_QUANTIZATION, KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL,
			KEY_LORA_O_KERNEL, KEY_LORA_EMBEDDING_KERNEL, KEY_RL,
			KEY_TRUST_REMOTE_CODE },
		.broken = int4_lacks_kernels,
		.summary =
			"torchao int4 for training while the three LoRA kernels will not all be on.",
		.message =
			"{base} trains only through the LoRA kernels, and they will not all be on: {culprits}.",
		.remedy = "{kernels_remedy}, or choose another weight_dtype.",
		.advice =
			"Set lora_mlp_kernel, lora_qkv_kernel and lora_o_kernel to true, without trust_remote_code, or choose "
			"another weight_dtype.",
		.why = "torchao's int4 tensors have no autograd; the kernels dequantize them by hand. Axolotl enables the "
		       "kernels by itself only when none is mentioned and neither rl nor trust_remote_code is set.",
		.bad = TORCHAO("int4") "lora_mlp_kernel: false\n",
		.good = TORCHAO(
			"int4") "lora_mlp_kernel: true\nlora_qkv_kernel: true\nlora_o_kernel: true\n",
	},
	{
		.id = "torchao-int4-kernels-auto",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_BASE_QUANTIZATION, KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL,
			KEY_LORA_O_KERNEL, KEY_LORA_EMBEDDING_KERNEL, KEY_RL, KEY_TRUST_REMOTE_CODE,
			KEY_INFERENCE, KEY_MERGE_LORA },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = int4_awaits_kernels,
		.summary = "torchao int4 for training, kernels not mentioned.",
		.message =
			"{base} trains only through the LoRA kernels; none is mentioned, so that Axolotl enables them on a "
			"GPU.",
		.remedy =
			"Nothing need be done; set the three kernels to true to be independent of the automatism.",
		.why = "torchao's int4 tensors have no autograd; the kernels dequantize them by hand.",
		.bad = TORCHAO("int4"),
		.good = TORCHAO("int8"),
	},
	{
		.id = "torchao-nf4-dora",
		.stage = STAGE_VALIDATION,
		.severity = EXCEPT_FLAT(SEVERITY_WARNING, SEVERITY_ERROR),
		.reads = { KEY_PEFT_USE_DORA, KEY_BASE_QUANTIZATION },
		.broken = nf4_with_dora,
		.summary = "torchao nf4 with DoRA.",
		.message =
			"{peft_use_dora} over {base} is documented to work, and later findings say that creating the "
			"adapter fails.",
		.remedy = "Try it before queueing; bnb nf4 and torchao's other dtypes take DoRA.",
		.why = "DoRA needs the norm of the base weights when the adapter is made, and NF4 tensors are not "
		       "dequantized there.",
		.bad = TORCHAO("nf4") "peft_use_dora: true\n",
		.good = TORCHAO("int8") "peft_use_dora: true\n",
	},
};

RULE_FAMILY(rules_torchao, rows);
