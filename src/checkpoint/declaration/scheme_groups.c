/* compressed-tensors and ModelOpt: groups of schemes, each for its targets. */
#include "checkpoint/declaration/scheme.h"

static struct text dtype_name(struct arena *arena, struct text type, struct text bits)
{
	if (bits.length == 0)
		return text_of("");
	if (!text_is(type, "float"))
		return arena_printf(arena, "int%.*s", TEXT_ARGUMENTS(bits));
	return text_is(bits, "8") ? text_of("fp8_e4m3")
				  : arena_printf(arena, "fp%.*s", TEXT_ARGUMENTS(bits));
}

static struct text activations_name(struct arena *arena, const struct node *activations)
{
	struct text bits = scheme_bits(node_get(activations, "num_bits"));
	if (bits.length == 0)
		return text_of("");
	bool floating = node_is_string(node_get(activations, "type"), "float");
	return arena_printf(arena, "%s%.*s", floating ? "fp" : "int", TEXT_ARGUMENTS(bits));
}

static struct text scale_name(const struct node *weights, struct text bits, struct text size)
{
	struct text said = node_text(node_get(weights, "scale_dtype"));
	if (text_ends_with(said, "uint8") || text_contains(said, "e8m0"))
		return text_of("e8m0");
	if (text_contains(said, "e4m3"))
		return text_of("e4m3");
	bool four = text_is(bits, "4") && node_is_string(node_get(weights, "type"), "float");
	if (said.length == 0 && four && text_is(size, "16"))
		return text_of("e4m3");
	return text_of(said.length == 0 && four && text_is(size, "32") ? "e8m0" : "float");
}

/* `weights` of a group, as both writers spell it. */
static struct scheme weights_scheme(struct arena *arena, const struct node *weights)
{
	const char *const sizes[] = { "group_size", "block_structure" };
	struct text type = node_text(node_get(weights, "type"));
	struct scheme scheme = { .weight_bits = scheme_bits(node_get(weights, "num_bits")) };
	scheme.group_size = scheme_size(arena, scheme_first(weights, sizes, 2));
	scheme.scale = scale_name(weights, scheme.weight_bits, scheme.group_size);
	scheme.family = scheme.weight_bits.length > 0
				? scheme_family(text_is(type, "float"), scheme.weight_bits,
					  scheme.group_size, scheme.scale)
				: NULL;
	scheme.weight_dtype = dtype_name(arena, type, scheme.weight_bits);
	scheme.symmetric = scheme_boolean(node_get(weights, "symmetric"));
	return scheme;
}

