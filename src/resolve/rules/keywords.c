/* Keywords that the config hands to transformers' classes. */
#include "resolve/facts.h"
#include "resolve/rules/families.h"

#define LORA "adapter: lora\n"
#define BNB(dtype) LORA "model_quantization_config:\n  bnb:\n    weight_dtype: " dtype "\n"

static bool class_refuses_kwargs(const struct facts *f)
{
	return base_is_class(f) && f->kwargs_refused.length > 0;
}

static bool class_misreads_kwargs(const struct facts *f)
{
	return base_is_class(f) && f->kwargs_misread.length > 0;
}

static bool class_swallows_kwargs(const struct facts *f)
{
	return base_is_class(f) && f->kwargs_unknown.length > 0;
}

static bool bnb_refuses_kwargs(const struct facts *f)
{
	return base_is(f, BACKEND_BNB) && f->kwargs_refused.length > 0;
}

static bool bnb_misreads_kwargs(const struct facts *f)
{
	return base_is(f, BACKEND_BNB) && f->kwargs_misread.length > 0;
}

static bool bnb_swallows_kwargs(const struct facts *f)
{
	return base_is(f, BACKEND_BNB) && f->kwargs_unknown.length > 0;
}

/* A merge has its own use for some of them. */
static bool kwargs_reach_nobody(const struct facts *f)
{
	return nonempty(f, KEY_BNB_CONFIG_KWARGS) && !merging(f) &&
	       !(base_is(f, BACKEND_BNB) && base_has_dtype(f, DTYPE_NF4));
}

static bool skips_are_refused(const struct facts *f)
{
	return f->skips.refused.length > 0;
}

static bool skips_are_idle(const struct facts *f)
{
	return f->skips.idle.length > 0;
}

static bool skips_drop_head(const struct facts *f)
{
	return f->skips.drops_head;
}

#define SKIP_READS                                                                                 \
	{                                                                                          \
		KEY_BASE_QUANTIZATION, KEY_BNB_CONFIG_KWARGS, KEY_ADAPTER, KEY_MERGE_LORA,         \
			KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_CHECKPOINT                         \
	}
#define SKIP_PLACES                                                                                \
	{                                                                                          \
		KEY_BNB_CONFIG_KWARGS, KEY_BASE_QUANTIZATION                                       \
	}
#define SKIPS(list) BNB("nf4") "bnb_config_kwargs: {llm_int8_skip_modules: " list "}\n"

