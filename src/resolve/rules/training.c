/* Kernels, QAT, FSDP and reinforcement learning beside a quantized base. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define BNB(dtype)                                                                                 \
	"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: " dtype "\n"
#define MXFP4 "adapter: lora\nmodel_quantization_config:\n  mxfp4: {}\n"

static bool kernels_meet_8bit(const struct facts *f)
{
	return any_kernel(f) && base_is(f, BACKEND_BNB) && base_has_dtype(f, DTYPE_INT8);
}

static bool kernels_meet_remote_code(const struct facts *f)
{
	return any_kernel(f) && is_true(f, KEY_TRUST_REMOTE_CODE);
}

static bool qat_meets_bnb(const struct facts *f)
{
	return nonempty(f, KEY_QAT) && base_is(f, BACKEND_BNB);
}

static bool qat_meets_peft(const struct facts *f)
{
	return nonempty(f, KEY_QAT) && nonempty(f, KEY_PEFT) &&
	       f->base.peft.dialect == DIALECT_NONE;
}

static bool mxfp4_loads_on_one_rank(const struct facts *f)
{
	return base_is(f, BACKEND_MXFP4) && is_true(f, KEY_FSDP_CONFIG_RAM_LOADING);
}

static bool fsdp2_rl_meets_bnb(const struct facts *f)
{
	bool preference = says(f, KEY_RL, "dpo") || says(f, KEY_RL, "kto") ||
			  says(f, KEY_RL, "orpo") || says(f, KEY_RL, "ipo");
	return fsdp2(f) && preference && base_is(f, BACKEND_BNB);
}

static bool fsdp_keys_prefixed(const struct facts *f)
{
	if (!is_set(f, KEY_FSDP_CONFIG))
		return false;
	const struct node *config = f->settings[KEY_FSDP_CONFIG].value;
	for (uint32_t i = 0; i < config->count; i++)
		if (text_starts_with(config->members[i].key, "fsdp_") &&
			!text_is(config->members[i].key, "fsdp_version"))
			return true;
	return false;
}

static const struct rule rows[] = {
	{
		.id = "kernels-with-8bit",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL, KEY_LORA_O_KERNEL,
			KEY_BASE_QUANTIZATION },
		.broken = kernels_meet_8bit,
		.summary = "A LoRA kernel over a bnb int8 base.",
		.message = "The LoRA kernels cannot run over {base}: {culprits}.",
		.remedy = "Remove the kernels, or use a 4-bit base.",
		.why = "The fused kernels have no path for bitsandbytes' int8 weights.",
		.bad = BNB("int8") "lora_qkv_kernel: true\n",
		.good = BNB("nf4") "lora_qkv_kernel: true\n",
		.fix = { .kind = FIX_REMOVE,
			.keys = { KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL, KEY_LORA_O_KERNEL } },
	},
	{
		.id = "kernels-with-remote-code",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL, KEY_LORA_O_KERNEL,
			KEY_TRUST_REMOTE_CODE },
		.broken = kernels_meet_remote_code,
		.summary = "A LoRA kernel with trust_remote_code.",
		.message =
			"The LoRA kernels cannot be combined with {trust_remote_code}: {culprits}.",
		.remedy = "Remove the kernels, or remove trust_remote_code.",
		.why = "The kernels patch the model's source, and code from the checkpoint is not the one they know.",
		.bad = "adapter: lora\nlora_o_kernel: true\ntrust_remote_code: true\n",
		.good = "adapter: lora\nlora_o_kernel: true\ntrust_remote_code: false\n",
		.fix = { .kind = FIX_REMOVE,
			.keys = { KEY_LORA_MLP_KERNEL, KEY_LORA_QKV_KERNEL, KEY_LORA_O_KERNEL } },
	},
	{
		.id = "qat-with-bnb",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QAT, KEY_BASE_QUANTIZATION },
		.broken = qat_meets_bnb,
		.summary = "qat over a bnb base.",
		.message =
			"The qat block fakes quantization of full-precision weights, and {base} stores them quantized.",
		.remedy = "Remove qat, or remove the base quantization.",
		.why = "Fake quantization needs the full-precision weights to round.",
		.bad = BNB("int8") "qat:\n  weight_dtype: int8\n",
		.good = "adapter: lora\nqat:\n  weight_dtype: int8\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_QAT } },
	},
	{
		.id = "qat-with-peft",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_QAT, KEY_PEFT },
		.broken = qat_meets_peft,
		.summary = "qat with a peft block.",
		.message = "A qat block cannot be combined with a peft block.",
		.remedy = "Remove one of the two.",
		.why = "Axolotl refuses the pair: LoftQ initialisation and fake quantization want different weights.",
		.bad = "adapter: lora\nqat:\n  weight_dtype: int8\npeft:\n  loftq_config:\n    loftq_bits: 4\n",
		.good = "adapter: lora\nqat:\n  weight_dtype: int8\n",
	},
	{
		.id = "mxfp4-fsdp-ram-loading",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_FSDP_CONFIG_RAM_LOADING },
		.at = { KEY_FSDP_CONFIG_RAM_LOADING, KEY_BASE_QUANTIZATION },
		.broken = mxfp4_loads_on_one_rank,
		.summary = "mxfp4 with FSDP's RAM-efficient loading.",
		.message =
			"{base} cannot be loaded with {cpu_ram_efficient_loading} in fsdp_config.",
		.remedy = "Set cpu_ram_efficient_loading to false, or remove the override.",
		.why = "That way of loading cannot carry MXFP4's packed tensors to the other ranks.",
		.bad = MXFP4 "fsdp_version: 2\nfsdp_config:\n  cpu_ram_efficient_loading: true\n",
		.good = MXFP4 "fsdp_version: 2\nfsdp_config:\n  cpu_ram_efficient_loading: false\n",
		.fix = { .kind = FIX_SET,
			.keys = { KEY_FSDP_CONFIG_RAM_LOADING },
			.value = "false" },
	},
	{
		.id = "fsdp2-rl-bnb",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_RL, KEY_BASE_QUANTIZATION, KEY_FSDP_VERSION,
			KEY_FSDP_CONFIG_VERSION },
		.broken = fsdp2_rl_meets_bnb,
		.summary = "FSDP2 with preference training over a bnb base.",
		.message = "{rl} under FSDP2 cannot train over {base}.",
		.remedy =
			"Use FSDP1 or another form of parallelism, or remove the base quantization.",
		.why = "The reference model of dpo, kto, orpo and ipo cannot be sharded by FSDP2 in 4 or 8 bits.",
		.bad = BNB("nf4") "rl: dpo\nfsdp_version: 2\n",
		.good = BNB("nf4") "rl: grpo\nfsdp_version: 2\n",
	},
	{
		.id = "fsdp-prefixed-keys",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_FSDP_CONFIG },
		.broken = fsdp_keys_prefixed,
		.summary = "Keys of fsdp_config that begin with fsdp_.",
		.message =
			"Keys inside fsdp_config begin with fsdp_; Axolotl strips the prefix and says so.",
		.remedy = "Write the keys without the prefix; fsdp_version may keep it.",
		.why = "The prefix is the older spelling.",
		.bad = "adapter: lora\nfsdp_config:\n  fsdp_offload_params: false\n",
		.good = "adapter: lora\nfsdp_config:\n  offload_params: false\n  fsdp_version: 2\n",
		.fix = { .kind = FIX_STRIP_PREFIX, .keys = { KEY_FSDP_CONFIG }, .value = "fsdp_" },
	},
};

RULE_FAMILY(rules_training, rows);
