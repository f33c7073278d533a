/* Faults in the entries of a random config: most of them with one clear repair. */
#include "runner/config_parts.h"

#include <string.h>

struct spoiler {
	struct arena *arena;
	struct random *random;
	struct part *parts;
	size_t *count;
};

struct replacement {
	const char *from;
	const char *to;
};

static const struct replacement keys[] = {
	{ "adapter", "adaptor" },
	{ "load_in_4bit", "load_4bit" },
	{ "load_in_8bit", "load_in_8bits" },
	{ "model_quantization_config", "model_quantisation_config" },
	{ "bnb", "bitsandbytes" },
	{ "torchao", "ao" },
	{ "mxfp4", "mx_fp4" },
	{ "weight_dtype", "weight_dtpye" },
	{ "group_size", "group_sise" },
	{ "config_kwargs", "config_kwarg" },
};

static const struct replacement values[] = {
	{ "bnb", "bitsandbytes" },
	{ "torchao", "TorchAO" },
	{ "fp8", "float8" },
	{ "nf4", "NF4" },
	{ "int8", "INT8" },
	{ "int4", "Int4" },
	{ "lora", "LoRA" },
	{ "qlora", "QLoRA" },
	{ "Mxfp4Config", "mxfp4" },
	{ "FineGrainedFP8Config", "finegrained_fp8" },
	{ "bitsandbytes", "bnb" },
};

/* Entries of the top level that contradict or concern something, or hold a value of another type. */
static const struct part strangers[] = {
	{ .key = "gptq", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "fp8", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "relora", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "quantize_moe_experts", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "lora_qkv_kernel", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "lora_mlp_kernel", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "trust_remote_code", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "merge_lora", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "merge_method", .shape = PART_STRING, .word = "memory_efficient" },
	{ .key = "load_in_4bit", .shape = PART_BOOLEAN, .word = "false" },
	{ .key = "load_in_8bit", .shape = PART_BOOLEAN, .word = "true" },
	{ .key = "nf4_backend", .shape = PART_STRING, .word = "torchao" },
	{ .key = "lora_target_parameters",
		.shape = PART_TRICKY,
		.word = " [a, b]",
		.flow = "[a, b]" },
	{ .key = "lora_dropout", .shape = PART_TRICKY, .word = " \"0.05\"", .flow = "\"0.05\"" },
	{ .key = "fsdp_version", .shape = PART_TRICKY, .word = " \"2\"", .flow = "\"2\"" },
	{ .key = "qat",
		.shape = PART_TRICKY,
		.word = "@  weight_dtype: int8 # why@",
		.flow = "{weight_dtype: int8}" },
	{ .key = "fsdp_config",
		.shape = PART_TRICKY,
		.word = "@  fsdp_offload_params: false@  fsdp_cpu_ram_efficient_loading: true # c@",
		.flow = "{fsdp_offload_params: false, \"cpu_ram_efficient_loading\": true}" },
	{ .key = "model_quantization_config_kwargs",
		.shape = PART_TRICKY,
		.word = "@  dequantize: true # d@",
		.flow = "{dequantize: true}" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *replaced(const struct replacement *list, size_t count, const char *word)
{
	for (size_t i = 0; word && i < count; i++)
		if (strcmp(list[i].from, word) == 0)
			return list[i].to;
	return word;
}

static struct part *any_of(struct spoiler *spoiler, struct part *parts, size_t count)
{
	struct part *part = &parts[random_below(spoiler->random, count)];
	bool deeper =
		part->shape == PART_MAPPING && part->count > 0 && !random_once(spoiler->random, 4);
	return deeper ? any_of(spoiler, part->parts, part->count) : part;
}

static void add_group_size(struct spoiler *spoiler, struct part *part)
{
	static const char *const sizes[] = { "100", "64", "\"128\"" };
	if (part->shape != PART_MAPPING || part->count > 3)
		return;
	struct part *longer = arena_array(spoiler->arena, part->count + 1, sizeof(*longer));
	if (!longer)
		return;
	memcpy(longer, part->parts, part->count * sizeof(*longer));
	longer[part->count++] = (struct part){
		.key = "group_size",
		.shape = PART_NUMBER,
		.word = sizes[random_below(spoiler->random, COUNT(sizes))],
	};
	part->parts = longer;
}

static void spoil(struct spoiler *spoiler)
{
	struct part *part = any_of(spoiler, spoiler->parts, *spoiler->count);
	switch (random_below(spoiler->random, 5)) {
	case 0:
		part->key = replaced(keys, COUNT(keys), part->key);
		break;
	case 1:
		if (part->shape == PART_STRING)
			part->word = replaced(values, COUNT(values), part->word);
		else if (part->shape == PART_BOOLEAN)
			part->shape = PART_STRING;
		break;
	case 2:
		add_group_size(spoiler, part);
		break;
	default:
		if (*spoiler->count < PARTS_MAXIMUM)
			spoiler->parts[(*spoiler->count)++] =
				strangers[random_below(spoiler->random, COUNT(strangers))];
	}
}

void parts_spoil(struct arena *arena, struct random *random, struct part *parts, size_t *count)
{
	struct spoiler spoiler = {
		.arena = arena,
		.random = random,
		.parts = parts,
		.count = count,
	};
	do
		spoil(&spoiler);
	while (!random_once(random, 3));
}
