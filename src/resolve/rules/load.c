/* The request against the checkpoint's own quantization. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"
#include "resolve/shapes.h"

#define TORCHAO(dtype)                                                                             \
	"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: " dtype "\n"
#define BNB(dtype)                                                                                 \
	"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: " dtype "\n"
#define LORA "adapter: lora\n"
#define BLOCK(body) "{\"model_type\": \"llama\", \"quantization_config\": {" body "}}"
#define MOE "{\"model_type\": \"qwen3_moe\", \"num_experts\": 128}"
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

static bool requests_bnb(const struct facts *f)
{
	return base_is(f, BACKEND_BNB) && !merge_drops_base(f);
}

/* By lora, or by gptq: true without an adapter: Axolotl makes the class of the block, over whatever was requested. */
static bool handed_on(const struct facts *f)
{
	bool gptq = is_true(f, KEY_GPTQ) && checkpoint_is(f, METHOD_GPTQ);
	return checkpoint_handed_on(f) && (adapter_is_lora(f) || gptq);
}

/* transformers fails on the block: nothing is left to be said of its class. */
static bool refused(const struct facts *f)
{
	return checkpoint_quantized(f) && f->checkpoint->known_to_transformers &&
	       f->checkpoint->seen_by_transformers && !f->checkpoint->config_class;
}

/* The same by its name alone. */
static bool handed_by_name(const struct facts *f)
{
	return checkpoint_handed_class(f) && adapter_is_lora(f) &&
	       f->checkpoint->known_to_transformers;
}

static bool record_stops_lora(const struct facts *f)
{
	return f->checkpoint && f->checkpoint->record && adapter_is_lora(f);
}

static bool classes_contradict(const struct facts *f)
{
	return checkpoint_stops_loader(f) && !record_stops_lora(f);
}

static bool torchao_asks_mxfp4(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && base_has_dtype(f, DTYPE_MXFP4);
}

static bool torchao_meets_quantized(const struct facts *f)
{
	return base_is(f, BACKEND_TORCHAO) && !torchao_asks_mxfp4(f) && checkpoint_quantized(f);
}

/* Axolotl looks at the top level alone, and compares the name exactly. */
static bool gptq_lacks_checkpoint(const struct facts *f)
{
	return is_true(f, KEY_GPTQ) && f->checkpoint &&
	       !(f->checkpoint->seen_by_axolotl && text_is(f->checkpoint->quant_method, "gptq"));
}

/* A block that names no type is fp4 for its class; only one that says so is told to be another thing than nf4. */
static bool same_bits(const struct facts *f)
{
	if (!checkpoint_is(f, METHOD_BITSANDBYTES))
		return false;
	if (!base_has_dtype(f, DTYPE_NF4))
		return f->checkpoint->load_in_8bit && !f->checkpoint->load_in_4bit;
	const struct node *type = node_get(f->checkpoint->block, "bnb_4bit_quant_type");
	return f->checkpoint->load_in_4bit && (!type || node_is_string(type, "nf4"));
}

/* Beside gptq: true a bnb base is gptq-ignores-bnb. */
static bool checkpoint_overrides(const struct facts *f)
{
	if (base_is_class(f))
		return handed_on(f);
	return requests_bnb(f) && !is_true(f, KEY_GPTQ) && !same_bits(f) &&
	       ((handed_on(f) && adapter_is_lora(f)) || checkpoint_overridden(f));
}

static bool checkpoint_agrees(const struct facts *f)
{
	return requests_bnb(f) && checkpoint_overridden(f) && same_bits(f);
}

/* Beside another adapter the loader installs nothing, so that nothing is quantized twice: adapter-ignores-quant says so. */
static bool bnb_meets_quantized(const struct facts *f)
{
	return requests_bnb(f) && adapter_is_lora(f) && checkpoint_quantized(f) &&
	       !handed_by_name(f) && !checkpoint_overridden(f) && !checkpoint_stops_loader(f) &&
	       !is_true(f, KEY_GPTQ);
}

/* Where transformers looks for it: it raises, whatever is asked for. */
static bool method_is_missing(const struct facts *f)
{
	return checkpoint_quantized(f) && f->checkpoint->seen_by_transformers &&
	       f->checkpoint->quant_method.length == 0 && !f->checkpoint->config_class;
}

