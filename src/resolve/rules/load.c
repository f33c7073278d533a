/* The request against the checkpoint's own quantization. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define TORCHAO(dtype)                                                                             \
	"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: " dtype "\n"
#define BNB(dtype)                                                                                 \
	"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: " dtype "\n"
#define LORA "adapter: lora\n"
#define BLOCK(body) "{\"model_type\": \"llama\", \"quantization_config\": {" body "}}"
#define PLAIN "{\"model_type\": \"llama\", \"torch_dtype\": \"bfloat16\"}"
#define GPTQ BLOCK("\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128")
#define BNB4                                                                                       \
	BLOCK("\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true, \"bnb_4bit_quant_type\": \"nf4\"")
#define BNB8 BLOCK("\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true")
#define MXFP4                                                                                      \
	"{\"model_type\": \"gpt_oss\", \"quantization_config\": {\"quant_method\": \"mxfp4\", "    \
	"\"modules_to_not_convert\": [\"lm_head\"]}}"
#define FP8                                                                                        \
	BLOCK("\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128], "                     \
	      "\"modules_to_not_convert\": [\"lm_head\"]")

static bool requests_class(const struct facts *f)
{
	return base_is(f, BACKEND_MXFP4) || base_is(f, BACKEND_FP8);
}

static bool requests_bnb(const struct facts *f)
{
	return base_is(f, BACKEND_BNB) && !merge_drops_base(f);
}

static bool handed_on_to_lora(const struct facts *f)
{
	return checkpoint_handed_on(f) && adapter_is_lora(f);
}

static bool torchao_asks_mxfp4(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && base_has_dtype(f, DTYPE_MXFP4);
}

static bool torchao_meets_quantized(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && !torchao_asks_mxfp4(f) && checkpoint_quantized(f);
}

/* Axolotl compares the name exactly: a GPTQ that transformers skips is none. */
static bool gptq_lacks_checkpoint(const struct facts *f)
{
	bool read_as_gptq = checkpoint_is(f, METHOD_GPTQ) && f->checkpoint->config_class;
	return is_true(f, KEY_GPTQ) && f->checkpoint && !read_as_gptq;
}

static bool same_bits(const struct facts *f)
{
	return checkpoint_is(f, METHOD_BITSANDBYTES) &&
	       (base_has_dtype(f, DTYPE_NF4)
			       ? f->checkpoint->load_in_4bit
			       : f->checkpoint->load_in_8bit && !f->checkpoint->load_in_4bit);
}

static bool checkpoint_overrides(const struct facts *f)
{
	if (!handed_on_to_lora(f) || is_true(f, KEY_GPTQ))
		return false;
	return requests_class(f) || (requests_bnb(f) && !same_bits(f));
}

static bool checkpoint_agrees(const struct facts *f)
{
	return handed_on_to_lora(f) && requests_bnb(f) && same_bits(f);
}

/* Beside another adapter the loader installs nothing, so that nothing is quantized twice: adapter-ignores-quant says so. */
static bool bnb_meets_quantized(const struct facts *f)
{
	return requests_bnb(f) && adapter_is_lora(f) && checkpoint_quantized(f) &&
	       !handed_on_to_lora(f) && !is_true(f, KEY_GPTQ);
}

static bool override_mismatched(const struct facts *f)
{
	return requests_class(f) && checkpoint_quantized(f) && !handed_on_to_lora(f) &&
	       !checkpoint_same_class(f);
}

static bool override_drops_exclusions(const struct facts *f)
{
	if (!base_is(f, BACKEND_FP8) || !checkpoint_same_class(f) || checkpoint_dequantized(f))
		return false;
	const struct base_quantization *base = &f->base;
	return f->checkpoint->exclusions.count > 0 &&
	       node_is_null(node_get(base->structured.config_kwargs, "modules_to_not_convert"));
}

