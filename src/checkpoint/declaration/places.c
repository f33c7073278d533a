/* Where the block sits: the places in the order in which loaders ask them. */
#include "checkpoint/inspector.h"

struct spot {
	const char *path;
	const char *found_in;
	bool axolotl;
	bool transformers;
};

static const struct spot top = { "quantization_config", "quantization_config", true, true };

/* transformers asks the decoder's config, whatever a model calls it. */
static const struct spot decoders[] = {
	{ "text_config/quantization_config", "text_config.quantization_config", false, true },
	{ "llm_config/quantization_config", "llm_config.quantization_config", false, true },
	{ "language_config/quantization_config", "language_config.quantization_config", false,
		true },
	{ "thinker_config/text_config/quantization_config",
		"thinker_config.text_config.quantization_config", false, true },
	{ "decoder/quantization_config", "decoder.quantization_config", false, true },
	{ "generator/quantization_config", "generator.quantization_config", false, true },
};

static const struct spot old = { "compression_config", "compression_config", false, false };

/* Blocks by other names; taken only with the key that makes them one. */
struct odd_spot {
	struct spot spot;
	const char *key;
	enum method method;
};

static const struct odd_spot odd_spots[] = {
	{ { "quantization", "quantization", false, false }, "bits", METHOD_MLX },
	{ { "quantization", "quantization", false, false }, "mode", METHOD_MLX },
	{ { "aqlm", "aqlm", false, false }, "nbits_per_codebook", METHOD_AQLM },
	{ { "", "quant_type", false, false }, "quant_type/default", METHOD_TORCHAO },
};

/* A whole file that is a block, by a key of its own. METHOD_NONE: quant_method tells. */
struct file_shape {
	const char *key;
	enum side_file side;
	enum method method;
	const char *beside; /* a second key that must stand there; NULL: none */
	bool named;         /* only in a file of that name */
};

/* clang-format off */
static const struct file_shape file_shapes[] = {
	{ .key = "quantization/quant_algo", .side = SIDE_HF_QUANT_CONFIG, .method = METHOD_MODELOPT },
	{ .key = "quant_method", .side = SIDE_QUANTIZATION_CONFIG, .method = METHOD_NONE },
	{ .key = "quant_algo", .side = SIDE_HF_QUANT_CONFIG, .method = METHOD_MODELOPT },
	{ .key = "autoround_version", .side = SIDE_QUANTIZATION_CONFIG, .method = METHOD_AUTO_ROUND },
	{ .key = "w_bit", .side = SIDE_QUANT_CONFIG, .method = METHOD_AWQ },
	{ .key = "q_group_size", .side = SIDE_QUANT_CONFIG, .method = METHOD_AWQ },
	{ .key = "zero_point", .side = SIDE_QUANT_CONFIG, .method = METHOD_AWQ },
	{ .key = "damp_percent", .side = SIDE_QUANTIZE_CONFIG, .method = METHOD_GPTQ },
	{ .key = "desc_act", .side = SIDE_QUANTIZE_CONFIG, .method = METHOD_GPTQ },
	{ .key = "true_sequential", .side = SIDE_QUANTIZE_CONFIG, .method = METHOD_GPTQ },
	{ .key = "config_groups", .side = SIDE_QUANTIZATION_CONFIG, .method = METHOD_COMPRESSED_TENSORS },
	{ .key = "global_quant_config", .side = SIDE_QUANTIZATION_CONFIG, .method = METHOD_QUARK },
	{ .key = "bits", .side = SIDE_QUANTIZE_CONFIG, .method = METHOD_GPTQ, .beside = "group_size" },
	{ .key = "bits", .side = SIDE_QUANTIZE_CONFIG, .method = METHOD_GPTQ, .named = true },
};
/* clang-format on */

/* transformers.js writes a quantize_config.json, too, about its ONNX files. */
static const char *const onnx_keys[] = { "per_channel", "reduce_range", "per_model_config" };

