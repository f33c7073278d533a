/* AMD Quark: a spec for weights (or two: the weights' and their scales'), and layers apart. */
#include "checkpoint/declaration/scheme.h"

struct quark_dtype {
	const char *name;
	const char *bits;
	bool floating;
};

static const struct quark_dtype dtypes[] = {
	{ "fp4", "4", true },
	{ "mxfp4", "4", true },
	{ "fp6_e3m2", "6", true },
	{ "fp6_e2m3", "6", true },
	{ "mxfp6", "6", true },
	{ "fp8_e4m3", "8", true },
	{ "fp8_e5m2", "8", true },
	{ "int2", "2", false },
	{ "int3", "3", false },
	{ "int4", "4", false },
	{ "uint4", "4", false },
	{ "int8", "8", false },
	{ "uint8", "8", false },
	{ "int16", "16", false },
	{ NULL, NULL, false },
};

static const struct quark_dtype *dtype_of(const struct node *spec)
{
	struct text name = node_text(node_get(spec, "dtype"));
	for (const struct quark_dtype *dtype = dtypes; dtype->name; dtype++)
		if (text_is(name, dtype->name))
			return dtype;
	return NULL;
}

static bool is_scale(const struct node *spec)
{
	const struct node *flag = node_get(spec, "is_scale_quant");
	return flag && flag->kind == NODE_BOOLEAN && flag->boolean;
}

/*
 * The spec that tells the width: of two, the one with fewer bits; the other one quantizes scales,
 * or is the outer step of a double quantization.
 */
static const struct node *main_spec(const struct node *specs, const struct node **ret_other)
{
	*ret_other = NULL;
	if (!specs || specs->kind != NODE_SEQUENCE)
		return specs;
	const struct node *best = NULL;
	for (uint32_t i = 0; i < specs->count; i++) {
		const struct node *spec = specs->items[i];
		const struct quark_dtype *dtype = dtype_of(spec);
		bool narrower = best && dtype && dtype_of(best) && !is_scale(spec) &&
				dtype->bits[0] < dtype_of(best)->bits[0];
		if (!best || narrower) {
			*ret_other = best;
			best = spec;
		} else if (!*ret_other) {
			*ret_other = spec;
		}
	}
	return best;
}

static struct text scale_of(const struct node *spec, const struct node *other)
{
	struct text format = node_text(node_get(spec, "scale_format"));
	if (format.length > 0)
		return format;
	const struct quark_dtype *scales = dtype_of(other);
	if (scales && scales->floating)
		return text_of("e4m3");
	return node_text(node_get(spec, "scale_type"));
}

static struct scheme weight_scheme(struct arena *arena, const struct node *specs)
{
	const struct node *other;
	const struct node *spec = main_spec(specs, &other);
	const char *const sizes[] = { "group_size", "block_size" };
	const struct quark_dtype *dtype = dtype_of(spec);
	struct scheme scheme = {
		.weight_bits = text_of(dtype ? dtype->bits : ""),
		.group_size = scheme_size(arena, scheme_first(spec, sizes, 2)),
		.symmetric = scheme_boolean(node_get(spec, "symmetric")),
		.weight_dtype = node_text(node_get(spec, "dtype")),
		.scale = scale_of(spec, other),
		.group = text_of(""),
	};
	if (dtype)
		scheme.family = scheme_family(
			dtype->floating, scheme.weight_bits, scheme.group_size, scheme.scale);
	/* Signed floats and integers have no zero point to store. */
	if (dtype && dtype->floating && scheme.symmetric.length == 0)
		scheme.symmetric = text_of("true");
	return scheme;
}

static struct text activations_of(const struct node *config)
{
	const struct node *other;
	const struct node *spec = main_spec(node_get(config, "input_tensors"), &other);
	return node_text(node_get(spec, "dtype"));
}

static bool add_config(struct inspector *inspector, const struct node *config, struct text group)
{
	const struct node *weight = node_get(config, "weight");
	if (!node_truthy(weight))
		return false;
	struct scheme scheme = weight_scheme(inspector->arena, weight);
	scheme.activations = activations_of(config);
	scheme.group = group;
	scheme_add(inspector, scheme);
	return true;
}

static void add_layers(struct inspector *inspector, const char *key)
{
	const struct node *layers = node_get(inspector->block, key);
	for (uint32_t i = 0; node_is_mapping(layers) && i < layers->count; i++)
		add_config(inspector, layers->members[i].value, layers->members[i].key);
}

static const struct scheme_preset precisions[] = {
	{ "int4", "int4", "4", NULL, NULL, "int4", NULL, NULL },
	{ "int8", "int8", "8", NULL, NULL, "int8", NULL, NULL },
	{ "fp8", "fp8", "8", NULL, "true", "fp8_e4m3", NULL, NULL },
	{ "mxfp4", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ .name = NULL },
};

void scheme_read_quark(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	if (!add_config(inspector, node_get(block, "global_quant_config"), text_of(""))) {
		const struct scheme_preset *preset =
			scheme_preset_find(precisions, node_text(node_get(block, "precision")));
		if (preset)
			scheme_add(inspector, scheme_of_preset(preset));
	}
	add_layers(inspector, "layer_quant_config");
	add_layers(inspector, "layer_type_quant_config");
}
