/*
 * Keys that decide how weights are stored, in blocks whose method's class in transformers does not
 * read them: it takes the rest of the block for the whole.
 */
#include "checkpoint/inspector.h"

struct unread {
	enum method method;
	const char *path;     /* "/" between steps */
	const char *harmless; /* a beginning of texts that say the same as the rest; NULL: none */
	const char *detail;
};

/* The first of a method is told: several such keys are about the same thing. */
static const struct unread unread[] = {
	{ METHOD_GPTQ, "dynamic", NULL,
		"GPTQConfig drops it, so that transformers looks for every layer in one packed "
		"form; GPTQModel itself reads it" },
	{ METHOD_GPTQ, "modules_to_not_convert", NULL,
		"GPTQConfig drops it, so that transformers looks for every layer in packed form" },
	{ METHOD_FP8, "moe_quant_algo", "FP8",
		"transformers does not read it, and takes the experts for FP8 like the rest" },
	{ METHOD_FP8, "quant_algo", "FP8",
		"transformers does not read it, and takes every layer for FP8 in blocks" },
	{ METHOD_FP8, "config_groups", NULL,
		"transformers does not read them, and takes every layer for FP8 in blocks" },
	{ METHOD_FP8, "ignore", NULL,
		"transformers reads modules_to_not_convert alone, and takes these for FP8, too" },
	{ METHOD_FP8, "exclude_modules", NULL,
		"transformers reads modules_to_not_convert alone, and takes these for FP8, too" },
	{ METHOD_MXFP8, "moe_quant_algo", "MXFP8",
		"transformers does not read it, and takes the experts for MXFP8 like the rest" },
};

static bool is_harmless(const struct unread *row, const struct node *value)
{
	return !node_truthy(value) ||
	       (row->harmless && text_starts_with(node_text(value), row->harmless));
}

/* Huawei's tools leave the block of the checkpoint that they began with beside a key of their own. */
static void report_stale(struct inspector *inspector)
{
	struct place root = { .node = inspector->root };
	struct place quantize = place_member(&root, "quantize");
	bool top = inspector->checkpoint->seen_by_axolotl;
	if (top && text_starts_with(node_text(quantize.node), "w8a8"))
		inspector_report(inspector, CHECKPOINT_KEY_UNREAD, &quantize,
			"modelslim writes this key beside int8 weights, and leaves the older "
			"quantization_config as it was");
}

void inspect_unread(struct inspector *inspector)
{
	const struct checkpoint *checkpoint = inspector->checkpoint;
	report_stale(inspector);
	if (!checkpoint->config_class)
		return;
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		struct place steps[PLACE_STEPS];
		const struct place *place;
		if (unread[i].method != checkpoint->method->method)
			continue;
		place = place_at(inspector->block_place, unread[i].path, steps);
		if (!place || is_harmless(&unread[i], place->node))
			continue;
		inspector_report(inspector, CHECKPOINT_KEY_UNREAD, place, unread[i].detail);
		return;
	}
}
