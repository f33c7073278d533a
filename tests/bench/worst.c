/*
 * Milliseconds of the configs and checkpoints that are the most work for their size: nobody else is served
 * by the same worker meanwhile. Each is filled up to the daemon's limit for its kind.
 */
#include "bench/timing.h"
#include "render/render.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)1 << 30)
#define RUNS 3

struct hostile {
	const char *what;
	const char *before;
	const char *part; /* repeated; "%d" is how often it was */
	const char *behind;
	unsigned values; /* that each part counts for */
};

#define HEAD "base_model: a/b\nadapter: qlora\nload_in_4bit: true\n"
#define FLOW_BLOCK "adapter: lora\nmodel_quantization_config: {bnb: {weight_dtype: nf4, "

static const struct hostile configs[] = {
	{ "keys that nobody knows", HEAD, "k%d: 1\n", "", 1 },
	{ "keys that are nearly known", HEAD, "learning_rate%d: 1\n", "", 1 },
	{ "one key over and over", HEAD, "adapter: a\n", "", 1 },
	{ "one key over and over, in one line beyond ASCII", "x: {", "é: 1, ", "}\n" HEAD, 1 },
	{ "one key over and over, far below", "x: {a: {b: {c: {d: {e: {", "a: 1, ", "}}}}}}\n" HEAD,
		1 },
	{ "unknown members of the block", FLOW_BLOCK, "k%d: 1, ", "}}\n", 1 },
	{ "unknown members of the block, beyond ASCII", FLOW_BLOCK, "é%d: 1, ", "}}\n", 1 },
	{ "members of peft", "adapter: lora\npeft: {backend: bnb, weight_dtype: nf4, ", "k%d: 1, ",
		"}\n", 1 },
	{ "members of bnb_config_kwargs", HEAD "bnb_config_kwargs:\n", "  k%d: 1\n", "", 1 },
	{ "a list in one line", HEAD "x: [", "1, ", "]\n", 1 },
	{ "lists in lists", HEAD "x: [", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]], ", "]\n", 16 },
	{ "brackets that nobody closes", "", "[", "", 0 },
	{ "aliases", "y: &a 1\n" HEAD "x:\n", "- *a\n", "", 1 },
	{ "anchors", HEAD "x:\n", "- &a%d 1\n", "", 1 },
	{ "merges", "a: &a {b: 1, c: 2, d: 3}\n" HEAD, "m%d: {<<: *a}\n", "", 4 },
	{ "values that are empty, in one line", HEAD "x: {", "k%d: , ", "}\n", 1 },
	{ "block scalars of blank lines", HEAD, "b%d: |\n\n\n\n\n", "", 1 },
	{ "comments", HEAD, "#\n", "", 0 },
	{ "escapes", HEAD "x: \"", "\\x41", "\"\n", 0 },
	{ "folded lines", HEAD "x: \"", "a\n  ", "\"\n", 0 },
	{ "tags that nobody knows", HEAD "x:\n", "- !x 1\n", "", 1 },
};

#define BLOCK(method, list)                                                                        \
	"{\"quantization_config\":{\"quant_method\":\"" method "\",\"" list "\":["

static const struct hostile checkpoints[] = {
	{ "excluded modules", BLOCK("quark", "exclude"), "\"model.layers.%d.self_attn.q_proj\",",
		"\"x\"]}}", 1 },
	{ "excluded names of no role", BLOCK("quark", "exclude"),
		"\"pr.me.vi.no.em.at.qk.ro.ml.ff%d\",", "\"x\"]}}", 1 },
	{ "patterns", BLOCK("fp8", "modules_to_not_convert"), "\"((a|b)*c){1,9}%d\",", "\"x\"]}}",
		1 },
	{ "entries that are no names", BLOCK("fp8", "modules_to_not_convert"), "1,", "1]}}", 1 },
	{ "members of the block", "{\"quantization_config\":{\"quant_method\":\"fp8\",",
		"\"k%d\":1,", "\"x\":1}}", 1 },
	{ "one member over and over", "{\"quantization_config\":{\"quant_method\":\"fp8\",",
		"\"a\":1,", "\"x\":1}}", 1 },
	{ "groups",
		"{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{",
		"\"group_%d\":{\"weights\":{\"num_bits\":4,\"type\":\"int\"}},", "\"x\":{}}}}", 4 },
	{ "blank lines", "{", "\n", "\"quantization_config\":1}", 0 },
	{ "escapes", "{\"a\":\"", "\\u0041", "\"}", 0 },
	{ "lists in lists", "{\"a\":[", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],", "1]}", 16 },
};

/* As often as it fits, and as many values as are read. */
static struct text fill(
	struct arena *arena, const struct hostile *hostile, size_t limit, size_t most)
{
	struct buffer out;
	buffer_init(&out, arena, limit);
	buffer_add_string(&out, hostile->before);
	size_t end = limit - strlen(hostile->behind) - strlen(hostile->part) - 8;
	for (size_t i = 0; out.length < end && i * hostile->values < most; i++) {
		const char *number = strstr(hostile->part, "%d");
		if (!number) {
			buffer_add_string(&out, hostile->part);
			continue;
		}
		buffer_add(&out, (struct text){ hostile->part, (size_t)(number - hostile->part) });
		buffer_add_unsigned(&out, i);
		buffer_add_string(&out, number + 2);
	}
	buffer_add_string(&out, hostile->behind);
	return buffer_text(&out);
}

static void resolve_one(struct arena *arena, struct text config)
{
	struct resolve_request request = {
		.config = config,
		.checkpoint = CHECKPOINT_NO,
		.include_migrated = true,
		.include_diff = true,
	};
	const struct resolution *resolution = resolve(arena, &request);
	struct buffer reply;
	buffer_init(&reply, arena, 65536);
	if (resolution)
		render_resolution_json(&reply, resolution);
}

static void inspect_one(struct arena *arena, struct text checkpoint)
{
	const struct inspection *inspection = inspect(arena, checkpoint, &resolve_limits_default);
	struct buffer reply;
	buffer_init(&reply, arena, 65536);
	if (inspection)
		render_inspection_json(&reply, inspection);
}

static bool measure(const struct hostile *hostile, size_t limit, size_t most,
	void (*call)(struct arena *arena, struct text bytes))
{
	struct arena kept, arena;
	double best = 1e9;
	arena_init(&kept, MEMORY);
	arena_init(&arena, MEMORY);
	struct text bytes = fill(&kept, hostile, limit, most);
	bool fine = true;
	for (int i = 0; i < RUNS; i++) {
		double start = seconds_now();
		call(&arena, bytes);
		double spent = seconds_now() - start;
		best = spent < best ? spent : best;
		fine &= !arena_failed(&arena);
		arena_release(&arena);
	}
	printf("  %-50s %6.1f MB %8.0f ms%s\n", hostile->what, (double)bytes.length / 1e6,
		best * 1e3, fine ? "" : ", out of memory");
	arena_release(&kept);
	return fine;
}

int main(void)
{
	const struct resolve_limits *limits = &resolve_limits_default;
	bool fine = true;
	puts("configs, resolved, migrated and rendered:");
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		fine &= measure(&configs[i], limits->config_bytes, limits->config.nodes - 1000,
			resolve_one);
	puts("checkpoints, inspected:");
	for (size_t i = 0; i < sizeof(checkpoints) / sizeof(checkpoints[0]); i++)
		fine &= measure(&checkpoints[i], limits->checkpoint_bytes,
			limits->checkpoint.nodes - 1000, inspect_one);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
