/* What keeps a config from being read at all; and keys that stand twice. */
#include "resolve/rules/families.h"

#define SMALL_CONFIG "base_model: org/model\nadapter: lora\n"
#define TEN_DEEP "[[[[[[[[[["

static const struct rule rows[] = {
	{
		.id = "yaml-syntax",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The text is not well-formed YAML.",
		.message = "The config cannot be read as YAML: {detail}.",
		.remedy =
			"Correct the text at this place; often the cause is an unclosed quote or bracket, or "
			"indentation, a little above it.",
		.why = "Nothing can be said about a config that has no structure.",
		.bad = "adapter: [lora\nbase_model: org/model\n",
		.good = SMALL_CONFIG,
	},
	{
		.id = "yaml-encoding",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The bytes are neither UTF-8 nor UTF-16.",
		.message = "The config is not UTF-8 text: {detail}.",
		.remedy = "Save the file as UTF-8.",
		.why = "YAML is Unicode; any other encoding would be guessed, and guesses change values.",
		.bad = "base_model: caf\xe9\nadapter: lora\n",
		.good = "base_model: caf\xc3\xa9\nadapter: lora\n",
	},
	{
		.id = "yaml-limit",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "Deeper nesting, more nodes or more alias expansion than is read.",
		.message = "The config goes over a limit of {limit}: {detail}.",
		.remedy =
			"Write less, nest less, repeat less through aliases; the limits of a service can be raised by whoever runs it.",
		.why = "A few hundred bytes of aliases can stand for gigabytes; the work for one config is bounded.",
		.bad = "deep: " TEN_DEEP TEN_DEEP TEN_DEEP TEN_DEEP TEN_DEEP TEN_DEEP TEN_DEEP "\n",
		.good = "deep: [[[[[[]]]]]]\n",
	},
	{
		.id = "yaml-multiple-documents",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A second YAML document follows the first.",
		.message = "A second document begins here, and a config is one document.",
		.remedy = "Send each document by itself.",
		.why = "Axolotl refuses such a file; taking the first document would drop the rest in silence.",
		.bad = SMALL_CONFIG "---\nadapter: qlora\n",
		.good = "---\n" SMALL_CONFIG "...\n",
	},
	{
		.id = "yaml-empty",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "There is nothing in the document.",
		.message = "The config is empty: {detail}.",
		.remedy =
			"Give the contents of the config file; a request has them as its body (curl: --data-binary @FILE).",
		.why = "An empty body is nearly always a file name or a pipe that went wrong.",
		.bad = "# nothing but a comment\n",
		.good = SMALL_CONFIG,
	},
	{
		.id = "yaml-not-a-mapping",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The top level is a list or a single value.",
		.message =
			"A config is a mapping of keys to values, and the top level here is something else.",
		.remedy = "Write `key: value` lines at the top level.",
		.why = "Axolotl reads its settings by key.",
		.bad = "- adapter: lora\n- base_model: org/model\n",
		.good = SMALL_CONFIG,
	},
	{
		.id = "yaml-unknown-tag",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A tag that a safe loader does not construct.",
		.message = "The tag here is not one that a safe YAML loader constructs: {detail}.",
		.remedy = "Remove the tag and write the plain value.",
		.why = "Axolotl loads configs safely: tags that name Python objects or are made up stop it.",
		.bad = "base_model: !!python/object:os.system {}\n",
		.good = "base_model: !!str org/model\n",
	},
	{
		.id = "duplicate-key",
		.stage = STAGE_SYNTAX,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "The same key twice in one mapping.",
		.message =
			"The key {key} stands {earlier} already; this later value wins and the earlier one has no "
			"effect.",
		.remedy = "Remove one of the two.",
		.why = "YAML loaders keep the last value without a word.",
		.bad = "micro_batch_size: 1\nadapter: lora\nmicro_batch_size: 2\n",
		.good = "micro_batch_size: 2\nadapter: lora\n",
	},
};

RULE_FAMILY(rules_syntax, rows);
