/* The mapping forms of the base quantization: backend, weight dtype, group size. Most are raised by their reader. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define TORCHAO(body) "adapter: lora\nmodel_quantization_config:\n  torchao:\n" body

static bool same_base(const struct base_spelling *a, const struct base_spelling *b)
{
	return a->backend == b->backend && a->dtype == b->dtype &&
	       a->group_size_value == b->group_size_value &&
	       (a->config_kwargs == b->config_kwargs ||
		       (a->config_kwargs && b->config_kwargs &&
			       node_equal(a->config_kwargs, b->config_kwargs)));
}

static bool dialects_contradict(const struct facts *f)
{
	const struct base_quantization *base = &f->base;
	bool both = base->structured.dialect != DIALECT_NONE && base->peft.dialect != DIALECT_NONE;
	bool staged = base->nf4_backend && base->flags.backend == BACKEND_TORCHAO;
	return (both && !same_base(&base->structured, &base->peft)) ||
	       (staged && block_is(f, BACKEND_BNB));
}

static bool kwargs_without_class(const struct facts *f)
{
	return nonempty(f, KEY_MODEL_QUANTIZATION_CONFIG_KWARGS) &&
	       !(is_set(f, KEY_MODEL_QUANTIZATION_CONFIG) &&
		       f->settings[KEY_MODEL_QUANTIZATION_CONFIG].value->kind == NODE_STRING);
}

static bool nf4_backend_alone(const struct facts *f)
{
	return is_set(f, KEY_NF4_BACKEND) && !nf4_backend_waits(f) &&
	       !(says(f, KEY_ADAPTER, "qlora") && is_true(f, KEY_LOAD_IN_4BIT));
}

static const struct rule rows[] = {
	{
		.id = "backend-missing",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The block selects no backend.",
		.message =
			"{key} selects no backend, so that it is not known what should quantize the base model.",
		.remedy = "Set {choices} `model_quantization_config: {form}`, or remove the block.",
		.advice =
			"Name one backend, as in `model_quantization_config: {bnb: {weight_dtype: nf4}}`, or remove the block.",
		.why = "The block is discriminated by the backend's name; exactly one must be set.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  weight_dtype: nf4\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n",
	},
	{
		.id = "backend-multiple",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The block selects more than one backend.",
		.message =
			"model_quantization_config selects {value} at once, and one base model has one backend.",
		.remedy = "Keep the backend that is meant and remove the others.",
		.why = "The block is discriminated by the backend's name; exactly one must be set.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  bnb: {weight_dtype: nf4}\n  torchao: "
		       "{weight_dtype: int8}\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  torchao: {weight_dtype: int8}\n",
	},
	{
		.id = "backend-unknown",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A backend that does not exist.",
		.message = "{value} is no backend: there are {expected}{suggestion}.",
		.remedy = "Name one of {expected}.",
		.advice = "Name one of the backends that the message lists.",
		.why = "The name decides which library quantizes; names are compared exactly.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  bitsandbytes:\n    weight_dtype: nf4\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n",
	},
	{
		.id = "quant-class-unknown",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A class name other than the two that the string form takes.",
		.message =
			"model_quantization_config is {value}, and as a string it takes Mxfp4Config or "
			"FineGrainedFP8Config alone{suggestion}.",
		.remedy = "Write the structured form, as in `model_quantization_config: {form}`.",
		.advice =
			"Write the structured form, as in `model_quantization_config: {bnb: {weight_dtype: nf4}}`.",
		.why = "Axolotl compares the string with these two names and refuses every other.",
		.bad = "adapter: lora\nmodel_quantization_config: BitsAndBytesConfig\n",
		.good = "adapter: lora\nmodel_quantization_config: Mxfp4Config\n",
	},
	{
		.id = "weight-dtype-missing",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "bnb or torchao without weight_dtype.",
		.message =
			"{backend} is selected without weight_dtype, and it has no default: there are {expected}.",
		.remedy = "Add `weight_dtype:` with one of {expected}.",
		.advice = "Add `weight_dtype:` with one of the dtypes that the message lists.",
		.why = "The dtype decides which quantization is installed and whether the adapter is a QLoRA.",
		.bad = TORCHAO("    group_size: 128\n"),
		.good = TORCHAO("    weight_dtype: int8\n    group_size: 128\n"),
	},
	{
		.id = "weight-dtype-unknown",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A weight dtype that the backend does not have.",
		.message = "{backend} has no weight_dtype {value}: it has {expected}{suggestion}.",
		.remedy = "Write one of {expected}, or select the backend that has this dtype.",
		.advice =
			"Write one of the dtypes that the message lists, or select the backend that has this one.",
		.why = "Each backend brings its own kernels and tensor types.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: int4\n",
		.good = TORCHAO("    weight_dtype: nvfp4\n"),
	},
	{
		.id = "group-size-invalid",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "group_size is no positive integer, or not 16 for nvfp4.",
		.message = "group_size is {value}, and for {dtype} it must be {expected}.",
		.remedy = "Write {expected}, or remove group_size to get the default.",
		.advice =
			"Write a size that the message names, or remove group_size to get the default.",
		.why = "Weights share one scale per group; nvfp4's groups are 16 wide by definition.",
		.bad = TORCHAO("    weight_dtype: nvfp4\n    group_size: 32\n"),
		.good = TORCHAO("    weight_dtype: nvfp4\n    group_size: 16\n"),
	},
	{
		.id = "group-size-unusual",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A group size that the dtype does not really support.",
		.message = "group_size is {value}, and {dtype} supports {expected}: {effect}.",
		.remedy = "Write {expected}, or remove group_size to get the default.",
		.advice =
			"Write a size that the message names, or remove group_size to get the default.",
		.why = "torchao accepts the number without a check and then does something else in part.",
		.bad = TORCHAO("    weight_dtype: int4\n    group_size: 100\n"),
		.good = TORCHAO("    weight_dtype: int4\n    group_size: 64\n"),
	},
	{
		.id = "group-size-ignored",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "group_size beside fp8.",
		.message =
			"group_size is {value}, and {dtype} has no groups: the value has no effect.",
		.remedy = "Remove group_size.",
		.why = "torchao's fp8 weights are scaled by row; the loader does not hand the number on.",
		.bad = TORCHAO("    weight_dtype: fp8\n    group_size: 128\n"),
		.good = TORCHAO("    weight_dtype: fp8\n"),
	},
	{
		.id = "nf4-backend-unknown",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "nf4_backend names something else than bitsandbytes or torchao.",
		.message = "nf4_backend is {value}, and takes bitsandbytes or torchao.",
		.remedy =
			"Write `model_quantization_config` with bnb or torchao and weight_dtype: nf4 instead.",
		.why = "The key selects which library makes the NF4 weights.",
		.bad = "adapter: qlora\nload_in_4bit: true\nnf4_backend: hqq\n",
		.good = "adapter: qlora\nload_in_4bit: true\nnf4_backend: torchao\n",
	},
	{
		.id = "nf4-backend-orphan",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_NF4_BACKEND, KEY_ADAPTER, KEY_LOAD_IN_4BIT },
		.at = { KEY_NF4_BACKEND },
		.broken = nf4_backend_alone,
		.summary = "nf4_backend without the flags that it modifies.",
		.message =
			"{nf4_backend} has no effect here: it modifies adapter: qlora with load_in_4bit: true, and here "
			"stand {adapter} and {load_in_4bit}.",
		.remedy = "Remove nf4_backend, and name the base in model_quantization_config.",
		.why = "The key is no request of its own; it only chooses how the NF4 of QLoRA is made.",
		.bad = "adapter: lora\nnf4_backend: torchao\n",
		.good = "adapter: qlora\nload_in_4bit: true\nnf4_backend: torchao\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_NF4_BACKEND } },
	},
	{
		.id = "dialects-contradict",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION, KEY_MODEL_QUANTIZATION_CONFIG, KEY_PEFT,
			KEY_NF4_BACKEND },
		.at = { KEY_MODEL_QUANTIZATION_CONFIG, KEY_PEFT, KEY_NF4_BACKEND },
		.broken = dialects_contradict,
		.summary = "Two spellings ask for different base quantizations.",
		.message = "Two spellings ask for different base quantizations: {culprits}.",
		.remedy =
			"Keep model_quantization_config with what is meant and remove the other spelling.",
		.why = "Which one wins differs between generations of Axolotl.",
		.bad = "adapter: lora\nmodel_quantization_config:\n  bnb: {weight_dtype: int8}\npeft:\n  backend: "
		       "torchao\n  weight_dtype: int8\n",
		.good = "adapter: lora\nmodel_quantization_config:\n  torchao: {weight_dtype: int8}\npeft:\n  backend: "
			"torchao\n  weight_dtype: int8\n",
	},
	{
		.id = "unknown-backend-key",
		.stage = STAGE_SCHEMA,
		.severity = EXCEPT_FLAT(SEVERITY_WARNING, SEVERITY_ERROR),
		.summary = "A key that the backend does not know.",
		.message =
			"{backend} knows no key {key}, so that it has no effect: it takes {expected}{suggestion}.",
		.remedy = "Correct or remove the key.",
		.why = "The nested form drops unknown keys in silence, the flat form refuses them.",
		.bad = TORCHAO("    weight_dtype: int8\n    group_sise: 64\n"),
		.good = TORCHAO("    weight_dtype: int8\n    group_size: 64\n"),
	},
	{
		.id = "orphan-kwargs",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_MODEL_QUANTIZATION_CONFIG_KWARGS, KEY_MODEL_QUANTIZATION_CONFIG },
		.at = { KEY_MODEL_QUANTIZATION_CONFIG_KWARGS },
		.broken = kwargs_without_class,
		.summary = "model_quantization_config_kwargs without a class name.",
		.message =
			"model_quantization_config_kwargs has no effect here: it belongs to a class name in "
			"model_quantization_config, and there is none.",
		.remedy = "{kwargs_remedy}.",
		.advice =
			"Move the arguments to config_kwargs of mxfp4 or fp8 in model_quantization_config, or remove the "
			"key; where another base is asked for, remove it.",
		.why = "The loader reads the arguments only when it builds the class that the string names.",
		.bad = "adapter: lora\nmodel_quantization_config_kwargs:\n  dequantize: true\n",
		.good = "adapter: lora\nmodel_quantization_config: Mxfp4Config\nmodel_quantization_config_kwargs:\n  "
			"dequantize: true\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_MODEL_QUANTIZATION_CONFIG_KWARGS } },
	},
};

RULE_FAMILY(rules_blocks, rows);
