/* Which method a block names, as transformers would find it and as people mean it. */
#include "checkpoint/declaration/scheme.h"
#include "checkpoint/declaration/torchao.h"
#include "checkpoint/inspector.h"

/* A key that only one method's blocks have. Asked in order. */
struct block_mark {
	const char *key;
	enum method method;
};

static const struct block_mark marks[] = {
	{ "quant_algo", METHOD_MODELOPT },
	{ "producer/name", METHOD_MODELOPT },
	{ "quantization/quant_algo", METHOD_MODELOPT },
	{ "config_groups", METHOD_COMPRESSED_TENSORS },
	{ "global_quant_config", METHOD_QUARK },
	{ "quant_type", METHOD_TORCHAO },
	{ "bnb_4bit_quant_type", METHOD_BITSANDBYTES },
	{ "llm_int8_threshold", METHOD_BITSANDBYTES },
	{ "_load_in_4bit", METHOD_BITSANDBYTES },
	{ "autoround_version", METHOD_AUTO_ROUND },
	{ "nbits_per_codebook", METHOD_AQLM },
	{ "config_for_layers", METHOD_VPTQ },
	{ "quant_config/weight_quant_params", METHOD_HQQ },
	{ "hadamard_size", METHOD_HIGGS },
	{ "forward_dtype", METHOD_FP_QUANT },
	{ "w_bit", METHOD_AWQ },
	{ "zero_point", METHOD_AWQ },
	{ "desc_act", METHOD_GPTQ },
	{ "damp_percent", METHOD_GPTQ },
	{ "true_sequential", METHOD_GPTQ },
	{ "weight_block_size", METHOD_FP8 },
	{ "activation_scheme", METHOD_FP8 },
	{ "head_bits", METHOD_EXL2 },
};

/* MLX writes nothing of its own: others have these keys, too, beside a quant_method. */
static const struct block_mark weak_marks[] = {
	{ "bits", METHOD_MLX },
	{ "mode", METHOD_MLX },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct method_row *marked(
	const struct node *block, const struct block_mark *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!node_is_null(node_at(block, list[i].key)))
			return method_find(list[i].method);
	return NULL;
}

const struct method_row *block_shape(const struct node *block)
{
	unsigned unused;
	struct text other = node_text(node_get(block, "quantization_method"));
	if (other.length > 0)
		return method_recognise(other, &unused);
	const struct method_row *row = marked(block, marks, COUNT(marks));
	bool named = !node_is_null(node_get(block, "quant_method"));
	return row || named ? row : marked(block, weak_marks, COUNT(weak_marks));
}

/* Every value is null, false or empty: the block is there, but declares nothing. */
static bool declares_nothing(const struct node *block)
{
	for (uint32_t i = 0; i < block->count; i++)
		if (node_truthy(block->members[i].value))
			return false;
	return true;
}

static void choose(struct checkpoint *checkpoint, const struct method_row *row, unsigned known_to)
{
	checkpoint->method = row;
	checkpoint->known_to = known_to;
	checkpoint->known_to_transformers = known_to & 1u << ENGINE_TRANSFORMERS;
	if (checkpoint->known_to_transformers && checkpoint->seen_by_transformers)
		checkpoint->config_class = row->config_class;
}

static void by_flags(struct inspector *inspector, bool four, bool eight)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	checkpoint->load_in_4bit = four;
	checkpoint->load_in_8bit = eight && !four;
	unsigned known_to = 1u << ENGINE_TRANSFORMERS, others = 0;
	const struct method_row *row = method_find(METHOD_BITSANDBYTES);
	if (method_recognise(checkpoint->quant_method, &others) == row)
		known_to |= others;
	choose(checkpoint, row, known_to);
	if (four && eight) {
		struct place place = place_member(inspector->block_place, "load_in_8bit");
		inspector_refuse(inspector, &place,
			"load_in_4bit is true, too, and BitsAndBytesConfig raises on both together");
	}
}

static const char *unknown_detail(const struct method_row *row, struct text name)
{
	if (row && text_is(name, "bitsandbytes"))
		return "it finds bitsandbytes by a true load_in_4bit or load_in_8bit, and by nothing "
		       "else; the weights load as if they were not quantized, and under lora "
		       "Axolotl's own copy of the block quantizes them once more";
	if (row && row->method == METHOD_BITSANDBYTES)
		return "it finds bitsandbytes by a true load_in_4bit or load_in_8bit, and by "
		       "nothing else; the weights load as if they were not quantized";
	return "names are compared exactly; it warns and loads the weights as if they were not "
	       "quantized";
}

