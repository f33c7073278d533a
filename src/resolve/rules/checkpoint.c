/* Oddities of the checkpoint's own files. Raised by their reader. */
#include "resolve/rules/families.h"

#define LORA "adapter: lora\n"
#define GOOD                                                                                       \
	"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4}}"

static const struct rule rows[] = {
	{
		.id = "checkpoint-unreadable",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The checkpoint's file cannot be read.",
		.message = "The checkpoint's {file} cannot be read: {detail}.",
		.remedy = "{renewal}.",
		.advice =
			"Send the config.json of the checkpoint as it is; for a model below a root, download the file again.",
		.why = "Without it nothing can be said of the checkpoint's own quantization.",
		.bad = LORA,
		.bad_checkpoint = "{\"model_type\": ",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-not-an-object",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The checkpoint's file is no JSON object.",
		.message = "The checkpoint's {file} is no JSON object: {detail}.",
		.remedy = "{renewal}.",
		.advice =
			"Send the config.json of the checkpoint as it is; for a model below a root, download the file again.",
		.why = "A model's config.json is an object.",
		.bad = LORA,
		.bad_checkpoint = "[]",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "quant-method-missing",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A quantization block without quant_method.",
		.message = "The checkpoint's quantization block has no quant_method: {detail}.",
		.remedy =
			"Add the quant_method that made the weights, where transformers has it; else load the checkpoint with the engine "
			"that wrote it. Remove an empty block.",
		.why = "transformers stops at a block that names no method.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"bits\": 4, \"group_size\": 64}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "quant-method-unknown",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A quant_method that transformers does not know.",
		.message =
			"transformers knows no quant_method {value} and would skip the block: {detail}.",
		.remedy =
			"Correct the spelling in config.json where transformers has the method under another name; else load "
			"the checkpoint with the engine that wrote it.",
		.why = "Names are compared exactly; after the skip the packed tensors are loaded as if they were plain.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"bnb-4bit\"}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-wrong-type",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A value of the quantization block has the wrong type.",
		.message = "{path} in the checkpoint's {file} is {value}: {detail}.",
		.remedy =
			"Correct the value in config.json, or take the file that was published with the weights.",
		.why = "The method's config class does not check it, and misreads it.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, "
			"\"sym\": \"yes\"}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-value-odd",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A value of the quantization block that is not read as it is meant.",
		.message = "{path} in the checkpoint's {file} is {value}: {detail}.",
		.remedy =
			"Correct the value in config.json, or take the file that was published with the weights.",
		.why = "The method's config class lets it pass, and the weights are read wrongly or not at all.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"awq\", \"bits\": 5}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-key-unread",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary =
			"A key that tells how weights are stored, and that transformers does not read.",
		.message =
			"{path} in the checkpoint's {file} tells how weights are stored, and {detail}.",
		.remedy =
			"Leave the file as it is; where layers differ, load the checkpoint with the engine that wrote it.",
		.why = "The method's class in transformers takes the rest of the block for the whole.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, "
			"\"dynamic\": {\"-:.*down_proj\": {}}}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-block-refused",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A quantization block that transformers fails on.",
		.message =
			"{path} in the checkpoint's {file} is {value}, and transformers fails on it: {detail}.",
		.remedy =
			"Take the config.json that was published with the weights, or correct the value.",
		.why = "The block is given to its method's config class before any weight is loaded, and the class raises.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 5}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-block-odd",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary =
			"Something else than a block stands in its place, and transformers goes on.",
		.message = "{path} in the checkpoint's {file} is {value}: {detail}.",
		.remedy =
			"Remove the key, or restore the block that was published with the weights.",
		.why = "Loaders expect an object with quant_method there.",
		.bad = "base_model: org/model\n",
		.bad_checkpoint = "{\"model_type\": \"llama\", \"quantization_config\": null}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-exclusion-invalid",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "An entry of the exclusion list that its grammar does not take.",
		.message =
			"{path} in the checkpoint's {file} is {value}, and excludes nothing: {detail}.",
		.remedy = "Correct the entry.",
		.why = "Whoever reads the list passes over it, or stops there; where transformers stops it is "
		       "checkpoint-block-refused.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"quark\", "
			"\"exclude\": [\"lm_head\", 7]}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-unseen-by-axolotl",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "The block stands where Axolotl does not look.",
		.message =
			"The quantization block stands at {path} of the checkpoint's {file}, where Axolotl does not look: "
			"{detail}.",
		.remedy = "Nothing need be done; transformers honours it.",
		.why = "Axolotl looks at the top level of config.json alone.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"kimi_k25\", \"text_config\": {\"quantization_config\": {\"quant_method\": "
			"\"gptq\", \"bits\": 4}}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-unseen-by-transformers",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "The block stands where transformers does not look.",
		.message =
			"The quantization block stands at {path} of the checkpoint's {file}, where transformers does not "
			"look: {detail}.",
		.remedy =
			"Load the checkpoint with the engine that wrote it, or move the block to config.json's "
			"quantization_config with the right quant_method.",
		.why = "transformers looks at config.json alone, at the top level and in the text config.",
		.bad = LORA,
		.bad_checkpoint =
			"{\"model_type\": \"llama\", \"compression_config\": {\"quant_method\": "
			"\"compressed-tensors\", \"config_groups\": {}}}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-side-file-alone",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "A side file came without the config.json that it belongs to.",
		.message =
			"This is a {file}, which transformers does not read: whether the weights load as quantized stands in the "
			"checkpoint's config.json, which may declare the same.",
		.remedy =
			"Send config.json, or name the model where a model root has it; then both are looked at.",
		.why = "Many tools write the block into both files, and transformers looks at config.json alone.",
		.bad = LORA,
		.bad_checkpoint = "{\"bits\": 4, \"group_size\": 128, \"desc_act\": false}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-duplicate-key",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A key twice in the checkpoint's file.",
		.message = "The key at {path} stands twice in the checkpoint's {file}: {detail}.",
		.remedy = "Remove one of the two.",
		.why = "JSON readers differ in which one they keep.",
		.bad = LORA,
		.bad_checkpoint = "{\"model_type\": \"llama\", \"model_type\": \"qwen2\"}",
		.good = LORA,
		.good_checkpoint = GOOD,
	},
	{
		.id = "checkpoint-weights-disagree",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "The tensors are not what the block declares.",
		.message = "The tensors are not what {file} declares: {detail}.",
		.remedy =
			"Take config.json and weights from the same revision; where a list of modules is wrong, correct it.",
		.why = "A loader believes the block and misreads the tensors.",
	},
	{
		.id = "checkpoint-exclusions-unmatched",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "Entries of the exclusion list that match no module.",
		.message = "Of the checkpoint's exclusion list {detail}, {value} for one.",
		.remedy =
			"Nothing need be done where the names are those of another library's modules; else correct them.",
		.why = "What such an entry was to keep as it is may have been quantized.",
	},
	{
		.id = "checkpoint-exclusions-untried",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "Entries of the exclusion list that are too much to be tried here.",
		.message =
			"Of the checkpoint's exclusion list {detail} entries were not tried on names of modules, {value} for one: "
			"they are more, longer or slower than is tried here.",
		.remedy =
			"Nothing need be done; but what the list keeps as it is was not compared with the tensors.",
		.why = "Of patterns a list may have 4096, of 1024 bytes each, and their tries have a budget, so that no model "
		       "delays others. It says nothing of the entries themselves.",
	},
	{
		.id = "checkpoint-shards-missing",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "Some of the shards that the index names are not there.",
		.message = "The checkpoint's {file} names {value}, which is not there: {detail}.",
		.remedy = "Finish the download of the model.",
		.why = "The loader looks for every shard, and the sums over the weights are missing from this inspection.",
	},
	{
		.id = "checkpoint-weights-absent",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "None of the shards that the index names is there.",
		.message = "The checkpoint's {file} names {value}, which is not there: {detail}.",
		.remedy =
			"Nothing need be done where the folder is only for looking at; else download the weights.",
		.why = "A folder without weights can be inspected by its config.json and the index's names alone.",
	},
	{
		.id = "checkpoint-revision-unseen",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary =
			"A revision is asked for, and the model was found in a plain model root.",
		.message =
			"The model was found in a plain model root, and whether it is revision {value} cannot be told: "
			"{detail}.",
		.remedy =
			"Look the model up in a hub cache (--hf-cache), or see to it that the folder holds that revision.",
		.why = "Another revision may be quantized in another way.",
	},
	{
		.id = "checkpoint-file-bad",
		.stage = STAGE_LOAD,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A file beside config.json cannot be used.",
		.message = "The checkpoint's {file} cannot be used: {detail}.",
		.remedy = "Download the file again.",
		.why = "What it would tell of the weights is missing from this inspection.",
	},
};

RULE_FAMILY(rules_checkpoint, rows);