static bool mxfp4_changes_nothing(const struct facts *f)
{
	return base_is(f, BACKEND_MXFP4) && f->checkpoint && !f->checkpoint->quantized &&
	       f->checkpoint->model_type.length > 0 &&
	       !text_is(f->checkpoint->model_type, "gpt_oss");
}

static bool experts_meet_quantized(const struct facts *f)
{
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && checkpoint_quantized(f);
}

/* The checkpoint's own scheme is what will be in memory; under torchao the loader refuses. */
static bool own_scheme_stays(const struct facts *f)
{
	if (!checkpoint_honoured(f) || checkpoint_dequantized(f) || base_is(f, BACKEND_TORCHAO))
		return false;
	return f->base.dialect == DIALECT_NONE || handed_on_to_lora(f) || checkpoint_same_class(f);
}

static bool quantized_lacks_adapter(const struct facts *f)
{
	return own_scheme_stays(f) && adapter_is_missing(f) && training(f);
}

static bool not_trainable(const struct facts *f)
{
	return own_scheme_stays(f) && !adapter_is_missing(f) && training(f) &&
	       f->checkpoint->trainable_with_adapter == 0;
}

static bool forwarded(const struct facts *f)
{
	return checkpoint_honoured(f) && !is_true(f, KEY_GPTQ) &&
	       (f->base.dialect == DIALECT_NONE || merge_drops_base(f));
}

static bool not_inspected(const struct facts *f)
{
	return !f->checkpoint && f->checkpoint_wanted;
}