static void by_name(struct inspector *inspector, const struct place *name)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	unsigned known_to = 0;
	const struct method_row *row = method_of_transformers(checkpoint->quant_method);
	const struct method_row *meant = method_recognise(checkpoint->quant_method, &known_to);
	if (row)
		known_to |= 1u << ENGINE_TRANSFORMERS;
	choose(checkpoint, row ? row : meant, known_to);
	if (!row && checkpoint->seen_by_transformers)
		inspector_report(inspector, CHECKPOINT_METHOD_UNKNOWN, name,
			unknown_detail(meant, checkpoint->quant_method));
}

/* By whatever: for transformers only what is missing, or null, is no name. */
static bool is_named(const struct checkpoint *checkpoint)
{
	return !node_is_null(node_get(checkpoint->block, "quant_method"));
}

static void by_shape(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	const struct method_row *row = inspector->by_place;
	if (!row)
		row = block_shape(inspector->block);
	checkpoint->quantized = row || !declares_nothing(inspector->block);
	if (row)
		choose(checkpoint, row, row->known_to & ~(1u << ENGINE_TRANSFORMERS));
	if (checkpoint->seen_by_transformers && !is_named(checkpoint))
		inspector_report(inspector, CHECKPOINT_METHOD_MISSING, inspector->block_place,
			"transformers raises ValueError without it, and Axolotl fails on the "
			"missing key under an adapter");
}

/* compressed-tensors may wrap its settings once more; its class unwraps them. */
static void unwrap(struct inspector *inspector)
{
	struct place *steps = inspector->steps;
	const struct place *outer = inspector->block_place;
	const struct member *inner = node_member(outer->node, TEXT("quantization_config"));
	if (!inner || !node_is_mapping(inner->value))
		return;
	steps[PLACE_STEPS - 1] = place_of_member(outer, inner);
	inspector->block_place = &steps[PLACE_STEPS - 1];
	inspector->block = inner->value;
	const struct node *name = node_get(inner->value, "quant_method");
	unsigned unused;
	if (!inspector->checkpoint->method && name)
		inspector->by_place = method_recognise(node_text(name), &unused);
}

static const char *higgs_refusal(const struct node *block)
{
	int64_t size = 512, group = 256;
	node_integer(node_get(block, "hadamard_size"), &size);
	node_integer(node_get(block, "group_size"), &group);
	return group > 0 && size % group != 0
		       ? "HiggsConfig wants a hadamard_size that group_size divides"
		       : NULL;
}

static const char *fp_quant_refusal(const struct node *block)
{
	const struct node *size = node_get(block, "hadamard_group_size");
	const struct node *method = node_get(block, "forward_method");
	const struct node *backward = node_get(block, "backward_dtype");
	if (node_is_string(node_get(block, "forward_dtype"), "mxfp4"))
		return size && text_is(size->text, "16")
			       ? "FPQuantConfig takes a hadamard_group_size of 16 for nvfp4 alone"
			       : NULL;
	if (method && node_is_string(method, "quest"))
		return "FPQuantConfig takes forward_method quest for mxfp4 alone";
	if (node_is_string(backward, "mxfp8") || node_is_string(backward, "mxfp4"))
		return "FPQuantConfig takes a backward_dtype other than bf16 for mxfp4 alone";
	return NULL;
}

/* What a class raises on that no single value tells. */
static const char *refusal(enum method method, const struct node *block)
{
	switch (method) {
	case METHOD_NVFP4:
		return "transformers makes nvfp4 while loading and raises ValueError for a "
		       "stored one";
	case METHOD_TORCHAO:
		return torchao_refusal(block);
	case METHOD_HQQ:
		return node_get(block, "quant_config") && node_get(block, "skip_modules")
			       ? NULL
			       : "HqqConfig needs quant_config and skip_modules and raises "
				 "KeyError";
	case METHOD_GPTQ:
		return node_get(block, "bits") ? NULL : "GPTQConfig needs bits";
	case METHOD_HIGGS:
		return higgs_refusal(block);
	case METHOD_FP_QUANT:
		return fp_quant_refusal(block);
	default:
		return NULL;
	}
}

static void report_refusal(struct inspector *inspector)
{
	const struct checkpoint *checkpoint = inspector->checkpoint;
	if (!checkpoint->config_class)
		return;
	const char *detail = refusal(checkpoint->method->method, inspector->block);
	if (detail)
		inspector_refuse(inspector, inspector->block_place, detail);
}

/* Axolotl asks for the key without looking whether it is there; transformers goes by the flags. */
static void note_record(struct checkpoint *checkpoint, const struct place *name)
{
	if (checkpoint->seen_by_axolotl && !name->node)
		checkpoint->record = "has no quant_method";
}