static bool override_meets_quantized(const struct facts *f)
{
	return base_is_class(f) && checkpoint_quantized(f) && !handed_on(f) && !refused(f) &&
	       !checkpoint_same_class(f) && !checkpoint_stops_loader(f);
}

static bool override_mismatched(const struct facts *f)
{
	return override_meets_quantized(f) && checkpoint_honoured(f);
}

/* transformers passes the block by, and would take what is packed for weights. */
static bool override_on_packed(const struct facts *f)
{
	return override_meets_quantized(f) && !checkpoint_honoured(f) && !method_is_missing(f);
}

static bool override_drops_exclusions(const struct facts *f)
{
	return f->dropped.length > 0;
}

static bool stored_values_win(const struct facts *f)
{
	return f->ignored.length > 0 && (base_is_class(f) || same_bits(f));
}

static bool dequantizes_unquantized(const struct facts *f)
{
	return dequantizes_nothing(f) && !mxfp4_changes_nothing(f);
}

static bool experts_meet_quantized(const struct facts *f)
{
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && checkpoint_quantized(f);
}

static bool group_passes_modules(const struct facts *f)
{
	const struct weights_class *first;
	size_t all;
	return modules_passed(f, &first, &all) > 0;
}

static bool shape_is_refused(const struct facts *f)
{
	return f->misfit.row && f->misfit.row->refused;
}

static bool shape_is_doubtful(const struct facts *f)
{
	return f->misfit.row && !f->misfit.row->refused;
}

/* The checkpoint's own scheme is what will be in memory; under torchao the loader refuses. */
static bool own_scheme_stays(const struct facts *f)
{
	if (!checkpoint_honoured(f) || checkpoint_dequantized(f) || checkpoint_stops_loader(f) ||
		base_is(f, BACKEND_TORCHAO))
		return false;
	return !base_reaches_loader(f) || handed_on(f) || checkpoint_overridden(f);
}

/* With a base that needs an adapter it is quant-without-adapter. */
static bool quantized_lacks_adapter(const struct facts *f)
{
	return own_scheme_stays(f) && adapter_is_missing(f) && training(f) &&
	       !base_needs_adapter(f);
}

static bool not_trainable(const struct facts *f)
{
	return own_scheme_stays(f) && !adapter_is_missing(f) && training(f) &&
	       f->checkpoint->trainable_with_adapter == 0;
}

/* Over a bnb base that is not switched off, and with gptq: true, it is merge-into-quantized. */
static bool merges_into_packed(const struct facts *f)
{
	return merging(f) && own_scheme_stays(f) && !is_true(f, KEY_GPTQ) &&
	       (!base_is(f, BACKEND_BNB) || merge_drops_base(f));
}

static bool experts_are_absent(const struct facts *f)
{
	return is_true(f, KEY_QUANTIZE_MOE_EXPERTS) && !checkpoint_quantized(f) && lacks_experts(f);
}

static bool forwarded(const struct facts *f)
{
	return !merges_into_packed(f) && checkpoint_honoured(f) && !is_true(f, KEY_GPTQ) &&
	       !checkpoint_stops_loader(f) && !base_reaches_loader(f) &&
	       !base_is(f, BACKEND_TORCHAO);
}

static bool not_inspected(const struct facts *f)
{
	return !f->checkpoint && f->checkpoint_wanted && !f->checkpoint_named &&
	       !f->lookup_unusable && !f->lookup_closed;
}

static bool not_usable(const struct facts *f)
{
	return !f->checkpoint && !f->checkpoint_named && f->lookup_unusable;
}