static const struct rule rows[] = {
	{
		.id = "torchao-mxfp4",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION },
		.broken = torchao_asks_mxfp4,
		.summary = "torchao with weight_dtype: mxfp4.",
		.message =
			"{base} does not exist: torchao has no weight-only MXFP4 for ordinary linear layers.",
		.remedy =
			"For MXFP4 experts of a mixture-of-experts model remove the block and set quantize_moe_experts: "
			"true with lora_target_parameters matching gate_up_proj and down_proj; for a dense model choose "
			"int4, nf4 or nvfp4.",
		.why = "The loader refuses it; the MXFP4 path of LoRA covers the fused 3D expert tensors alone.",
		.bad = TORCHAO("mxfp4"),
		.good = TORCHAO("nvfp4"),
	},
	{
		.id = "torchao-on-quantized-checkpoint",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_CHECKPOINT },
		.broken = torchao_meets_quantized,
		.summary = "torchao over a checkpoint that is quantized already.",
		.message =
			"{base} would quantize a checkpoint that is quantized already, with {checkpoint}.",
		.remedy =
			"Remove model_quantization_config to train over the checkpoint's own scheme, or use an unquantized "
			"checkpoint.",
		.why = "torchao installs one scheme over every linear layer and composes with no other.",
		.bad = TORCHAO("int8"),
		.bad_checkpoint = GPTQ,
		.good = TORCHAO("int8"),
		.good_checkpoint = PLAIN,
	},
	{
		.id = "gptq-checkpoint-missing",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_GPTQ, KEY_CHECKPOINT },
		.broken = gptq_lacks_checkpoint,
		.summary = "gptq: true over a checkpoint that is not GPTQ.",
		.message = "{gptq} promises a GPTQ checkpoint, and this one has {checkpoint}.",
		.remedy = "Remove gptq, or name a GPTQ checkpoint as base_model.",
		.why = "gptq quantizes nothing; the loader looks for the checkpoint's own GPTQ record and stops without it.",
		.bad = LORA "gptq: true\n",
		.bad_checkpoint = PLAIN,
		.good = LORA "gptq: true\n",
		.good_checkpoint = GPTQ,
	},
	{
		.id = "checkpoint-overrides-request",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT, KEY_GPTQ },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = checkpoint_overrides,
		.summary = "The checkpoint's own scheme wins over the request.",
		.message =
			"{base} has no effect: the checkpoint is quantized with {checkpoint} already, and its own config "
			"wins.",
		.remedy =
			"Remove the request to train over the checkpoint as it is, or use an unquantized checkpoint.",
		.why = "For lora Axolotl hands the record of a gptq, awq or bitsandbytes checkpoint on before it looks at "
		       "the request.",
		.bad = BNB("nf4"),
		.bad_checkpoint = BNB8,
		.good = BNB("nf4"),
		.good_checkpoint = PLAIN,
	},
	{
		.id = "checkpoint-agrees",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = checkpoint_agrees,
		.summary = "The checkpoint is bitsandbytes with the bits that are asked for.",
		.message =
			"{base} is what the checkpoint brings already: its own bitsandbytes config is used, with the same "
			"bits.",
		.remedy = "Nothing need be done; the request may be removed.",
		.why = "The outcome is the same with and without the request.",
		.bad = BNB("nf4"),
		.bad_checkpoint = BNB4,
		.good = BNB("nf4"),
		.good_checkpoint = PLAIN,
	},
	{
		.id = "bnb-on-quantized-checkpoint",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT, KEY_GPTQ },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = bnb_meets_quantized,
		.summary = "bitsandbytes over a checkpoint of another method.",
		.message =
			"{base} would quantize a checkpoint that is quantized already, with {checkpoint}.",
		.remedy =
			"Remove the request to train over the checkpoint's own scheme, or use an unquantized checkpoint.",
		.why = "transformers refuses a config of another class than the checkpoint's; with a method that it does not "
		       "know it would quantize the packed tensors themselves.",
		.bad = BNB("nf4"),
		.bad_checkpoint = FP8,
		.good = BNB("nf4"),
		.good_checkpoint = PLAIN,
	},
	{
		.id = "override-mismatch",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = override_mismatched,
		.summary = "An mxfp4 or fp8 override over a checkpoint of another class.",
		.message =
			"{base} is of another class than the checkpoint's own quantization, {checkpoint}.",
		.remedy = "Remove the override, or name the checkpoint's own class.",
		.why = "transformers refuses an override of another class than the checkpoint's.",
		.bad = LORA "model_quantization_config: {fp8: {}}\n",
		.bad_checkpoint = MXFP4,
		.good = LORA
		"model_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}\n",
		.good_checkpoint = MXFP4,
	},
	{
		.id = "override-drops-exclusions",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_CHECKPOINT },
		.broken = override_drops_exclusions,
		.summary = "An fp8 override without a list drops the checkpoint's exclusion list.",
		.message =
			"{base} without modules_to_not_convert replaces the checkpoint's own exclusion list by none.",
		.remedy =
			"Remove the override, or repeat the list in config_kwargs.modules_to_not_convert.",
		.why = "For this class transformers takes the list of the override, also when it is empty; modules that were "
		       "stored in full precision would then be read as fp8.",
		.bad = LORA "model_quantization_config: {fp8: {}}\n",
		.bad_checkpoint = FP8,
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: [lm_head]}}}\n",
		.good_checkpoint = FP8,
	},
	{
		.id = "mxfp4-override-no-effect",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_CHECKPOINT },
		.broken = mxfp4_changes_nothing,
		.summary = "mxfp4 over an unquantized checkpoint that is not gpt-oss.",
		.message =
			"{base} changes nothing here: transformers replaces the experts of gpt_oss models alone.",
		.remedy =
			"Remove it; for MXFP4 experts of another model set quantize_moe_experts: true.",
		.why = "On other architectures the model is loaded as it is, with no more than a warning.",
		.bad = LORA "model_quantization_config: {mxfp4: {}}\n",
		.bad_checkpoint = PLAIN,
		.good = LORA "model_quantization_config: {mxfp4: {}}\n",
		.good_checkpoint = "{\"model_type\": \"gpt_oss\"}",
	},
	{
		.id = "moe-experts-on-quantized-checkpoint",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_CHECKPOINT },
		.broken = experts_meet_quantized,
		.summary = "quantize_moe_experts over a quantized checkpoint.",
		.message =
			"{quantize_moe_experts} meets a checkpoint that is quantized already, with {checkpoint}: its experts "
			"are packed, or kept native on purpose.",
		.remedy =
			"Remove quantize_moe_experts and let the checkpoint's own scheme be honoured.",
		.why = "The path is made for experts in bf16.",
		.bad = LORA "quantize_moe_experts: true\n",
		.bad_checkpoint = FP8,
		.good = LORA "quantize_moe_experts: true\n",
		.good_checkpoint = PLAIN,
	},
	{
		.id = "quantized-checkpoint-needs-adapter",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_BASE_QUANTIZATION, KEY_CHECKPOINT, KEY_INFERENCE,
			KEY_MERGE_LORA },
		.broken = quantized_lacks_adapter,
		.summary = "A checkpoint that stays quantized, and no adapter.",
		.message =
			"The checkpoint is quantized with {checkpoint} and stays so, and there is no adapter to train over "
			"it.",
		.remedy =
			"Add `adapter: lora`; or dequantize while loading, as in `model_quantization_config: {mxfp4: "
			"{config_kwargs: {dequantize: true}}}` where the method can; or use an unquantized checkpoint.",
		.why = "transformers refuses to fine-tune purely quantized weights.",
		.bad = "base_model: org/model\n",
		.bad_checkpoint = FP8,
		.good = LORA,
		.good_checkpoint = FP8,
	},
	{
		.id = "checkpoint-not-trainable",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_CHECKPOINT, KEY_ADAPTER, KEY_BASE_QUANTIZATION, KEY_INFERENCE,
			KEY_MERGE_LORA },
		.at = { KEY_ADAPTER, KEY_BASE_QUANTIZATION },
		.broken = not_trainable,
		.summary = "transformers' own gate refuses training over this method.",
		.message =
			"transformers' own gate refuses training over {checkpoint} while it stays quantized; LoRA on the "
			"attention alone, over quantized experts, goes through Axolotl's own path and is the recipe for "
			"such checkpoints.",
		.remedy =
			"Target attention layers in lora_target_modules; or load with dequantize: true where the method "
			"(mxfp4, fp8) has it.",
		.why = "The gate asks the method whether adapters can be trained over it; it is passed when the adapter wraps "
		       "the model before the trainer looks.",
		.bad = LORA,
		.bad_checkpoint = MXFP4,
		.good = LORA
		"model_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}\n",
		.good_checkpoint = MXFP4,
	},
	{
		.id = "checkpoint-forwarded",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_CHECKPOINT, KEY_BASE_QUANTIZATION, KEY_GPTQ },
		.broken = forwarded,
		.summary = "No quantization requested; the checkpoint's own is honoured.",
		.message =
			"The checkpoint's own {checkpoint} config is forwarded unchanged, exclusion list and all: what it "
			"excludes stays in its native dtype.",
		.remedy =
			"Nothing need be done. For MXFP4 experts beside bf16 attention either load a checkpoint whose own "
			"config says so, or set quantize_moe_experts: true on a bf16 checkpoint.",
		.why = "Modern quantized checkpoints encode the mix per module; a request over it would fight for the same "
		       "tensors.",
		.bad = LORA,
		.bad_checkpoint = FP8,
		.good = LORA,
		.good_checkpoint = PLAIN,
	},
	{
		.id = "checkpoint-not-inspected",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_CHECKPOINT, KEY_BASE_MODEL },
		.at = { KEY_BASE_MODEL },
		.broken = not_inspected,
		.summary = "No checkpoint was given or found.",
		.message =
			"No checkpoint was inspected: {lookup}. The rules of the load stage did not run.",
		.remedy =
			"Send the checkpoint's config.json with the request, or run the service with a model root that has "
			"it.",
		.why = "Half of the surprises sit in the checkpoint's own quantization_config.",
		.bad = LORA "base_model: org/model\n",
		.good = LORA "base_model: org/model\n",
		.good_checkpoint = PLAIN,
		.require_checkpoint = true,
	},
};

RULE_FAMILY(rules_load, rows);