static const char *const side_names[SIDE_COUNT] = {
	[SIDE_HF_QUANT_CONFIG] = "hf_quant_config.json",
	[SIDE_QUANTIZE_CONFIG] = "quantize_config.json",
	[SIDE_QUANT_CONFIG] = "quant_config.json",
	[SIDE_QUANTIZATION_CONFIG] = "quantization_config.json",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *side_file_name(enum side_file side)
{
	return side < SIDE_COUNT ? side_names[side] : NULL;
}

static const struct place *look(struct inspector *inspector, const char *path)
{
	inspector->base = (struct place){ .node = inspector->root };
	return place_at(&inspector->base, path, inspector->steps);
}

static void take(struct inspector *inspector, const struct spot *spot, const struct place *place)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	checkpoint->found_in = spot->found_in;
	checkpoint->seen_by_axolotl = spot->axolotl;
	checkpoint->seen_by_transformers = spot->transformers;
	checkpoint->block = place->node;
	inspector->block_place = place;
	inspector->block = place->node;
}

static void report_unseen(struct inspector *inspector)
{
	const struct checkpoint *checkpoint = inspector->checkpoint;
	if (checkpoint->alone)
		inspector_report(inspector, CHECKPOINT_SIDE_FILE_ALONE, inspector->block_place, "");
	else if (!checkpoint->seen_by_transformers)
		inspector_report(inspector, CHECKPOINT_UNSEEN_BY_TRANSFORMERS,
			inspector->block_place,
			"neither transformers nor Axolotl looks there, so the weights load as if "
			"they were not quantized");
	else if (!checkpoint->seen_by_axolotl)
		inspector_report(inspector, CHECKPOINT_UNSEEN_BY_AXOLOTL, inspector->block_place,
			"transformers reads it from release 5.13 on, Axolotl asks only the top "
			"level");
}

static const char no_object[] = "an object is expected, and anything else ends in AttributeError";

/* A mapping with contents: the block. Anything else is told, and is no block. */
static bool take_block(
	struct inspector *inspector, const struct spot *spot, const struct place *place)
{
	take(inspector, spot, place);
	if (node_is_mapping(place->node)) {
		report_unseen(inspector);
		return true;
	}
	if (spot->transformers)
		inspector_refuse(inspector, place, no_object);
	else
		inspector_report(inspector, CHECKPOINT_BLOCK_ODD, place,
			"an object is expected here, and it is read as no quantization");
	return false;
}

