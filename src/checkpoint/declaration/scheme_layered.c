/* Readers of the methods whose block nests a scheme, or has one for all and others for some. */
#include "checkpoint/declaration/scheme.h"
#include "checkpoint/names/pattern.h"

static const struct scheme_keys hqq_keys = {
	.bits = { "nbits", "bits", "weight_bits" },
	.group_size = { "group_size" },
	.symmetric = NULL,
};

static bool add_hqq(struct inspector *inspector, const struct node *part, struct text group)
{
	const struct node *weights = node_get(part, "weight_quant_params");
	if (!node_is_mapping(weights))
		return false;
	struct scheme scheme = scheme_by_keys(inspector->arena, &hqq_keys, weights);
	scheme.group = group;
	scheme_add(inspector, scheme);
	return true;
}

void scheme_read_hqq(struct inspector *inspector)
{
	const struct node *config = node_get(inspector->block, "quant_config");
	if (!node_is_mapping(config)) {
		scheme_add(
			inspector, scheme_by_keys(inspector->arena, &hqq_keys, inspector->block));
		return;
	}
	if (add_hqq(inspector, config, text_of("")))
		return;
	for (uint32_t i = 0; i < config->count; i++)
		add_hqq(inspector, config->members[i].value, config->members[i].key);
}

static const struct scheme_preset mlx_modes[] = {
	{ "mxfp4", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ "nvfp4", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ "mxfp8", "mxfp8", "8", "32", "true", "fp8_e4m3", "e8m0", NULL },
	{ .name = NULL },
};

static const struct scheme_keys mlx_keys = {
	.bits = { "bits" },
	.group_size = { "group_size" },
	.default_symmetric = "false",
};

static struct scheme mlx_scheme(struct arena *arena, const struct node *part, struct text mode)
{
	const struct node *own = node_get(part, "mode");
	const struct scheme_preset *preset =
		scheme_preset_find(mlx_modes, own ? node_text(own) : mode);
	return preset ? scheme_of_preset(preset) : scheme_by_keys(arena, &mlx_keys, part);
}

void scheme_read_mlx(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	struct text mode = node_text(node_get(block, "mode"));
	scheme_add(inspector, mlx_scheme(inspector->arena, block, mode));
	for (uint32_t i = 0; node_is_mapping(block) && i < block->count; i++) {
		const struct member *layer = &block->members[i];
		if (!node_is_mapping(layer->value) || !node_get(layer->value, "bits"))
			continue;
		struct scheme scheme =
			mlx_scheme(inspector->arena, layer->value, text_of("affine"));
		scheme.group = layer->key;
		scheme.modules = 1;
		scheme_add(inspector, scheme);
	}
}

static const struct scheme_keys auto_round_keys = {
	.bits = { "bits" },
	.group_size = { "group_size" },
	.symmetric = "sym",
	.default_bits = "4",
	.default_group_size = "128",
	.default_symmetric = "true",
};

static struct text activation_dtype(struct arena *arena, const struct node *block)
{
	struct text bits = scheme_bits(node_get(block, "act_bits"));
	int64_t count;
	if (!node_integer(node_get(block, "act_bits"), &count) || count >= 16)
		return text_of("");
	struct text type = node_text(node_get(block, "act_data_type"));
	bool floating = text_contains(type, "fp") || text_contains(type, "float");
	return arena_printf(arena, "%s%.*s", floating ? "fp" : "int", TEXT_ARGUMENTS(bits));
}

/* `type` of the whole block, where a layer says none of its own. */
static struct scheme auto_round_scheme(
	struct arena *arena, const struct node *part, struct text type)
{
	struct scheme scheme = scheme_by_keys(arena, &auto_round_keys, part);
	const struct node *own = node_get(part, "data_type");
	if (own && own->kind == NODE_STRING)
		type = own->text;
	bool microscaled = text_starts_with(type, "mx_fp") || text_starts_with(type, "mxfp");
	bool nvidia = text_starts_with(type, "nv_fp") || text_starts_with(type, "nvfp");
	if (!microscaled && !nvidia && !text_starts_with(type, "fp"))
		return scheme;
	scheme.scale = text_of(microscaled ? "e8m0" : nvidia ? "e4m3" : "float");
	scheme.weight_dtype =
		text_is(scheme.weight_bits, "8")
			? text_of("fp8_e4m3")
			: arena_printf(arena, "fp%.*s", TEXT_ARGUMENTS(scheme.weight_bits));
	scheme.family =
		nvidia && text_is(scheme.weight_bits, "4")
			? "nvfp4"
			: scheme_family(true, scheme.weight_bits, scheme.group_size, scheme.scale);
	return scheme;
}

