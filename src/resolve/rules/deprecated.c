/* Older spellings that keep working and are translated to the canonical one. Notes under `released`: right there. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define DEPRECATED EXCEPT_RELEASED(SEVERITY_WARNING, SEVERITY_NOTE)
#define REMOVED_LATER "The old spelling will be removed in a future release of Axolotl."

static bool adapter_is_qlora(const struct facts *f)
{
	return says(f, KEY_ADAPTER, "qlora");
}

static bool asks_4bit_by_flag(const struct facts *f)
{
	return is_true(f, KEY_LOAD_IN_4BIT);
}

static bool asks_8bit_by_flag(const struct facts *f)
{
	return is_true(f, KEY_LOAD_IN_8BIT);
}

static bool asks_by_class_name(const struct facts *f)
{
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].quant_class &&
			says(f, KEY_MODEL_QUANTIZATION_CONFIG, backends[i].quant_class))
			return true;
	return false;
}

static bool asks_by_peft_block(const struct facts *f)
{
	return is_set(f, KEY_PEFT_BACKEND) || is_set(f, KEY_PEFT_WEIGHT_DTYPE) ||
	       is_set(f, KEY_PEFT_GROUP_SIZE);
}

static bool other_dialect(const struct facts *f)
{
	bool flat = f->base.structured.dialect == DIALECT_FLAT && f->target != TARGET_FLAT;
	return flat || (f->base.nf4_backend && f->target != TARGET_RELEASED);
}

static const struct rule rows[] = {
	{
		.id = "deprecated-qlora-adapter",
		.stage = STAGE_SCHEMA,
		.severity = DEPRECATED,
		.reads = { KEY_ADAPTER },
		.broken = adapter_is_qlora,
		.summary = "adapter: qlora instead of adapter: lora with a 4-bit base.",
		.message =
			"DEPRECATED: `adapter: qlora` will be removed in a future release; it is `adapter: "
			"lora`{qlora_instead}.",
		.remedy = "Write `adapter: lora`{qlora_remedy}.",
		.advice = "Write `adapter: lora`, and the block that the message shows.",
		.why = "QLoRA is LoRA over a 4-bit base; there is no separate type of adapter. " REMOVED_LATER,
		.bad = "adapter: qlora\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n",
	},
	{
		.id = "deprecated-load-in-4bit",
		.stage = STAGE_SCHEMA,
		.severity = DEPRECATED,
		.reads = { KEY_LOAD_IN_4BIT, KEY_ADAPTER },
		.at = { KEY_LOAD_IN_4BIT },
		.broken = asks_4bit_by_flag,
		.summary = "load_in_4bit: true instead of model_quantization_config.",
		.message = "DEPRECATED: `load_in_4bit: true` will be removed in a future release; "
			   "{flag_instead}{unquantized}.",
		.remedy = "{flag_remedy}.",
		.advice =
			"Write the block that the message shows, with `adapter: lora`; where a block stands "
			"already, remove the flag.",
		.why = "One block names backend and dtype; the flag says neither. " REMOVED_LATER,
		.bad = "adapter: lora\nload_in_4bit: true\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n",
	},
	{
		.id = "deprecated-load-in-8bit",
		.stage = STAGE_SCHEMA,
		.severity = DEPRECATED,
		.reads = { KEY_LOAD_IN_8BIT },
		.broken = asks_8bit_by_flag,
		.summary = "load_in_8bit: true instead of model_quantization_config.",
		.message = "DEPRECATED: `load_in_8bit: true` will be removed in a future release; "
			   "{flag_instead}.",
		.remedy = "{flag_remedy}.",
		.advice =
			"Write the block that the message shows, with `adapter: lora`; where a block stands "
			"already, remove the flag.",
		.why = "One block names backend and dtype; the flag says neither. " REMOVED_LATER,
		.bad = "adapter: lora\nload_in_8bit: true\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: int8\n",
	},
	{
		.id = "deprecated-quant-class",
		.stage = STAGE_SCHEMA,
		.severity = DEPRECATED,
		.reads = { KEY_MODEL_QUANTIZATION_CONFIG },
		.broken = asks_by_class_name,
		.summary = "A class name as a string instead of the structured form.",
		.message =
			"DEPRECATED: `{model_quantization_config}`, a class name, will be removed in a future release; it is "
			"`{canonical_base}`.",
		.remedy =
			"Write `{canonical_base}`; model_quantization_config_kwargs becomes its config_kwargs.",
		.advice =
			"Write the block that the message shows; model_quantization_config_kwargs becomes its config_kwargs.",
		.why = "One block names the backend and holds its arguments. " REMOVED_LATER,
		.bad = "adapter: lora\nmodel_quantization_config: Mxfp4Config\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  mxfp4:\n    config_kwargs: {}\n",
	},
	{
		.id = "deprecated-peft-block",
		.stage = STAGE_SCHEMA,
		.severity = DEPRECATED,
		.reads = { KEY_PEFT, KEY_PEFT_BACKEND, KEY_PEFT_WEIGHT_DTYPE, KEY_PEFT_GROUP_SIZE },
		.at = { KEY_PEFT },
		.broken = asks_by_peft_block,
		.summary =
			"backend and weight_dtype inside peft instead of model_quantization_config.",
		.message =
			"DEPRECATED: `{peft_keys}` will be removed in a future release; {peft_instead}. No "
			"released Axolotl reads the old keys: the base stays unquantized there, in silence.",
		.remedy = "{peft_remedy} the keys from peft.",
		.advice = "Write the block that the message shows, and remove the keys from peft.",
		.why = "The block existed on a branch only; releases ignore the keys. " REMOVED_LATER,
		.bad = "adapter: lora\npeft:\n  backend: torchao\n  weight_dtype: int8\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: int8\n",
	},
	{
		.id = "other-dialect",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_BASE_QUANTIZATION, KEY_MODEL_QUANTIZATION_CONFIG, KEY_NF4_BACKEND,
			KEY_ADAPTER, KEY_LOAD_IN_4BIT },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = other_dialect,
		.summary = "The flat form or nf4_backend was translated.",
		.message =
			"{base} is another generation's spelling; it was translated to the target's form with the same "
			"meaning.",
		.remedy =
			"Nothing need be done; write the canonical form to be independent of Axolotl's generation.",
		.why = "The flat form and nf4_backend are read by some generations of Axolotl only.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  backend: torchao\n  weight_dtype: int8\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: int8\n",
	},
};

RULE_FAMILY(rules_deprecated, rows);