static bool has_decoder(const struct node *root)
{
	static const char *const names[] = { "text_config", "llm_config", "language_config",
		"thinker_config/text_config", "decoder", "generator" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (node_is_mapping(node_at(root, names[i])))
			return true;
	return false;
}

/*
 * {} and its like: transformers goes on to the decoder's config. Without one it takes the empty
 * block after all, and finds no method in it.
 */
static bool take_empty(struct inspector *inspector, const struct place *place)
{
	const char *detail = "it is empty, so transformers raises ValueError for a block without "
			     "quant_method";
	if (has_decoder(inspector->root)) {
		inspector_report(inspector, CHECKPOINT_BLOCK_ODD, place,
			"an empty value: transformers goes on to the decoder's own config, and "
			"Axolotl fails on it under lora");
		inspector->checkpoint->record = "is empty";
		return false;
	}
	if (node_is_mapping(place->node))
		inspector_report(inspector, CHECKPOINT_METHOD_MISSING, place, detail);
	else
		inspector_refuse(inspector, place, no_object);
	take(inspector, &top, place);
	return true;
}

/* transformers takes it for a missing key; Axolotl looks into whatever stands there. */
static bool skip_null(struct inspector *inspector, const struct place *place)
{
	inspector_report(inspector, CHECKPOINT_BLOCK_ODD, place,
		"transformers reads it as no quantization, and Axolotl fails on it under lora");
	inspector->checkpoint->record = "is null";
	return false;
}

/* What the place holds decides whether the search goes on: true when it is over. */
static bool search_top(struct inspector *inspector, bool *ret_found)
{
	const struct place *place = look(inspector, top.path);
	*ret_found = false;
	if (!place)
		return false;
	if (place->node->kind == NODE_NULL)
		return skip_null(inspector, place);
	if (!node_truthy(place->node))
		return take_empty(inspector, place);
	*ret_found = take_block(inspector, &top, place);
	return true;
}

static bool search_decoders(struct inspector *inspector, bool *ret_found)
{
	for (size_t i = 0; i < COUNT(decoders); i++) {
		const struct place *place = look(inspector, decoders[i].path);
		if (!place || !node_truthy(place->node))
			continue;
		*ret_found = take_block(inspector, &decoders[i], place);
		return true;
	}
	return false;
}

static bool search_old(struct inspector *inspector, bool *ret_found)
{
	const struct place *place = look(inspector, old.path);
	if (!place || !node_truthy(place->node))
		return false;
	*ret_found = take_block(inspector, &old, place);
	return true;
}

static bool has_shape(const struct node *root, const struct file_shape *shape, enum side_file name)
{
	bool weak = shape->beside || shape->named;
	for (size_t i = 0; weak && i < COUNT(onnx_keys); i++)
		if (node_get(root, onnx_keys[i]))
			return false;
	return !node_is_null(node_at(root, shape->key)) &&
	       (!shape->beside || !node_is_null(node_at(root, shape->beside))) &&
	       (!shape->named || shape->side == name);
}

/* `name` is the file's, or SIDE_COUNT where nobody tells. */
static const struct file_shape *shape_of_file(const struct node *root, enum side_file name)
{
	for (size_t i = 0; i < COUNT(file_shapes); i++)
		if (has_shape(root, &file_shapes[i], name))
			return &file_shapes[i];
	return NULL;
}

/* A file that is a block as a whole. */
static void take_file(struct inspector *inspector, const struct node *root,
	const struct file_shape *shape, const char *name)
{
	struct spot spot = { .path = "", .found_in = name };
	inspector->base = (struct place){ .node = root };
	take(inspector, &spot, &inspector->base);
	inspector->by_place = method_find(shape->method);
	report_unseen(inspector);
}

static bool search_side_files(struct inspector *inspector)
{
	for (int side = 0; inspector->files && side < SIDE_COUNT; side++) {
		struct text bytes = inspector->files->side[side], unused;
		if (!bytes.data)
			continue;
		bool placed = inspector->placed;
		inspector->placed = false;
		inspector->file = text_of(side_names[side]);
		const struct node *root = inspector_read(inspector, bytes, &unused);
		const struct file_shape *shape =
			root ? shape_of_file(root, (enum side_file)side) : NULL;
		if (shape) {
			take_file(inspector, root, shape, side_names[side]);
			return true;
		}
		inspector->placed = placed;
		inspector->file = text_of("");
	}
	return false;
}

static bool search_odd(struct inspector *inspector)
{
	for (size_t i = 0; i < COUNT(odd_spots); i++) {
		const struct odd_spot *odd = &odd_spots[i];
		const struct place *place = look(inspector, odd->spot.path);
		if (!place || !node_at(place->node, odd->key))
			continue;
		take(inspector, &odd->spot, place);
		inspector->by_place = method_find(odd->method);
		report_unseen(inspector);
		return true;
	}
	return false;
}

/* What came as the main file is another one: for messages, also for those that were made before. */
static void name_main_file(struct inspector *inspector, const char *name)
{
	inspector->file = text_of(name);
	struct checkpoint_problem *problem = inspector->checkpoint->problems;
	for (; problem; problem = problem->next)
		if (problem->file.length == 0)
			problem->file = inspector->file;
}

static bool is_model_config(const struct node *root)
{
	return node_get(root, "model_type") || node_get(root, "architectures");
}

bool inspect_places(struct inspector *inspector)
{
	bool found = false;
	if (search_top(inspector, &found) || search_decoders(inspector, &found) ||
		search_old(inspector, &found))
		return found;
	if (search_side_files(inspector) || search_odd(inspector))
		return true;
	const struct file_shape *shape = shape_of_file(inspector->root, SIDE_COUNT);
	if (inspector->files || !shape || is_model_config(inspector->root))
		return false;
	name_main_file(inspector, side_names[shape->side]);
	inspector->checkpoint->alone = true;
	take_file(inspector, inspector->root, shape, side_names[shape->side]);
	return true;
}
