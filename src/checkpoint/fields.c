/* What type each method reads under each key; anything else is told with its place. */
#include "checkpoint/inspector.h"

#include "base/buffer.h"

#include <string.h>

enum kinds {
	K_NULL = 1u << NODE_NULL,
	K_BOOLEAN = 1u << NODE_BOOLEAN,
	K_INTEGER = 1u << NODE_INTEGER,
	K_FLOAT = 1u << NODE_FLOAT,
	K_STRING = 1u << NODE_STRING,
	K_LIST = 1u << NODE_SEQUENCE,
	K_OBJECT = 1u << NODE_MAPPING,
	K_NUMBER = K_INTEGER | K_FLOAT,
	K_NAMES = K_LIST | K_NULL,
	K_SIZE = K_INTEGER | K_NULL,
	K_TEXT = K_STRING | K_NULL,
	K_FLAG = K_BOOLEAN | K_NULL,
	K_PART = K_OBJECT | K_NULL,
};

struct field {
	enum method method; /* METHOD_NONE: every method */
	const char *path;   /* "/" between steps; a step "*" is every member or item */
	unsigned kinds;
};

static const struct field fields[] = {
	{ METHOD_NONE, "load_in_4bit", K_FLAG },
	{ METHOD_NONE, "load_in_8bit", K_FLAG },
	{ METHOD_NONE, "modules_to_not_convert", K_NAMES },
	{ METHOD_NONE, "dequantize", K_FLAG },
	{ METHOD_BITSANDBYTES, "llm_int8_skip_modules", K_NAMES },
	{ METHOD_BITSANDBYTES, "llm_int8_threshold", K_FLOAT | K_NULL },
	{ METHOD_BITSANDBYTES, "llm_int8_enable_fp32_cpu_offload", K_BOOLEAN },
	{ METHOD_BITSANDBYTES, "llm_int8_has_fp16_weight", K_BOOLEAN },
	{ METHOD_BITSANDBYTES, "bnb_4bit_quant_type", K_STRING },
	{ METHOD_BITSANDBYTES, "bnb_4bit_use_double_quant", K_BOOLEAN },
	{ METHOD_BITSANDBYTES, "bnb_4bit_compute_dtype", K_TEXT },
	{ METHOD_BITSANDBYTES, "bnb_4bit_quant_storage", K_TEXT },
	{ METHOD_GPTQ, "bits", K_INTEGER },
	{ METHOD_GPTQ, "group_size", K_INTEGER },
	{ METHOD_GPTQ, "damp_percent", K_NUMBER },
	{ METHOD_GPTQ, "desc_act", K_BOOLEAN },
	{ METHOD_GPTQ, "sym", K_BOOLEAN },
	{ METHOD_GPTQ, "true_sequential", K_BOOLEAN },
	{ METHOD_GPTQ, "lm_head", K_FLAG },
	{ METHOD_GPTQ, "dynamic", K_PART },
	{ METHOD_GPTQ, "dynamic/*", K_OBJECT | K_BOOLEAN | K_NULL },
	{ METHOD_GPTQ, "dynamic/*/bits", K_INTEGER },
	{ METHOD_GPTQ, "dynamic/*/group_size", K_INTEGER },
	{ METHOD_GPTQ, "format", K_STRING },
	{ METHOD_GPTQ, "checkpoint_format", K_TEXT },
	{ METHOD_GPTQ, "modules_in_block_to_quantize", K_NAMES },
	{ METHOD_GPTQ, "meta", K_PART },
	{ METHOD_AWQ, "bits", K_INTEGER },
	{ METHOD_AWQ, "w_bit", K_INTEGER },
	{ METHOD_AWQ, "group_size", K_INTEGER },
	{ METHOD_AWQ, "q_group_size", K_INTEGER },
	{ METHOD_AWQ, "zero_point", K_BOOLEAN },
	{ METHOD_AWQ, "version", K_TEXT },
	{ METHOD_AWQ, "format", K_TEXT },
	{ METHOD_AWQ, "backend", K_TEXT },
	{ METHOD_FP8, "activation_scheme", K_STRING },
	{ METHOD_FP8, "weight_block_size", K_LIST | K_NULL },
	{ METHOD_FP8, "weight_block_size/*", K_INTEGER },
	{ METHOD_FP8, "fmt", K_TEXT },
	{ METHOD_FP8, "scale_fmt", K_TEXT },
	{ METHOD_FP8, "ignored_layers", K_NAMES },
	{ METHOD_FP8, "quant_algo", K_TEXT },
	{ METHOD_FP8, "moe_quant_algo", K_TEXT },
	{ METHOD_FP8, "quantized_layers", K_PART },
	{ METHOD_MXFP8, "activation_scheme", K_STRING },
	{ METHOD_MXFP8, "weight_block_size", K_LIST | K_NULL },
	{ METHOD_MXFP8, "weight_block_size/*", K_INTEGER },
	{ METHOD_MXFP8, "scale_fmt", K_TEXT },
	{ METHOD_MXFP8, "ignored_layers", K_NAMES },
	{ METHOD_MXFP8, "moe_quant_algo", K_TEXT },
	{ METHOD_FBGEMM_FP8, "activation_scale_ub", K_NUMBER },
	{ METHOD_COMPRESSED_TENSORS, "config_groups", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*", K_OBJECT | K_LIST },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/targets", K_LIST },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/targets/*", K_STRING },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/num_bits", K_INTEGER },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/type", K_STRING },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/group_size", K_SIZE },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/strategy", K_TEXT },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/symmetric", K_BOOLEAN },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/block_structure", K_LIST | K_TEXT },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/weights/scale_dtype", K_TEXT },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/input_activations", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/input_activations/num_bits", K_INTEGER },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/input_activations/type", K_STRING },
	{ METHOD_COMPRESSED_TENSORS, "config_groups/*/output_activations", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "ignore", K_NAMES },
	{ METHOD_COMPRESSED_TENSORS, "format", K_TEXT },
	{ METHOD_COMPRESSED_TENSORS, "quantization_status", K_TEXT },
	{ METHOD_COMPRESSED_TENSORS, "kv_cache_scheme", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "sparsity_config", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "transform_config", K_PART },
	{ METHOD_COMPRESSED_TENSORS, "use_optimized_inference", K_FLAG },
	{ METHOD_QUARK, "global_quant_config", K_PART },
	{ METHOD_QUARK, "global_quant_config/weight", K_OBJECT | K_LIST | K_NULL },
	{ METHOD_QUARK, "global_quant_config/weight/dtype", K_TEXT },
	{ METHOD_QUARK, "global_quant_config/weight/qscheme", K_TEXT },
	{ METHOD_QUARK, "global_quant_config/weight/group_size", K_SIZE },
	{ METHOD_QUARK, "global_quant_config/weight/scale_format", K_TEXT },
	{ METHOD_QUARK, "global_quant_config/weight/symmetric", K_FLAG },
	{ METHOD_QUARK, "global_quant_config/input_tensors", K_OBJECT | K_LIST | K_NULL },
	{ METHOD_QUARK, "global_quant_config/input_tensors/dtype", K_TEXT },
	{ METHOD_QUARK, "layer_quant_config", K_PART },
	{ METHOD_QUARK, "layer_quant_config/*", K_OBJECT | K_NULL },
	{ METHOD_QUARK, "layer_type_quant_config", K_PART },
	{ METHOD_QUARK, "exclude", K_NAMES },
	{ METHOD_QUARK, "exclude_layers", K_NAMES },
	{ METHOD_QUARK, "export", K_PART },
	{ METHOD_TORCHAO, "quant_type", K_OBJECT },
	{ METHOD_TORCHAO, "quant_type/default", K_OBJECT },
	{ METHOD_TORCHAO, "quant_type/default/_type", K_STRING },
	{ METHOD_TORCHAO, "quant_type/default/_version", K_INTEGER },
	{ METHOD_TORCHAO, "quant_type/default/_data", K_OBJECT },
	{ METHOD_TORCHAO, "quant_type/default/_data/group_size", K_SIZE },
	{ METHOD_TORCHAO, "quant_type/default/_data/fqn_to_config", K_OBJECT },
	{ METHOD_TORCHAO, "quant_type/default/_data/module_fqn_to_config", K_OBJECT },
	{ METHOD_TORCHAO, "include_input_output_embeddings", K_FLAG },
	{ METHOD_TORCHAO, "untie_embedding_weights", K_FLAG },
	{ METHOD_AQLM, "nbits_per_codebook", K_INTEGER },
	{ METHOD_AQLM, "num_codebooks", K_INTEGER },
	{ METHOD_AQLM, "in_group_size", K_INTEGER },
	{ METHOD_AQLM, "out_group_size", K_INTEGER },
	{ METHOD_AQLM, "linear_weights_not_to_quantize", K_NAMES },
	{ METHOD_VPTQ, "config_for_layers", K_OBJECT },
	{ METHOD_VPTQ, "config_for_layers/*", K_OBJECT },
	{ METHOD_VPTQ, "config_for_layers/*/vector_lens", K_LIST },
	{ METHOD_VPTQ, "config_for_layers/*/num_centroids", K_LIST },
	{ METHOD_QUANTO, "weights", K_STRING },
	{ METHOD_QUANTO, "activations", K_TEXT },
	{ METHOD_EETQ, "weights", K_STRING },
	{ METHOD_HQQ, "quant_config", K_OBJECT },
	{ METHOD_HQQ, "quant_config/weight_quant_params", K_OBJECT },
	{ METHOD_HQQ, "quant_config/weight_quant_params/nbits", K_INTEGER },
	{ METHOD_HQQ, "quant_config/weight_quant_params/group_size", K_SIZE },
	{ METHOD_HQQ, "skip_modules", K_LIST },
	{ METHOD_HQQ, "nbits", K_INTEGER },
	{ METHOD_HQQ, "group_size", K_SIZE },
	{ METHOD_HIGGS, "bits", K_INTEGER },
	{ METHOD_HIGGS, "p", K_INTEGER },
	{ METHOD_HIGGS, "group_size", K_INTEGER },
	{ METHOD_HIGGS, "hadamard_size", K_INTEGER },
	{ METHOD_BITNET, "linear_class", K_STRING },
	{ METHOD_BITNET, "quantization_mode", K_STRING },
	{ METHOD_BITNET, "use_rms_norm", K_FLAG },
	{ METHOD_SPQR, "bits", K_INTEGER },
	{ METHOD_SPQR, "beta1", K_INTEGER },
	{ METHOD_SPQR, "beta2", K_INTEGER },
	{ METHOD_SPQR, "shapes", K_OBJECT },
	{ METHOD_FP_QUANT, "forward_dtype", K_STRING },
	{ METHOD_FP_QUANT, "backward_dtype", K_STRING },
	{ METHOD_FP_QUANT, "store_master_weights", K_BOOLEAN },
	{ METHOD_FP_QUANT, "hadamard_group_size", K_INTEGER },
	{ METHOD_AUTO_ROUND, "bits", K_INTEGER },
	{ METHOD_AUTO_ROUND, "group_size", K_INTEGER },
	{ METHOD_AUTO_ROUND, "sym", K_BOOLEAN },
	{ METHOD_AUTO_ROUND, "data_type", K_STRING },
	{ METHOD_AUTO_ROUND, "act_bits", K_SIZE },
	{ METHOD_AUTO_ROUND, "packing_format", K_STRING },
	{ METHOD_AUTO_ROUND, "extra_config", K_PART },
	{ METHOD_AUTO_ROUND, "extra_config/*", K_OBJECT },
	{ METHOD_AUTO_ROUND, "extra_config/*/bits", K_INTEGER },
	{ METHOD_AUTO_ROUND, "block_name_to_quantize", K_LIST | K_TEXT },
	{ METHOD_METAL, "bits", K_INTEGER },
	{ METHOD_METAL, "group_size", K_INTEGER },
	{ METHOD_FOUROVERSIX, "dtype", K_STRING },
	{ METHOD_FOUROVERSIX, "weight_dtype", K_TEXT },
	{ METHOD_FOUROVERSIX, "keep_master_weights", K_BOOLEAN },
	{ METHOD_SINQ, "nbits", K_INTEGER },
	{ METHOD_SINQ, "group_size", K_INTEGER },
	{ METHOD_SINQ, "method", K_STRING },
	{ METHOD_GEMMA, "num_bits", K_INTEGER },
	{ METHOD_GEMMA, "quantize_embeddings", K_BOOLEAN },
	{ METHOD_GEMMA, "module_quant_configs", K_PART },
	{ METHOD_GEMMA, "module_quant_configs/*", K_OBJECT },
	{ METHOD_GEMMA, "module_quant_configs/*/num_bits", K_INTEGER },
	{ METHOD_MODELOPT, "quant_algo", K_TEXT },
	{ METHOD_MODELOPT, "config_groups", K_PART },
	{ METHOD_MODELOPT, "config_groups/*", K_OBJECT },
	{ METHOD_MODELOPT, "config_groups/*/weights", K_PART },
	{ METHOD_MODELOPT, "config_groups/*/weights/num_bits", K_INTEGER },
	{ METHOD_MODELOPT, "config_groups/*/weights/type", K_STRING },
	{ METHOD_MODELOPT, "config_groups/*/weights/group_size", K_SIZE },
	{ METHOD_MODELOPT, "config_groups/*/input_activations", K_PART },
	{ METHOD_MODELOPT, "ignore", K_NAMES },
	{ METHOD_MODELOPT, "exclude_modules", K_NAMES },
	{ METHOD_MODELOPT, "quantized_layers", K_PART },
	{ METHOD_MODELOPT, "quantized_layers/*", K_OBJECT },
	{ METHOD_MODELOPT, "quantized_layers/*/quant_algo", K_STRING },
	{ METHOD_MODELOPT, "producer", K_PART },
	{ METHOD_MODELOPT, "kv_cache_scheme", K_OBJECT | K_TEXT },
	{ METHOD_MODELOPT, "quantization", K_OBJECT },
	{ METHOD_MODELOPT, "quantization/quant_algo", K_TEXT },
	{ METHOD_MODELOPT, "quantization/group_size", K_SIZE },
	{ METHOD_MODELOPT, "quantization/exclude_modules", K_NAMES },
	{ METHOD_MODELOPT, "quantization/quantized_layers", K_PART },
	{ METHOD_MODELOPT, "quantization/quantized_layers/*", K_OBJECT },
	{ METHOD_MLX, "bits", K_INTEGER },
	{ METHOD_MLX, "group_size", K_INTEGER },
	{ METHOD_MLX, "mode", K_STRING },
	{ METHOD_EXL2, "bits", K_NUMBER },
	{ METHOD_EXL2, "head_bits", K_NUMBER },
	{ METHOD_EXL3, "bits", K_NUMBER },
	{ METHOD_EXL3, "head_bits", K_NUMBER },
};