static bool root_closed(const struct facts *f)
{
	return !f->checkpoint && !f->checkpoint_named && f->lookup_closed;
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
		.remedy = "{retreat}, or use an unquantized checkpoint.",
		.advice =
			"Remove the request to train over the checkpoint's own scheme, or use an unquantized checkpoint.",
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
		.id = "adapter-needs-quant-method",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_CHECKPOINT },
		.broken = record_stops_lora,
		.summary =
			"A quantization_config in which Axolotl finds no quant_method, under lora.",
		.message =
			"Under {adapter} Axolotl reads quant_method from the checkpoint's own quantization_config, which "
			"{record}: it stops before the model is loaded.",
		.remedy =
			"Remove quantization_config from config.json where the weights are not quantized; add `quant_method: "
			"bitsandbytes` where load_in_4bit or load_in_8bit says so.",
		.why = "The loader asks whether the key is there, and then takes its quant_method unguarded; transformers alone "
		       "would go on.",
		.bad = LORA,
		.bad_checkpoint = "{\"model_type\": \"llama\", \"quantization_config\": null}",
		.good = "inference: true\n",
		.good_checkpoint = "{\"model_type\": \"llama\", \"quantization_config\": null}",
		.also = { "checkpoint-block-odd" },
	},
	{
		.id = "checkpoint-classes-contradict",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_ADAPTER, KEY_GPTQ, KEY_CHECKPOINT },
		.broken = classes_contradict,
		.summary = "Axolotl and transformers read one block as two methods.",
		.message =
			"The checkpoint's block says two things: by its quant_method Axolotl makes {handed_class} of it, by "
			"its load_in_4bit or load_in_8bit transformers makes {read_class}, and refuses the other.",
		.remedy =
			"Keep in config.json what the weights are: quant_method without load_in_* keys, or quant_method: "
			"bitsandbytes with them.",
		.why = "transformers looks at load_in_4bit and load_in_8bit before quant_method, Axolotl at quant_method alone, "
		       "and configs of two classes are never merged.",
		.bad = LORA,
		.bad_checkpoint =
			BLOCK("\"quant_method\": \"gptq\", \"bits\": 4, \"load_in_4bit\": true"),
		.good = LORA,
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
		.remedy = "{retreat}, or use an unquantized checkpoint.",
		.advice =
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
		.id = "override-on-packed-weights",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = override_on_packed,
		.summary =
			"An mxfp4 or fp8 request over a checkpoint that transformers takes for unquantized, and that is not.",
		.message =
			"{base} would be applied to weights that are packed already, with {checkpoint}, and that transformers "
			"takes for plain ones.",
		.remedy =
			"Remove the request, and load the checkpoint with the engine that wrote it; or use an unquantized "
			"checkpoint.",
		.why = "What transformers does not know as quantized it takes for plain weights.",
		.bad = LORA "model_quantization_config: {fp8: {}}\n",
		.bad_checkpoint =
			BLOCK("\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\""),
		.good = LORA "model_quantization_config: {fp8: {}}\n",
		.good_checkpoint = PLAIN,
		.also = { "quant-method-unknown" },
	},
	{
		.id = "override-drops-exclusions",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_CHECKPOINT },
		.broken = override_drops_exclusions,
		.summary = "An fp8 override lacks entries of the checkpoint's exclusion list.",
		.message =
			"{base} over a checkpoint of its own class drops {dropped}: what they name would be read as fp8.",
		.remedy =
			"Remove the override, or repeat the whole list in config_kwargs.modules_to_not_convert.",
		.why = "For this class transformers takes the list of the override, also when there is none; modules that were "
		       "stored in full precision are then read as fp8.",
		.bad = LORA "model_quantization_config: {fp8: {}}\n",
		.bad_checkpoint = FP8,
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: [lm_head]}}}\n",
		.good_checkpoint = FP8,
	},
	{
		.id = "override-values-ignored",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT,
			KEY_BNB_CONFIG_KWARGS },
		.at = { KEY_BASE_QUANTIZATION, KEY_BNB_CONFIG_KWARGS },
		.broken = stored_values_win,
		.summary =
			"Values of a request over a checkpoint of the same class, which keeps its own.",
		.message =
			"{base} over a checkpoint of the same class, {checkpoint}: {ignored} has no effect, for the stored "
			"values win.",
		.remedy =
			"Remove these values; only what the checkpoint's `overridable` lists can be overridden while loading.",
		.why = "transformers takes the class's loading attributes from a request, and nothing else.",
		.bad = LORA
		"model_quantization_config: {fp8: {config_kwargs: {weight_block_size: [64, 64], "
		"modules_to_not_convert: [lm_head]}}}\n",
		.bad_checkpoint = FP8,
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: [lm_head]}}}\n",
		.good_checkpoint = FP8,
	},
	{
		.id = "dequantize-unquantized",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_CHECKPOINT },
		.broken = dequantizes_unquantized,
		.summary = "dequantize: true over a checkpoint that is not quantized.",
		.message =
			"{base} with dequantize: true changes nothing: the checkpoint is not quantized, and with dequantize "
			"it is not quantized while loading either.",
		.remedy =
			"Remove the block to train unquantized, or remove dequantize to quantize while loading.",
		.why = "transformers unpacks what is packed, and returns before it would quantize anything.",
		.bad = LORA
		"model_quantization_config: {fp8: {config_kwargs: {dequantize: true}}}\n",
		.bad_checkpoint = PLAIN,
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {dequantize: true}}}\n",
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
		.id = "moe-experts-absent",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_QUANTIZE_MOE_EXPERTS, KEY_CHECKPOINT },
		.broken = experts_are_absent,
		.summary = "quantize_moe_experts on a model without experts.",
		.message =
			"{quantize_moe_experts} has no effect: the model has no experts, by its config.json and by the names of its "
			"tensors.",
		.remedy = "Remove quantize_moe_experts, or name the model that was meant.",
		.why = "The path looks for the fused parameters of experts, and leaves everything else to the base quantization.",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_QUANTIZE_MOE_EXPERTS } },
	},
	{
		.id = "moe-experts-stay-native",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_QUANTIZE_MOE_EXPERTS,
			KEY_CHECKPOINT, KEY_MERGE_LORA, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
			KEY_BF16, KEY_FP16 },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = experts_stay_native,
		.summary =
			"A bnb or torchao base over a mixture of experts, which it does not reach.",
		.message =
			"{base} does not reach the experts: transformers keeps those of a layer as one parameter, and linear "
			"modules alone are replaced. They are loaded unquantized{fused_experts}.",
		.remedy =
			"Set quantize_moe_experts: true with a bnb base, and name the experts in lora_target_parameters where they "
			"are to be trained; or reckon with their size.",
		.why = "Since release 5 transformers merges the experts of most architectures while it loads them; "
		       "quantize_moe_experts exists for that.",
		.bad = BNB("nf4"),
		.bad_checkpoint = MOE,
		.good = BNB("nf4") "quantize_moe_experts: true\n",
		.good_checkpoint = MOE,
	},
	{
		.id = "group-size-passes-modules",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = group_passes_modules,
		.summary =
			"torchao's int4 passes modules by whose width its group does not divide.",
		.message =
			"{base} leaves linear modules unquantized whose width its group does not divide: "
			"{passed_modules}.",
		.remedy =
			"Choose a group_size that divides the widths (32, 64, 128 or 256), or another weight_dtype.",
		.why = "torchao passes such a module by with no more than a line in its log.",
	},
	{
		.id = "weight-shape-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT, KEY_MERGE_LORA },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = shape_is_refused,
		.summary = "Linear modules of shapes that the format does not take.",
		.message =
			"{base} takes modules with {shape_taken} alone, and loading stops at others: {misfit_modules}.",
		.remedy = "For this model {shape_remedy}.",
		.advice = "Choose bnb nf4 or int8, which take any shape.",
		.why = "torchao cuts weights into blocks of a fixed size, and raises where they do not come out even.",
	},
	{
		.id = "weight-shape-doubtful",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION, KEY_ADAPTER, KEY_CHECKPOINT, KEY_MERGE_LORA },
		.at = { KEY_BASE_QUANTIZATION },
		.broken = shape_is_doubtful,
		.summary = "Linear modules that the request's groups or blocks do not share out.",
		.message =
			"{base} takes modules with {shape_taken}, and there are others: {misfit_modules}. Loading stops at them in "
			"the releases that were looked at.",
		.remedy = "For this model {shape_remedy}.",
		.advice =
			"Choose a group or block size that divides the shapes, leave the modules out where the class has a list, or "
			"choose bnb int8, which takes any shape.",
		.why = "torchao asserts that its groups divide a row, transformers that its fp8 blocks divide both dimensions.",
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
		.remedy = "Add `adapter: lora`{dequantizing}; or use an unquantized checkpoint.",
		.advice =
			"Add `adapter: lora`; or dequantize while loading, where the method can (mxfp4, fp8); or use an unquantized "
			"checkpoint.",
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
			"transformers' own gate refuses training over {checkpoint} while it stays quantized; {training_recipe}.",
		.remedy = "{training_advice}.",
		.advice =
			"Target attention layers in lora_target_modules, where they are native beside quantized experts; or load with "
			"dequantize: true where the method (mxfp4, fp8) has it; or take an unquantized checkpoint.",
		.why = "The gate asks the method whether adapters can be trained over it; it is passed when the adapter wraps "
		       "the model before the trainer looks.",
		.bad = LORA,
		.bad_checkpoint = MXFP4,
		.good = LORA
		"model_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}\n",
		.good_checkpoint = MXFP4,
	},
	{
		.id = "merge-into-packed-weights",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_MERGE_LORA, KEY_CHECKPOINT, KEY_BASE_QUANTIZATION, KEY_ADAPTER,
			KEY_GPTQ, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT },
		.at = { KEY_MERGE_LORA },
		.broken = merges_into_packed,
		.summary = "merge_lora: true over a checkpoint that stays quantized.",
		.message =
			"{merge_lora} adds the adapter to weights that stay packed with {checkpoint}: what it has learnt is rounded "
			"to their few values, or the merge fails where the method cannot be packed again.",
		.remedy =
			"Merge into the unquantized checkpoint that this one was made from{dequantizing}.",
		.advice =
			"Merge into the unquantized checkpoint that this one was made from; or dequantize while loading, where the "
			"method can (mxfp4, fp8).",
		.why = "Axolotl lets the merge run over whatever the checkpoint brings; no flag of the config unpacks it.",
		.bad = LORA "merge_lora: true\n",
		.bad_checkpoint = GPTQ,
		.good = LORA "merge_lora: true\n",
		.good_checkpoint = PLAIN,
	},
	{
		.id = "checkpoint-forwarded",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.reads = { KEY_CHECKPOINT, KEY_BASE_QUANTIZATION, KEY_GPTQ,
			KEY_QUANTIZE_MOE_EXPERTS },
		.at = { KEY_BASE_QUANTIZATION, KEY_GPTQ },
		.broken = forwarded,
		.summary = "No quantization requested; the checkpoint's own is honoured.",
		.message =
			"The checkpoint's own {checkpoint} config is forwarded unchanged, exclusion list and all{excluded}: "
			"what it excludes stays in its native dtype.",
		.remedy = "{forwarding}.{expert_recipe}",
		.advice =
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
		.id = "checkpoint-not-found",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "The request names a checkpoint that is not found.",
		.message =
			"The checkpoint that the request names was not inspected: {lookup}. The rules of the load stage did "
			"not run.",
		.remedy =
			"Correct the name, add the model to a model root, or send its config.json; require_checkpoint makes "
			"this an error.",
		.why = "Whoever names a checkpoint asks for its verdict, so that silence would look like a pass; the config "
		       "itself may well be right, so that it is not rejected.",
		.require_checkpoint = true,
	},
	{
		.id = "checkpoint-unusable",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_CHECKPOINT, KEY_BASE_MODEL },
		.at = { KEY_BASE_MODEL },
		.broken = not_usable,
		.summary = "The checkpoint is there, and cannot be used.",
		.message =
			"No checkpoint was inspected: {lookup}. The rules of the load stage did not run.",
		.remedy =
			"See to it that the folder's files are regular ones, that links stay below the model root, and that the "
			"service may read them; or send the checkpoint's config.json with the request.",
		.why = "What the service cannot read the training job may fail on, too; and nothing was looked at.",
		.require_checkpoint = true,
	},
	{
		.id = "model-root-closed",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_CHECKPOINT, KEY_BASE_MODEL },
		.at = { KEY_BASE_MODEL },
		.broken = root_closed,
		.summary = "The checkpoint is not found, and a model root cannot be opened.",
		.message =
			"No checkpoint was inspected: {lookup}. The rules of the load stage did not run.",
		.remedy =
			"See to it that the folder is there (mounted, say) and that the service may read it; or send the "
			"checkpoint's config.json with the request.",
		.why = "The model may be in that root, so that nobody can say that it is missing.",
		.require_checkpoint = true,
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
			"Give the checkpoint's config.json, or a model root that has the model, or say `none` where the "
			"checkpoint does not matter.",
		.why = "Half of the surprises sit in the checkpoint's own quantization_config.",
		.bad = LORA "base_model: org/model\n",
		.good = LORA "base_model: org/model\n",
		.good_checkpoint = PLAIN,
		.require_checkpoint = true,
		.blameless = true,
	},
};

RULE_FAMILY(rules_load, rows);