/* A group may be a list of targets under the name of a scheme. */
static const struct scheme_preset group_presets[] = {
	{ "W8A16", "int8", "8", NULL, "true", "int8", "float", NULL },
	{ "W4A16", "int4", "4", "128", "true", "int4", "float", NULL },
	{ "W4A16_ASYM", "int4", "4", "128", "false", "int4", "float", NULL },
	{ "W8A8", "int8", "8", NULL, "true", "int8", "float", "int8" },
	{ "INT8", "int8", "8", NULL, "true", "int8", "float", "int8" },
	{ "W4A8", "int4", "4", "128", "true", "int4", "float", "int8" },
	{ "W4AFP8", "int4", "4", "128", "true", "int4", "float", "fp8" },
	{ "FP8", "fp8", "8", NULL, "true", "fp8_e4m3", "float", "fp8" },
	{ "FP8_DYNAMIC", "fp8", "8", NULL, "true", "fp8_e4m3", "float", "fp8" },
	{ "FP8_BLOCK", "fp8", "8", "[128,128]", "true", "fp8_e4m3", "float", "fp8" },
	{ "NVFP4", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp4" },
	{ "NVFP4A16", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ "MXFP4", "mxfp4", "4", "32", "true", "fp4", "e8m0", "fp4" },
	{ "MXFP4A16", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ "MXFP8", "mxfp8", "8", "32", "true", "fp8_e4m3", "e8m0", "fp8" },
	{ "MXFP8A16", "mxfp8", "8", "32", "true", "fp8_e4m3", "e8m0", NULL },
	{ .name = NULL },
};

static void add_group(struct inspector *inspector, const struct member *group)
{
	const struct node *weights = node_get(group->value, "weights");
	const struct scheme_preset *preset = NULL;
	struct scheme scheme;
	if (node_is_mapping(weights)) {
		scheme = weights_scheme(inspector->arena, weights);
		scheme.activations = activations_name(
			inspector->arena, node_get(group->value, "input_activations"));
	} else {
		if (group->value->kind == NODE_SEQUENCE)
			preset = scheme_preset_find(group_presets, group->key);
		if (!preset)
			return;
		scheme = scheme_of_preset(preset);
	}
	scheme.group = group->key;
	scheme_add(inspector, scheme);
}

static bool add_groups(struct inspector *inspector, const struct node *block)
{
	const struct node *groups = node_get(block, "config_groups");
	if (!node_is_mapping(groups) || groups->count == 0)
		return false;
	for (uint32_t i = 0; i < groups->count; i++)
		add_group(inspector, &groups->members[i]);
	return true;
}

void scheme_read_compressed_tensors(struct inspector *inspector)
{
	add_groups(inspector, inspector->block);
}

static const struct scheme_preset algorithms[] = {
	{ "FP8", "fp8", "8", NULL, "true", "fp8_e4m3", "float", "fp8" },
	{ "FP8_PER_CHANNEL_PER_TOKEN", "fp8", "8", NULL, "true", "fp8_e4m3", "float", "fp8" },
	{ "FP8_PB_WO", "fp8", "8", "[128,128]", "true", "fp8_e4m3", "float", NULL },
	{ "FP8_PB_REAL", "fp8", "8", "[128,128]", "true", "fp8_e4m3", "float", NULL },
	{ "NVFP4", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp4" },
	{ "W4A16_NVFP4", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ "NVFP4_AWQ", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp4" },
	{ "NVFP4_SVD", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp4" },
	{ "W4A8_NVFP4_FP8", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp8" },
	{ "MXFP4", "mxfp4", "4", "32", "true", "fp4", "e8m0", "fp4" },
	{ "W4A8_MXFP4_FP8", "mxfp4", "4", "32", "true", "fp4", "e8m0", "fp8" },
	{ "MXFP8", "mxfp8", "8", "32", "true", "fp8_e4m3", "e8m0", "fp8" },
	{ "W4A16_AWQ", "int4", "4", "128", NULL, "int4", "float", NULL },
	{ "INT4_AWQ", "int4", "4", "128", NULL, "int4", "float", NULL },
	{ "W4A8_AWQ", "int4", "4", "128", NULL, "int4", "float", "fp8" },
	{ "W8A16", "int8", "8", NULL, NULL, "int8", "float", NULL },
	{ "W8A8_SQ_PER_CHANNEL", "int8", "8", NULL, NULL, "int8", "float", "int8" },
	{ "W8A8_SQ_PER_CHANNEL_PER_TOKEN_PLUGIN", "int8", "8", NULL, NULL, "int8", "float",
		"int8" },
	{ "INT8_SQ", "int8", "8", NULL, NULL, "int8", "float", "int8" },
	{ .name = NULL },
};

static bool add_algorithm(struct inspector *inspector, const struct node *part, size_t modules)
{
	struct text name = node_text(node_get(part, "quant_algo"));
	const struct scheme_preset *preset = scheme_preset_find(algorithms, name);
	if (!preset)
		return false;
	struct scheme scheme = scheme_of_preset(preset);
	struct text size = scheme_size(inspector->arena, node_get(part, "group_size"));
	if (size.length > 0 && scheme.group_size.length > 0)
		scheme.group_size = size;
	scheme.group = name;
	scheme.modules = modules;
	scheme_add(inspector, scheme);
	return true;
}

static bool add_quantized_layers(struct inspector *inspector, const struct node *block)
{
	const struct node *layers = node_get(block, "quantized_layers");
	bool found = false;
	for (uint32_t i = 0; node_is_mapping(layers) && i < layers->count; i++)
		found |= add_algorithm(inspector, layers->members[i].value, 1);
	return found;
}

/* The file hf_quant_config.json keeps all below `quantization`. */
bool scheme_add_modelopt(struct inspector *inspector, const struct node *block)
{
	const struct node *inner = node_get(block, "quantization");
	if (node_is_mapping(inner))
		block = inner;
	return add_groups(inspector, block) || add_quantized_layers(inspector, block) ||
	       add_algorithm(inspector, block, 0);
}

void scheme_read_modelopt(struct inspector *inspector)
{
	if (!scheme_add_modelopt(inspector, inspector->block))
		scheme_add(
			inspector, scheme_of_preset(&(struct scheme_preset){ .family = "other" }));
}