static const char *const kind_names[] = {
	[NODE_NULL] = "null",
	[NODE_BOOLEAN] = "true or false",
	[NODE_INTEGER] = "a whole number",
	[NODE_FLOAT] = "a float",
	[NODE_STRING] = "a string",
	[NODE_SEQUENCE] = "a list",
	[NODE_MAPPING] = "an object",
};

#define KIND_COUNT (sizeof(kind_names) / sizeof(kind_names[0]))

/* "a string or null is expected". */
static const char *expectation(struct arena *arena, unsigned kinds, const struct node *found)
{
	if ((kinds & K_NAMES) == K_NAMES && found->kind == NODE_STRING)
		return "a list is expected; a string there is read letter by letter";
	struct buffer out;
	buffer_init(&out, arena, 64);
	bool first = true;
	for (size_t kind = KIND_COUNT; kind-- > 0;) {
		if (!(kinds & 1u << kind) || (kind == NODE_NULL && !first))
			continue;
		if (!first)
			buffer_add_string(&out, " or ");
		buffer_add_string(&out, kind_names[kind]);
		first = false;
	}
	if (kinds != K_NULL && (kinds & K_NULL))
		buffer_add_string(&out, " or null");
	buffer_add_string(&out, " is expected");
	buffer_add_byte(&out, '\0');
	const char *text = buffer_text(&out).data;
	return text ? text : "";
}

