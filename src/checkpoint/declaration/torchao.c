/*
 * What torchao makes of its own record in a config.json: a class by its name, called with what `_data` holds. Whatever is
 * amiss there makes it raise, and the model is not loaded. Source: its core/config.py, and the classes of 0.13 to 0.19.
 */
#include "checkpoint/declaration/torchao.h"

#define FIELDS_MAXIMUM 8
/* The last release that was read. */
#define TORCHAO_KNOWN "0.19"

struct class_fields {
	const char *class;
	const char *fields[FIELDS_MAXIMUM];
	const char *former[FIELDS_MAXIMUM]; /* of releases before 0.17 */
};

/* Only classes whose fields are known for certain. */
static const struct class_fields class_fields[] = {
	{
		.class = "Int4WeightOnlyConfig",
		.fields = { "group_size", "set_inductor_config", "int4_packing_format",
			"int4_choose_qparams_algorithm", "int4_tile_packed_ntile" },
		.former = { "layout", "use_hqq", "zero_point_domain", "preserve_zero",
			"packing_format" },
	},
	{
		.class = "Int8WeightOnlyConfig",
		.fields = { "group_size", "granularity", "set_inductor_config" },
	},
	{
		.class = "Float8WeightOnlyConfig",
		.fields = { "weight_dtype", "granularity", "set_inductor_config" },
	},
	{
		.class = "NVFP4WeightOnlyConfig",
		.fields = { "use_dynamic_per_tensor_scale" },
	},
	{
		.class = "FqnToConfig",
		.fields = { "fqn_to_config", "module_fqn_to_config" },
	},
	{
		.class = "ModuleFqnToConfig",
		.fields = { "fqn_to_config", "module_fqn_to_config" },
	},
};

#define CLASS_COUNT (sizeof(class_fields) / sizeof(class_fields[0]))

static const struct class_fields *fields_of(struct text class)
{
	for (size_t i = 0; i < CLASS_COUNT; i++)
		if (text_is(class, class_fields[i].class))
			return &class_fields[i];
	return NULL;
}

static bool among(const char *const names[FIELDS_MAXIMUM], struct text name)
{
	for (size_t i = 0; i < FIELDS_MAXIMUM && names[i]; i++)
		if (text_is(name, names[i]))
			return true;
	return false;
}

static bool is_incomplete(const struct node *config)
{
	return !node_get(config, "_type") || !node_get(config, "_data");
}

const char *torchao_refusal(const struct node *block)
{
	const struct node *type = node_get(block, "quant_type");
	const struct node *config = node_get(type, "default");
	if (!type)
		return "TorchAoConfig needs quant_type";
	if (type->kind == NODE_STRING)
		return "strings in quant_type are read no more since transformers 5.3";
	if (!node_is_mapping(type) || type->count != 1 || !config)
		return "quant_type takes one key, default, and TorchAoConfig raises on anything else";
	if (node_is_string(node_get(config, "_type"), "NF4WeightOnlyConfig"))
		return "torchao writes NF4WeightOnlyConfig, but does not look where it lives when it "
		       "reads a config";
	if (node_is_mapping(config) && is_incomplete(config))
		return "torchao raises on a config without _type and _data, and default lacks one";
	return NULL;
}

static void check_data(
	struct inspector *inspector, const struct class_fields *class, const struct place *data)
{
	for (uint32_t i = 0; node_is_mapping(data->node) && i < data->node->count; i++) {
		const struct member *member = &data->node->members[i];
		if (among(class->fields, member->key))
			continue;
		const char *where = among(class->former, member->key)
					    ? "since torchao 0.17, which raises on it; an "
					      "older one reads it"
					    : "up to torchao " TORCHAO_KNOWN
					      ", which raises on it; a later one may have it";
		struct place place = place_of_member(data, member);
		inspector_report(inspector, CHECKPOINT_VALUE_ODD, &place,
			arena_printf(
				inspector->arena, "%s has no such field %s", class->class, where)
				.data);
		inspector->checkpoint->by_release = true;
	}
}

/* Later releases may have more classes: their names are told, and refuse nothing. */
static void check_config(struct inspector *inspector, const struct place *config)
{
	struct place type = place_member(config, "_type"), data = place_member(config, "_data");
	if (!type.node || type.node->kind != NODE_STRING)
		return;
	const struct class_fields *class = fields_of(type.node->text);
	if (class)
		check_data(inspector, class, &data);
	else if (!torchao_knows(type.node->text)) {
		inspector_report(inspector, CHECKPOINT_VALUE_ODD, &type,
			"torchao up to " TORCHAO_KNOWN
			" has no class of that name, and raises on it; a later one may have it");
		inspector->checkpoint->by_release = true;
	}
}

void inspect_torchao(struct inspector *inspector)
{
	static const char *const keys[] = { "fqn_to_config", "module_fqn_to_config" };
	struct place type = place_member(inspector->block_place, "quant_type");
	struct place config = place_member(&type, "default");
	struct place data = place_member(&config, "_data");
	check_config(inspector, &config);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct place modules = place_member(&data, keys[i]);
		for (uint32_t j = 0; node_is_mapping(modules.node) && j < modules.node->count;
			j++) {
			struct place module = place_of_member(&modules, &modules.node->members[j]);
			check_config(inspector, &module);
		}
	}
}
