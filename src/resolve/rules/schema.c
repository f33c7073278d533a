/* Single values: types, spelling of keys, keys that stand twice. Raised by the readers. */
#include "resolve/rules/families.h"

static const struct rule rows[] = {
	{
		.id = "duplicate-decisive-key",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary =
			"A key that decides the quantization stands twice with different values.",
		.message =
			"The key {key} {values}, and it decides how the base model is quantized.",
		.remedy = "Keep the one that is meant and remove the other.",
		.why = "The later value would win without a word; for these keys that changes what is trained.",
		.bad = "adapter: lora\nload_in_8bit: false\nload_in_8bit: true\n",
		.good = "adapter: lora\nload_in_8bit: true\n",
	},
	{
		.id = "wrong-type",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "A decisive key holds a value of the wrong type.",
		.message = "{key} is {value}, and takes {expected}.",
		.remedy = "Write {expected}, or remove the key.",
		.advice = "Write a value of the type that the message names, or remove the key.",
		.why = "Axolotl's schema refuses the value before anything is loaded.",
		.bad = "adapter: lora\nload_in_8bit: maybe\n",
		.good = "adapter: lora\nload_in_8bit: true\n",
	},
	{
		.id = "coerced-type",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "A value of another type that Axolotl's schema converts.",
		.message =
			"{key} is {value}, which is converted to {taken} since the key takes {expected}{caution}.",
		.remedy = "Write {expected} itself, unquoted.",
		.advice = "Write a value of the type that the message names, unquoted.",
		.why = "The conversion is Axolotl's, and checks that run before it see the raw value.",
		.bad = "adapter: lora\nload_in_8bit: \"true\"\n",
		.good = "adapter: lora\nload_in_8bit: true\n",
	},
	{
		.id = "misspelled-key",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_WARNING),
		.summary = "An unknown top-level key that is close to a known one.",
		.message =
			"Axolotl knows no key {key}, so it drops it without a word; {suggestion} was probably meant.",
		.remedy = "Write {suggestion}, or remove the key.",
		.advice = "Write the key that the message suggests, or remove this one.",
		.why = "Unknown keys are ignored in silence, and the run trains something else than was asked for.",
		.bad = "adaptor: lora\n",
		.good = "adapter: lora\n",
	},
	{
		.id = "config-in-envelope",
		.stage = STAGE_VALIDATION,
		.severity = ALWAYS(SEVERITY_ERROR),
		.summary = "The config stands inside of a key config, and nothing beside it.",
		.message =
			"The key config holds a config, as an envelope of the HTTP API does, and Axolotl has no such "
			"key: as it stands, this configures nothing.",
		.remedy =
			"Give what config holds by itself; over HTTP, send an envelope as application/json.",
		.why = "An envelope that is taken for YAML would be approved, whatever stands in it.",
		.bad = "config: |\n  adapter: lora\n  load_in_4bit: true\n",
		.good = "adapter: lora\nload_in_4bit: true\n",
	},
	{
		.id = "findings-left-out",
		.stage = STAGE_SCHEMA,
		.severity = ALWAYS(SEVERITY_NOTE),
		.summary = "More findings than are listed.",
		.message = "{count} further findings are not listed: {limit} of them are kept.",
		.remedy = "Mend what is listed and ask again.",
		.why = "A config with so many faults has one cause; the work for one request is bounded.",
	},
};

RULE_FAMILY(rules_schema, rows);