/* Then its entries do not tell how many modules they are about. */
static bool has_patterns(const struct node *extra)
{
	for (uint32_t i = 0; node_is_mapping(extra) && i < extra->count; i++)
		if (pattern_is_special(extra->members[i].key, false))
			return true;
	return false;
}

void scheme_read_auto_round(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	struct arena *arena = inspector->arena;
	struct text type = node_text(node_get(block, "data_type"));
	struct scheme base = auto_round_scheme(arena, block, type);
	base.activations = activation_dtype(arena, block);
	scheme_add(inspector, base);
	const struct node *extra = node_get(block, "extra_config");
	bool patterns = has_patterns(extra);
	for (uint32_t i = 0; node_is_mapping(extra) && i < extra->count; i++) {
		const struct member *layer = &extra->members[i];
		int64_t bits;
		if (!node_integer(node_get(layer->value, "bits"), &bits) || bits >= 16)
			continue;
		struct scheme scheme = auto_round_scheme(arena, layer->value, type);
		if (!node_get(layer->value, "group_size"))
			scheme.group_size = base.group_size;
		scheme.group = layer->key;
		scheme.modules = !patterns;
		scheme_add(inspector, scheme);
	}
}

static struct scheme fp8_scheme(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	bool microscaled = inspector->checkpoint->method->method == METHOD_MXFP8;
	const struct node *size = node_get(block, "weight_block_size");
	bool per_tensor = size && size->kind == NODE_NULL;
	struct scheme scheme = scheme_of_preset(&(struct scheme_preset){ .family = "fp8",
		.bits = "8",
		.symmetric = "true",
		.weight_dtype = "fp8_e4m3",
		.activations = "fp8" });
	scheme.group_size = per_tensor ? text_of("") : scheme_size(inspector->arena, size);
	if (!per_tensor && scheme.group_size.length == 0)
		scheme.group_size = text_of(microscaled ? "[1,32]" : "[128,128]");
	struct text format = node_text(node_get(block, "fmt"));
	if (text_contains(format, "e5m2"))
		scheme.weight_dtype = text_of("fp8_e5m2");
	struct text scale = node_text(node_get(block, "scale_fmt"));
	scheme.scale = scale.length > 0 ? scale : text_of(microscaled ? "e8m0" : "float");
	if (microscaled || text_is(scheme.group_size, "[1,32]"))
		scheme.family = "mxfp8";
	return scheme;
}

static const struct scheme_preset expert_formats[] = {
	{ "fp4", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ "mxfp4", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ "nvfp4", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ .name = NULL },
};

/* DeepSeek-V4: the block says fp8, a key beside it makes the experts e2m1 in groups of 32. */
static void add_experts(struct inspector *inspector)
{
	struct text said = inspector->checkpoint->expert_dtype;
	struct text algo = node_text(node_get(inspector->block, "moe_quant_algo"));
	const struct scheme_preset *preset = NULL;
	if (algo.length > 0)
		preset = scheme_preset_find(expert_formats, algo);
	else if (said.length > 0)
		preset = scheme_preset_find(expert_formats, said);
	if (!preset)
		return;
	struct scheme scheme = scheme_of_preset(preset);
	scheme.group = text_of("experts");
	scheme_add(inspector, scheme);
}

void scheme_read_fp8(struct inspector *inspector)
{
	scheme_add(inspector, fp8_scheme(inspector));
	bool modelopt = node_get(inspector->block, "quant_algo") &&
			scheme_add_modelopt(inspector, inspector->block);
	if (!modelopt)
		add_experts(inspector);
}