static void check_value(struct inspector *inspector, const struct place *place, unsigned kinds)
{
	if (!(kinds & 1u << place->node->kind))
		inspector_report(inspector, CHECKPOINT_WRONG_TYPE, place,
			expectation(inspector->arena, kinds, place->node));
}

/* As deep as the table's longest path. */
static void check_path(
	struct inspector *inspector, const struct place *place, const char *path, unsigned kinds)
{
	const struct node *node = place->node;
	if (!*path) {
		check_value(inspector, place, kinds);
		return;
	}
	if (node->kind != NODE_MAPPING && node->kind != NODE_SEQUENCE)
		return;
	size_t length = strcspn(path, "/");
	const char *rest = path + length + (path[length] == '/');
	bool every = length == 1 && path[0] == '*';
	/* A list where an object is usual (quark's two specs): the path goes through its items. */
	if (node->kind == NODE_SEQUENCE) {
		for (uint32_t i = 0; i < node->count; i++) {
			struct place item = place_item(place, i);
			if (every || item.node->kind == NODE_MAPPING)
				check_path(inspector, &item, every ? rest : path, kinds);
		}
		return;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct member *member = &node->members[i];
		bool named =
			member->key.length == length && memcmp(member->key.data, path, length) == 0;
		if (!every && !named)
			continue;
		struct place next = place_of_member(place, member);
		check_path(inspector, &next, rest, kinds);
	}
}

void inspect_fields(struct inspector *inspector)
{
	const struct method_row *row = inspector->checkpoint->method;
	enum method method = row ? row->method : METHOD_NONE;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].method == METHOD_NONE || fields[i].method == method)
			check_path(
				inspector, inspector->block_place, fields[i].path, fields[i].kinds);
}
