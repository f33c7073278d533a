/* The adapter that trains over the base. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define BNB_INT8 "model_quantization_config:\n  bnb:\n    weight_dtype: int8\n"

static bool adapter_built_in(const struct facts *f)
{
	return adapter_is_lora(f) || says(f, KEY_ADAPTER, "llama-adapter");
}

static bool quantized_without_adapter(const struct facts *f)
{
	return base_needs_adapter(f) && adapter_is_missing(f) && training(f);
}

static bool adapter_installs_nothing(const struct facts *f)
{
	if (!base_needs_adapter(f) || adapter_is_lora(f))
		return false;
	if (adapter_is_missing(f))
		return is_true(f, KEY_INFERENCE) && !merging(f);
	return adapter_built_in(f) || nonempty(f, KEY_PLUGINS);
}

static bool adapter_unknown(const struct facts *f)
{
	return nonempty(f, KEY_ADAPTER) && !adapter_built_in(f) && !nonempty(f, KEY_PLUGINS);
}

static bool qlora_meets_gptq(const struct facts *f)
{
	return says(f, KEY_ADAPTER, "qlora") && is_true(f, KEY_GPTQ);
}

static bool gptq_overrides_bnb(const struct facts *f)
{
	return says(f, KEY_ADAPTER, "lora") && is_true(f, KEY_GPTQ) && base_is(f, BACKEND_BNB);
}

static bool gptq_with_revision(const struct facts *f)
{
	return is_true(f, KEY_GPTQ) && nonempty(f, KEY_REVISION_OF_MODEL);
}

static bool onebit_with_lora(const struct facts *f)
{
	return is_true(f, KEY_USE_ONEBITLLMS) && adapter_is_lora(f);
}

static const struct rule rows[] = {
	{
		.id = "quant-without-adapter",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_INFERENCE, KEY_MERGE_LORA },
		.broken = quantized_without_adapter,
		.summary = "A bnb or torchao base without an adapter.",
		.message =
			"{base} quantizes the base model, and there is no adapter to train over it.",
		.remedy =
			"Add `adapter: lora`, or remove the quantization to fine-tune all weights.",
		.why = "Quantized weights are frozen; full fine-tuning needs them in full precision.",
		.bad = BNB_INT8,
		.good = "adapter: lora\n" BNB_INT8,
	},
	{
		.id = "adapter-ignores-quant",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_PLUGINS, KEY_INFERENCE,
			KEY_MERGE_LORA },
		.at = { KEY_ADAPTER, KEY_BASE_QUANTIZATION },
		.broken = adapter_installs_nothing,
		.summary =
			"A base quantization beside an adapter for which the loader installs none.",
		.message =
			"{base} has no effect here: the loader quantizes for lora and qlora alone, and the config says "
			"{adapter}.",
		.remedy = "Use `adapter: lora`, or remove the quantization.",
		.why = "The loader compares the adapter's name before it builds a quantization config; others load the base "
		       "in full precision, without a word.",
		.bad = "adapter: llama-adapter\n" BNB_INT8,
		.good = "adapter: lora\n" BNB_INT8,
	},
	{
		.id = "unknown-adapter",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_PLUGINS },
		.at = { KEY_ADAPTER },
		.broken = adapter_unknown,
		.summary = "An adapter that is not built in, and no plugin that could bring it.",
		.message =
			"{adapter} names no adapter: there are lora, qlora (deprecated) and llama-adapter, and no plugin "
			"is loaded that could bring another{nearest_adapter}.",
		.remedy =
			"Write {adapter_remedy}, or list the plugin that brings the adapter under plugins.",
		.advice =
			"Write one of the three names, or list the plugin that brings the adapter under plugins.",
		.why = "Names are compared exactly; an unknown one stops Axolotl.",
		.bad = "adapter: LoRA\n",
		.good = "adapter: lora\n",
		.fix = { .kind = FIX_ADAPTER },
	},
	{
		.id = "qlora-with-gptq",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_GPTQ },
		.broken = qlora_meets_gptq,
		.summary = "adapter: qlora with gptq: true.",
		.message =
			"{adapter} asks for a bitsandbytes base and {gptq} for the checkpoint's own GPTQ weights.",
		.remedy =
			"Write `adapter: lora` to train on the GPTQ checkpoint, or remove gptq and use an unquantized one.",
		.why = "One base has one quantization; GPTQ weights cannot be quantized again.",
		.bad = "adapter: qlora\ngptq: true\n",
		.good = "adapter: lora\ngptq: true\n",
	},
	{
		.id = "gptq-ignores-bnb",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_GPTQ, KEY_BASE_QUANTIZATION, KEY_ADAPTER },
		.at = { KEY_BASE_QUANTIZATION, KEY_GPTQ },
		.broken = gptq_overrides_bnb,
		.summary = "gptq: true beside a bnb base.",
		.message =
			"{base} has no effect beside {gptq}: the checkpoint's GPTQ weights are loaded as they are.",
		.remedy = "Remove the bitsandbytes request.",
		.why = "The loader hands the checkpoint's own record on before it looks at bitsandbytes.",
		.bad = "adapter: lora\ngptq: true\nload_in_8bit: true\n",
		.good = "adapter: lora\ngptq: true\n",
		.fix = { .kind = FIX_REMOVE,
			.keys = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
				KEY_MODEL_QUANTIZATION_CONFIG } },
	},
	{
		.id = "gptq-with-revision",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_GPTQ, KEY_REVISION_OF_MODEL },
		.broken = gptq_with_revision,
		.summary = "gptq: true with a pinned revision.",
		.message = "{gptq} cannot be combined with {revision_of_model}.",
		.remedy =
			"Download that revision and give its folder as base_model, without revision_of_model.",
		.why = "Axolotl does not support pinned revisions for GPTQ checkpoints and refuses them.",
		.bad = "adapter: lora\ngptq: true\nrevision_of_model: main\n",
		.good = "adapter: lora\ngptq: true\n",
	},
	{
		.id = "onebitllms-with-lora",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_USE_ONEBITLLMS, KEY_ADAPTER },
		.broken = onebit_with_lora,
		.summary = "use_onebitllms with a LoRA adapter.",
		.message = "{use_onebitllms} is full fine-tuning, and {adapter} trains an adapter.",
		.remedy = "Remove the adapter, or remove use_onebitllms.",
		.why = "1.58-bit training replaces the linear layers themselves.",
		.bad = "adapter: lora\nuse_onebitllms: true\n",
		.good = "use_onebitllms: true\n",
	},
};

RULE_FAMILY(rules_adapter, rows);