/* A list or an object cannot be looked up in Python's dict at all. */
static void report_name(struct inspector *inspector, const struct place *name)
{
	if (node_is_null(name->node) || name->node->kind == NODE_STRING)
		return;
	bool collection = name->node->kind == NODE_SEQUENCE || name->node->kind == NODE_MAPPING;
	bool flags = node_truthy(node_get(inspector->block, "load_in_4bit")) ||
		     node_truthy(node_get(inspector->block, "load_in_8bit"));
	if (collection && !flags && inspector->checkpoint->seen_by_transformers)
		inspector_refuse(inspector, name,
			"a string is expected, and looking anything else up ends in TypeError");
	else
		inspector_report(inspector, CHECKPOINT_WRONG_TYPE, name,
			"a string is expected, and transformers knows no other name");
}

void inspect_method(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	const struct node *block = inspector->block;
	struct place name = place_member(inspector->block_place, "quant_method");
	checkpoint->quantized = true;
	checkpoint->quant_method = node_text(name.node);
	report_name(inspector, &name);
	bool four = node_truthy(node_get(block, "load_in_4bit"));
	bool eight = node_truthy(node_get(block, "load_in_8bit"));
	if (four || eight) {
		by_flags(inspector, four, eight);
		note_record(checkpoint, &name);
	} else if (name.node && name.node->kind == NODE_STRING)
		by_name(inspector, &name);
	unwrap(inspector);
	if (!checkpoint->method && checkpoint->quant_method.length == 0)
		by_shape(inspector);
	report_refusal(inspector);
}

static bool flag(const struct node *block, const char *key)
{
	const struct node *node = node_get(block, key);
	return node && node->kind == NODE_BOOLEAN && node->boolean;
}

/* torchao's gate looks for the digit before "weight" in the class's name. */
static int torchao_trainable(const struct node *block)
{
	struct text name = node_text(node_get(torchao_config(block), "_type"));
	for (size_t i = 1; i < name.length; i++) {
		char digit = name.data[i - 1];
		struct text rest = text_from(name, i);
		if (digit >= '0' && digit <= '9' && rest.length >= 6 &&
			text_equal_nocase((struct text){ rest.data, 6 }, TEXT("weight")))
			return digit == '8';
	}
	return 0;
}

static int trainable_by_block(const struct checkpoint *checkpoint, const struct node *block)
{
	switch (checkpoint->method->method) {
	case METHOD_TORCHAO:
		return torchao_trainable(block);
	case METHOD_COMPRESSED_TENSORS:
		return !flag(block, "use_optimized_inference");
	case METHOD_BITNET:
		return node_is_string(node_get(block, "linear_class"), "autobitlinear") &&
		       node_is_string(node_get(block, "quantization_mode"), "online");
	case METHOD_FP_QUANT:
		return flag(block, "store_master_weights");
	case METHOD_FOUROVERSIX:
		return flag(block, "keep_master_weights");
	default:
		return -1;
	}
}

static bool can_override(const struct method_row *row, const char *attribute)
{
	for (size_t i = 0; i < METHOD_OVERRIDABLE && row->overridable[i]; i++)
		if (text_is(text_of(row->overridable[i]), attribute))
			return true;
	return false;
}

/* A number, say, is a name that transformers does not know. */
static bool can_be_looked_up(const struct checkpoint *checkpoint)
{
	const struct node *name = node_get(checkpoint->block, "quant_method");
	return !node_is_null(name) && name->kind != NODE_SEQUENCE && name->kind != NODE_MAPPING;
}

static void inspect_loading(struct checkpoint *checkpoint)
{
	const struct method_row *row = checkpoint->method;
	if (checkpoint->alone)
		checkpoint->loading = "config.json decides, which is not here";
	else if (!checkpoint->seen_by_transformers)
		checkpoint->loading = "not seen by transformers: it loads the weights as if they "
				      "were not quantized";
	else if (checkpoint->config_class)
		checkpoint->loading =
			checkpoint->seen_by_axolotl ? row->loading : "forwarded unchanged";
	else if (checkpoint->known_to_transformers || !can_be_looked_up(checkpoint))
		checkpoint->loading = "refused by transformers";
	else
		checkpoint->loading = "skipped by transformers: it loads the weights as if they "
				      "were not quantized";
}

void inspect_training(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	const struct method_row *row = checkpoint->method;
	if (!checkpoint->quantized)
		return;
	inspect_loading(checkpoint);
	if (!row || !checkpoint->config_class)
		return;
	checkpoint->trainable_with_adapter =
		row->trainable == TRAINABLE_BY_BLOCK
			? trainable_by_block(checkpoint, inspector->block)
			: (int)row->trainable;
	checkpoint->overridable = row->overridable;
	while (checkpoint->overridable_count < METHOD_OVERRIDABLE &&
		row->overridable[checkpoint->overridable_count])
		checkpoint->overridable_count++;
	checkpoint->dequantize =
		can_override(row, "dequantize") && flag(inspector->block, "dequantize");
	if (checkpoint->dequantize)
		checkpoint->trainable_with_adapter = 1;
}
