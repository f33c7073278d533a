/* torchao: the class's name tells the weights, its _data the rest. */
#include "checkpoint/declaration/scheme.h"
#include "checkpoint/declaration/torchao.h"

static const struct scheme_preset classes[] = {
	{ "Int4WeightOnlyConfig", "int4", "4", "128", NULL, "int4", "float", NULL },
	{ "Int8WeightOnlyConfig", "int8", "8", NULL, "true", "int8", "float", NULL },
	{ "Int8DynamicActivationInt8WeightConfig", "int8", "8", NULL, "true", "int8", "float",
		"int8" },
	{ "Int8DynamicActivationInt4WeightConfig", "int4", "4", "32", "true", "int4", "float",
		"int8" },
	{ "Float8DynamicActivationInt4WeightConfig", "int4", "4", "128", "true", "int4", "float",
		"fp8" },
	{ "Int8DynamicActivationIntxWeightConfig", NULL, NULL, "32", NULL, NULL, "float", "int8" },
	{ "IntxWeightOnlyConfig", NULL, NULL, "32", NULL, NULL, "float", NULL },
	{ "UIntxWeightOnlyConfig", NULL, NULL, "64", "false", NULL, "float", NULL },
	{ "Float8WeightOnlyConfig", "fp8", "8", NULL, "true", "fp8_e4m3", "float", NULL },
	{ "Float8DynamicActivationFloat8WeightConfig", "fp8", "8", NULL, "true", "fp8_e4m3",
		"float", "fp8" },
	{ "Float8StaticActivationFloat8WeightConfig", "fp8", "8", NULL, "true", "fp8_e4m3", "float",
		"fp8" },
	{ "NVFP4WeightOnlyConfig", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ "NVFP4InferenceConfig", "nvfp4", "4", "16", "true", "fp4", "e4m3", "fp4" },
	{ "NVFP4DynamicActivationNVFP4WeightConfig", "nvfp4", "4", "16", "true", "fp4", "e4m3",
		"fp4" },
	{ "MXDynamicActivationMXWeightConfig", NULL, NULL, "32", "true", NULL, "e8m0", NULL },
	{ "MXFPInferenceConfig", NULL, NULL, "32", "true", NULL, "e8m0", NULL },
	{ "NF4WeightOnlyConfig", "nf4", "4", "64", NULL, "nf4", "float", NULL },
	/* the strings of releases before 5.3 */
	{ "int4_weight_only", "int4", "4", "128", NULL, "int4", "float", NULL },
	{ "int8_weight_only", "int8", "8", NULL, "true", "int8", "float", NULL },
	{ "int8_dynamic_activation_int8_weight", "int8", "8", NULL, "true", "int8", "float",
		"int8" },
	{ "int8_dynamic_activation_int4_weight", "int4", "4", "32", "true", "int4", "float",
		"int8" },
	{ "float8_weight_only", "fp8", "8", NULL, "true", "fp8_e4m3", "float", NULL },
	{ "float8_dynamic_activation_float8_weight", "fp8", "8", NULL, "true", "fp8_e4m3", "float",
		"fp8" },
	{ "autoquant", "mixed", NULL, NULL, NULL, NULL, NULL, NULL },
	{ .name = NULL },
};

struct element {
	const char *part; /* of a torch dtype's name */
	const char *bits;
	const char *name;
	bool floating;
};

static const struct element elements[] = {
	{ "float4", "4", "fp4", true },
	{ "float6_e3m2", "6", "fp6_e3m2", true },
	{ "float6_e2m3", "6", "fp6_e2m3", true },
	{ "float8_e5m2", "8", "fp8_e5m2", true },
	{ "float8", "8", "fp8_e4m3", true },
	{ "int1", "1", "int1", false },
	{ "int2", "2", "int2", false },
	{ "int3", "3", "int3", false },
	{ "int4", "4", "int4", false },
	{ "int5", "5", "int5", false },
	{ "int6", "6", "int6", false },
	{ "int7", "7", "int7", false },
	{ "int8", "8", "int8", false },
	{ NULL, NULL, NULL, false },
};

/* `{"_type": "torch.dtype", "_data": "int4"}`, or the bare name. */
static struct text unwrapped(const struct node *value)
{
	return node_is_mapping(value) ? node_text(node_get(value, "_data")) : node_text(value);
}

static void read_element(struct scheme *scheme, const struct node *data)
{
	const char *const keys[] = { "weight_dtype", "dtype" };
	struct text name = unwrapped(scheme_first(data, keys, 2));
	for (const struct element *element = elements; element->part; element++) {
		if (!text_contains(name, element->part))
			continue;
		scheme->weight_bits = text_of(element->bits);
		scheme->weight_dtype = text_of(element->name);
		scheme->family = scheme_family(
			element->floating, scheme->weight_bits, scheme->group_size, scheme->scale);
		return;
	}
}

bool torchao_knows(struct text class)
{
	return scheme_preset_find(classes, class) != NULL;
}

static void add_class(
	struct inspector *inspector, struct text type, const struct node *data, struct text group)
{
	const struct scheme_preset *preset = scheme_preset_find(classes, type);
	struct scheme scheme =
		scheme_of_preset(preset ? preset : &(struct scheme_preset){ .family = "other" });
	struct text size = scheme_size(inspector->arena, node_get(data, "group_size"));
	const struct node *granularity = node_get(node_get(data, "granularity"), "_data");
	if (size.length == 0)
		size = scheme_size(inspector->arena, node_get(granularity, "group_size"));
	if (size.length > 0)
		scheme.group_size = size;
	if (preset && (!preset->family || text_contains(type, "Float8")))
		read_element(&scheme, data);
	scheme.group = group;
	scheme_add(inspector, scheme);
}

/* FqnToConfig: a config (or null) for a name, a pattern, or all others. */
static bool add_modules(struct inspector *inspector, const struct node *data)
{
	const char *const keys[] = { "fqn_to_config", "module_fqn_to_config" };
	const struct node *modules = scheme_first(data, keys, 2);
	if (!node_is_mapping(modules))
		return false;
	for (uint32_t i = 0; i < modules->count; i++) {
		const struct node *config = modules->members[i].value;
		if (torchao_knows(node_text(node_get(config, "_type"))))
			add_class(inspector, node_text(node_get(config, "_type")),
				node_get(config, "_data"), modules->members[i].key);
	}
	return true;
}

const struct node *torchao_config(const struct node *block)
{
	const struct node *type = node_get(block, "quant_type");
	const struct node *config = node_get(type, "default");
	return node_is_mapping(config) ? config : NULL;
}

void scheme_read_torchao(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	const struct node *type = node_get(block, "quant_type");
	const struct node *config = torchao_config(block);
	if (config) {
		const struct node *data = node_get(config, "_data");
		if (!add_modules(inspector, data))
			add_class(
				inspector, node_text(node_get(config, "_type")), data, text_of(""));
	} else if (type && type->kind == NODE_STRING) {
		add_class(inspector, type->text, node_get(block, "quant_type_kwargs"), text_of(""));
	}
}
