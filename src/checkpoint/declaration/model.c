/* What config.json says of the model itself. */
#include "checkpoint/inspector.h"

#define ARCHITECTURES_MAXIMUM 16

/* Sub-configs that transformers and others take for the decoder, in this order. */
static const char *const text_configs[] = {
	"text_config",
	"llm_config",
	"language_config",
	"thinker_config/text_config",
	"decoder",
	"generator",
	"ffn_config",
};

static const char *const expert_keys[] = {
	"num_experts",
	"num_local_experts",
	"n_routed_experts",
	"num_routed_experts",
	"moe_num_experts",
	"num_moe_experts",
	"n_experts",
	"expert_num",
};

static const char *const chosen_keys[] = {
	"num_experts_per_tok",
	"num_experts_per_token",
	"experts_per_token",
	"moe_top_k",
	"moe_topk",
	"moe_k",
	"top_k_experts",
	"num_selected_experts",
	"num_experts_per_topk",
	"moe_router_topk",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A number, or one for each layer, of which the largest counts. */
static bool largest(const struct node *node, int64_t *ret_value)
{
	if (node_integer(node, ret_value))
		return true;
	bool found = false;
	for (uint32_t i = 0; node && node->kind == NODE_SEQUENCE && i < node->count; i++) {
		int64_t value;
		if (node_integer(node->items[i], &value) && (!found || value > *ret_value)) {
			*ret_value = value;
			found = true;
		}
	}
	return found;
}

/* The first of the keys with a usable value; what is of another type is told once. */
static uint64_t read_count(struct inspector *inspector, const struct place *config,
	const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place place = place_member(config, keys[i]);
		int64_t value;
		if (node_is_null(place.node))
			continue;
		if (!largest(place.node, &value))
			inspector_report(inspector, CHECKPOINT_WRONG_TYPE, &place,
				"a whole number of experts is expected here");
		else if (value > 0)
			return (uint64_t)value;
	}
	return 0;
}

static void read_experts(struct inspector *inspector, const struct place *config)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	if (checkpoint->experts == 0)
		checkpoint->experts =
			read_count(inspector, config, expert_keys, COUNT(expert_keys));
	if (checkpoint->experts_per_token == 0)
		checkpoint->experts_per_token =
			read_count(inspector, config, chosen_keys, COUNT(chosen_keys));
}

static void read_all_experts(struct inspector *inspector, const struct place *root)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	read_experts(inspector, root);
	for (size_t i = 0; i < COUNT(text_configs); i++) {
		struct place steps[PLACE_STEPS];
		const struct place *config = place_at(root, text_configs[i], steps);
		if (config && node_is_mapping(config->node))
			read_experts(inspector, config);
	}
	/* One expert is no mixture, however it is spelled. */
	if (checkpoint->experts <= 1)
		checkpoint->experts = checkpoint->experts_per_token = 0;
}

static struct text read_string(
	struct inspector *inspector, const struct place *config, const char *key)
{
	struct place place = place_member(config, key);
	if (node_is_null(place.node))
		return text_of("");
	if (place.node->kind != NODE_STRING)
		inspector_report(
			inspector, CHECKPOINT_WRONG_TYPE, &place, "a string is expected here");
	return node_text(place.node);
}

static void read_architectures(struct inspector *inspector, const struct place *root)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	struct place place = place_member(root, "architectures");
	if (node_is_null(place.node))
		return;
	if (place.node->kind != NODE_SEQUENCE) {
		inspector_report(inspector, CHECKPOINT_WRONG_TYPE, &place,
			"a list of class names is expected here");
		return;
	}
	size_t count = place.node->count;
	if (count > ARCHITECTURES_MAXIMUM)
		count = ARCHITECTURES_MAXIMUM;
	checkpoint->architectures = ARENA_ARRAY(inspector->arena, struct text, count);
	for (size_t i = 0; i < count && checkpoint->architectures; i++) {
		struct place item = place_item(&place, i);
		if (item.node->kind == NODE_STRING)
			checkpoint->architectures[checkpoint->architecture_count++] =
				item.node->text;
		else
			inspector_report(inspector, CHECKPOINT_WRONG_TYPE, &item,
				"a class name is expected here");
	}
}

static struct text without_prefix(struct text dtype)
{
	return text_starts_with(dtype, "torch.") ? text_from(dtype, sizeof("torch.") - 1) : dtype;
}

/* transformers wrote torch_dtype until release 5, dtype since, which goes first where both stand; a wrapper may leave it
 * to its decoder. */
static void read_dtype(struct inspector *inspector, const struct place *root)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	checkpoint->torch_dtype = read_string(inspector, root, "dtype");
	if (checkpoint->torch_dtype.length == 0)
		checkpoint->torch_dtype = read_string(inspector, root, "torch_dtype");
	for (size_t i = 0; checkpoint->torch_dtype.length == 0 && i < COUNT(text_configs); i++) {
		const struct node *config = node_at(root->node, text_configs[i]);
		checkpoint->torch_dtype = node_text(node_get(config, "dtype"));
		if (checkpoint->torch_dtype.length == 0)
			checkpoint->torch_dtype = node_text(node_get(config, "torch_dtype"));
	}
	checkpoint->torch_dtype = without_prefix(checkpoint->torch_dtype);
}

static void read_architecture(struct inspector *inspector, const struct place *root)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	checkpoint->fuses_experts = architecture_fuses_experts(checkpoint->model_type);
	checkpoint->has_conv1d = architecture_has_conv1d(checkpoint->model_type);
	for (size_t i = 0; i < COUNT(text_configs); i++) {
		const struct node *config = node_at(root->node, text_configs[i]);
		checkpoint->fuses_experts |=
			architecture_fuses_experts(node_text(node_get(config, "model_type")));
	}
}

void inspect_model(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	struct place root = { .node = inspector->root };
	checkpoint->model_type = read_string(inspector, &root, "model_type");
	checkpoint->expert_dtype = read_string(inspector, &root, "expert_dtype");
	read_dtype(inspector, &root);
	read_architectures(inspector, &root);
	read_architecture(inspector, &root);
	read_all_experts(inspector, &root);
}