static const struct rule rows[] = {
	{
		.id = "config-kwargs-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BASE_QUANTIZATION },
		.broken = class_refuses_kwargs,
		.summary = "A value in config_kwargs that the class raises on.",
		.message = "{base} hands its class a value that it raises on: {kwargs_refused}.",
		.remedy = "Correct the value, or leave the keyword out.",
		.why = "The config class checks its keywords when it is made, before the model is loaded.",
		.bad = LORA
		"model_quantization_config: {fp8: {config_kwargs: {activation_scheme: both}}}\n",
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {activation_scheme: static}}}\n",
	},
	{
		.id = "config-kwargs-unknown",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION },
		.broken = class_swallows_kwargs,
		.summary = "A keyword in config_kwargs that the class does not know.",
		.message =
			"{base} hands its class a keyword that it does not know and drops without a word: "
			"{kwargs_unknown}.",
		.remedy = "Correct the keyword's spelling, or remove it.",
		.why = "The config classes take any keyword and read those that they know.",
		.bad = LORA
		"model_quantization_config: {fp8: {config_kwargs: {block_size: [64, 64]}}}\n",
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {weight_block_size: [64, 64]}}}\n",
	},
	{
		.id = "config-kwargs-misread",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BASE_QUANTIZATION },
		.broken = class_misreads_kwargs,
		.summary = "A value in config_kwargs that the class takes and misreads.",
		.message = "{base} hands its class a value that it misreads: {kwargs_misread}.",
		.remedy = "Correct the value, or leave the keyword out.",
		.why = "The config class does not check it.",
		.bad = LORA
		"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: lm_head}}}\n",
		.good = LORA
		"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: [lm_head]}}}\n",
	},
	{
		.id = "bnb-kwargs-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = { KEY_BNB_CONFIG_KWARGS, KEY_BASE_QUANTIZATION, KEY_ADAPTER,
			KEY_MERGE_LORA, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_GPTQ,
			KEY_CHECKPOINT },
		.at = { KEY_BNB_CONFIG_KWARGS },
		.broken = bnb_refuses_kwargs,
		.summary = "A value in bnb_config_kwargs that BitsAndBytesConfig raises on.",
		.message =
			"bnb_config_kwargs holds a value that BitsAndBytesConfig raises on: {kwargs_refused}.",
		.remedy = "Correct the value, or leave the keyword out.",
		.why = "The class checks its keywords when it is made, before the model is loaded; it takes no whole number for "
		       "a float, and no name for a list.",
		.bad = BNB("nf4") "bnb_config_kwargs: {llm_int8_threshold: 6}\n",
		.good = BNB("nf4") "bnb_config_kwargs: {llm_int8_threshold: 6.0}\n",
	},
	{
		.id = "bnb-kwargs-misread",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BNB_CONFIG_KWARGS, KEY_BASE_QUANTIZATION, KEY_ADAPTER,
			KEY_MERGE_LORA, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_GPTQ,
			KEY_CHECKPOINT },
		.at = { KEY_BNB_CONFIG_KWARGS },
		.broken = bnb_misreads_kwargs,
		.summary =
			"A value in bnb_config_kwargs that BitsAndBytesConfig takes, and bitsandbytes does not.",
		.message =
			"bnb_config_kwargs holds a value that BitsAndBytesConfig does not check: {kwargs_misread}.",
		.remedy = "Correct the value, or leave the keyword out.",
		.why = "What the class lets pass fails later, or does something else.",
		.bad = BNB("nf4") "bnb_config_kwargs: {bnb_4bit_quant_type: int4}\n",
		.good = BNB("nf4") "bnb_config_kwargs: {bnb_4bit_quant_type: fp4}\n",
	},
	{
		.id = "bnb-kwargs-unknown",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BNB_CONFIG_KWARGS, KEY_BASE_QUANTIZATION, KEY_ADAPTER,
			KEY_MERGE_LORA, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT, KEY_GPTQ,
			KEY_CHECKPOINT },
		.at = { KEY_BNB_CONFIG_KWARGS },
		.broken = bnb_swallows_kwargs,
		.summary = "A keyword in bnb_config_kwargs that BitsAndBytesConfig does not know.",
		.message =
			"bnb_config_kwargs holds a keyword that BitsAndBytesConfig does not know and drops: "
			"{kwargs_unknown}.",
		.remedy = "Correct the keyword's spelling, or remove it.",
		.why = "The class takes any keyword, reads those that it knows, and says no more than a line in its log.",
		.bad = BNB("nf4") "bnb_config_kwargs: {bnb_4bit_double_quant: true}\n",
		.good = BNB("nf4") "bnb_config_kwargs: {bnb_4bit_use_double_quant: true}\n",
	},
	{
		.id = "bnb-kwargs-ignored",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = { KEY_BNB_CONFIG_KWARGS, KEY_BASE_QUANTIZATION, KEY_MERGE_LORA, KEY_GPTQ },
		.at = { KEY_BNB_CONFIG_KWARGS },
		.broken = kwargs_reach_nobody,
		.summary = "bnb_config_kwargs without a bnb nf4 base.",
		.message =
			"bnb_config_kwargs has no effect here: Axolotl lays it over the arguments of a 4-bit bnb base alone, and "
			"here stands {base_or_gptq}.",
		.remedy = "Remove bnb_config_kwargs{bnb_remedy}.",
		.advice =
			"Remove bnb_config_kwargs, or ask for `model_quantization_config: {bnb: {weight_dtype: nf4}}`; beside "
			"gptq: true, remove it.",
		.why = "The 8-bit branch of the loader builds its arguments by itself, and the others make no BitsAndBytesConfig.",
		.bad = BNB("int8") "bnb_config_kwargs: {llm_int8_threshold: 5.0}\n",
		.good = BNB("nf4") "bnb_config_kwargs: {llm_int8_threshold: 5.0}\n",
		.fix = { .kind = FIX_REMOVE, .keys = { KEY_BNB_CONFIG_KWARGS } },
	},
	{
		.id = "skip-list-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.reads = SKIP_READS,
		.at = SKIP_PLACES,
		.broken = skips_are_refused,
		.summary = "An entry of a list of modules that transformers raises on.",
		.message = "{skip_list} holds what transformers raises on: {skips_refused}.",
		.remedy =
			"Write the name of a module, or the beginning or the end of one; a pattern in the way of Python's re, "
			"as `model\\.layers\\.\\d+\\.mlp`, and no glob.",
		.why = "transformers tries each entry as a regular expression on every module's name while it makes the model.",
		.bad = SKIPS("[lm_head, '*.attn.*']"),
		.good = SKIPS("[lm_head, '.*attn.*']"),
	},
	{
		.id = "skip-list-idle",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = SKIP_READS,
		.at = SKIP_PLACES,
		.broken = skips_are_idle,
		.summary = "An entry of a list of modules that leaves out none.",
		.message =
			"{skip_list} has entries that leave out nothing: no module that would be quantized has a name that begins "
			"with or ends in {skips_idle}.",
		.remedy = "Correct the entry, or remove it.",
		.why = "transformers goes by the whole names of linear modules: by their beginning as a regular expression, or by "
		       "their end.",
	},
	{
		.id = "skip-list-drops-lm-head",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.reads = SKIP_READS,
		.at = SKIP_PLACES,
		.broken = skips_drop_head,
		.summary = "A list of modules without lm_head.",
		.message =
			"{skip_list} does not name lm_head, so that lm_head is quantized, too: with a list transformers adds none "
			"of the modules that it leaves out by itself.",
		.remedy = "Add lm_head to the list.",
		.why = "Without a list transformers leaves out lm_head and what is tied to the embeddings.",
		.bad = SKIPS("[down_proj]"),
		.good = SKIPS("[lm_head, down_proj]"),
	},
};

RULE_FAMILY(rules_keywords, rows);
