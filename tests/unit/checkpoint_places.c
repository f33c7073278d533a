/* Where blocks sit, values that are none, wrong types, and what the model says of itself. */
#include "checkpoint.h"

#include <string.h>

struct place_case {
	const char *json;
	const char *found_in; /* NULL: no block */
	bool quantized;
	const char *family; /* NULL: none */
	bool axolotl;
	bool transformers;
};

/* clang-format off */
static const struct place_case places[] = {
	{ "{\"model_type\":\"llama\"}", NULL, false, NULL, false, false },
	{ "{}", NULL, false, NULL, false, false },
	{ "{\"quantization_config\":null}", NULL, false, NULL, false, false },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\"},\"text_config\":{\"quantization_config\":{\"quant_method\":\"gptq\"}}}",
		"quantization_config", true, "fp8", true, true },
	{ "{\"quantization_config\":null,\"text_config\":{\"quantization_config\":{\"quant_method\":\"quark\"}}}",
		"text_config.quantization_config", true, "quark", false, true },
	{ "{\"quantization_config\":{},\"text_config\":{\"quantization_config\":{\"quant_method\":\"quark\"}}}",
		"text_config.quantization_config", true, "quark", false, true },
	{ "{\"thinker_config\":{\"text_config\":{\"quantization_config\":{\"quant_method\":\"awq\"}}}}",
		"thinker_config.text_config.quantization_config", true, "awq", false, true },
	{ "{\"llm_config\":{\"quantization_config\":{\"quant_method\":\"awq\"}}}", "llm_config.quantization_config", true, "awq", false, true },
	{ "{\"compression_config\":{\"quant_method\":\"sparseml\",\"config_groups\":{}}}", "compression_config", true, "compressed-tensors", false, false },
	{ "{\"quantization\":{\"bits\":4,\"group_size\":64}}", "quantization", true, "mlx", false, false },
	{ "{\"quantization\":{\"bits\":4},\"quantization_config\":{\"bits\":4}}", "quantization_config", true, "mlx", true, true },
	{ "{\"producer\":{\"name\":\"modelopt\"},\"quantization\":{\"quant_algo\":\"NVFP4\",\"group_size\":16}}",
		"hf_quant_config.json", true, "modelopt", false, false },
	{ "{\"bits\":4,\"group_size\":128,\"damp_percent\":0.1,\"desc_act\":false}", "quantize_config.json", true, "gptq", false, false },
	{ "{\"bits\":4,\"group_size\":128}", "quantize_config.json", true, "gptq", false, false },
	{ "{\"bits\":4,\"group_size\":128,\"per_channel\":true}", NULL, false, NULL, false, false },
	{ "{\"bits\":4,\"group_size\":128,\"model_type\":\"llama\"}", NULL, false, NULL, false, false },
	{ "{\"bits\":4}", NULL, false, NULL, false, false },
	{ "{\"zero_point\":true,\"q_group_size\":128,\"w_bit\":4}", "quant_config.json", true, "awq", false, false },
	{ "{\"quant_method\":\"auto-round\",\"bits\":4}", "quantization_config.json", true, "auto-round", false, false },
	{ "{\"model_type\":\"llama\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\"}}}", "quant_type", true, "torchao", false, false },
	{ "{\"aqlm\":{\"nbits_per_codebook\":16,\"num_codebooks\":2}}", "aqlm", true, "aqlm", false, false },
	{ "{\"per_channel\":false,\"per_model_config\":{\"model\":{\"weight_type\":\"QUInt8\"}}}", NULL, false, NULL, false, false },
};
/* clang-format on */

START_TEST(finds_the_block)
{
	const struct place_case *wanted = &places[_i];
	const struct checkpoint *checkpoint = inspect(wanted->json);
	ck_assert_int_eq(checkpoint->quantized, wanted->quantized);
	ck_assert_int_eq(checkpoint->seen_by_axolotl, wanted->axolotl);
	ck_assert_int_eq(checkpoint->seen_by_transformers, wanted->transformers);
	if (wanted->found_in)
		ck_assert_str_eq(checkpoint->found_in, wanted->found_in);
	else
		ck_assert_ptr_null(checkpoint->found_in);
	if (wanted->family)
		ck_assert_str_eq(checkpoint->method->name, wanted->family);
	size_t length = wanted->found_in ? strlen(wanted->found_in) : 0;
	bool alone = length > 5 && strcmp(wanted->found_in + length - 5, ".json") == 0;
	bool unseen = wanted->found_in && !wanted->transformers && !alone;
	ck_assert_int_eq(checkpoint->alone, alone);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_SIDE_FILE_ALONE), alone);
	if (alone)
		ck_assert_str_eq(checkpoint->loading, "config.json decides, which is not here");
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_UNSEEN_BY_TRANSFORMERS), unseen);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_UNSEEN_BY_AXOLOTL),
		wanted->transformers && !wanted->axolotl);
}
END_TEST

struct odd_case {
	const char *json;
	enum checkpoint_fault fault;
	const char *path;
	const char *value;
};

/* clang-format off */
static const struct odd_case odds[] = {
	{ "{\"quantization_config\":{}}", CHECKPOINT_METHOD_MISSING, "/quantization_config", "{}" },
	{ "{\"quantization_config\":{},\"text_config\":{}}", CHECKPOINT_BLOCK_ODD, "/quantization_config", "{}" },
	{ "{\"quantization_config\":\"\",\"text_config\":{}}", CHECKPOINT_BLOCK_ODD, "/quantization_config", "\"\"" },
	{ "{\"quantization_config\":null}", CHECKPOINT_BLOCK_ODD, "/quantization_config", "null" },
	{ "{\"compression_config\":\"x\"}", CHECKPOINT_BLOCK_ODD, "/compression_config", "\"x\"" },
	{ "{\"quantization_config\":\"gptq\"}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "\"gptq\"" },
	{ "{\"quantization_config\":[1]}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "[…]" },
	{ "{\"quantization_config\":[]}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "[]" },
	{ "{\"quantization_config\":false}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "false" },
	{ "{\"quantization_config\":7}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "7" },
	{ "{\"text_config\":{\"quantization_config\":\"x\"}}", CHECKPOINT_BLOCK_REFUSED, "/text_config/quantization_config", "\"x\"" },
	{ "{\"quantization_config\":{\"quant_method\":null,\"bits\":4}}", CHECKPOINT_METHOD_MISSING, "/quantization_config", "{…}" },
	{ "{\"quantization_config\":{\"quantization_method\":\"fp8\"}}", CHECKPOINT_METHOD_MISSING, "/quantization_config", "{…}" },
	{ "{\"quantization_config\":{\"quant_method\":\"\"}}", CHECKPOINT_METHOD_UNKNOWN, "/quantization_config/quant_method", "\"\"" },
	{ "{\"quantization_config\":{\"quant_method\":true}}", CHECKPOINT_WRONG_TYPE, "/quantization_config/quant_method", "true" },
	{ "{\"quantization_config\":{\"quant_method\":[\"fp8\"]}}", CHECKPOINT_BLOCK_REFUSED, "/quantization_config/quant_method", "[…]" },
	{ "{\"quantization_config\":{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true,\"load_in_8bit\":true}}",
		CHECKPOINT_BLOCK_REFUSED, "/quantization_config/load_in_8bit", "true" },
	{ "[1]", CHECKPOINT_NOT_AN_OBJECT, "", "[…]" },
	{ "7", CHECKPOINT_NOT_AN_OBJECT, "", "7" },
	{ "{\"a\":", CHECKPOINT_UNREADABLE, "", NULL },
	{ "", CHECKPOINT_UNREADABLE, "", NULL },
	{ "{\"model_type\":\"a\",\"model_type\":\"b\"}", CHECKPOINT_DUPLICATE_KEY, "/model_type", "model_type" },
	{ "{\"quantization_config\":{\"quant_method\":\"torchao\",\"quant_type\":\"int4_weight_only\"}}",
		CHECKPOINT_BLOCK_REFUSED, "/quantization_config", "{…}" },
	{ "{\"model_type\":7}", CHECKPOINT_WRONG_TYPE, "/model_type", "7" },
	{ "{\"architectures\":\"A\"}", CHECKPOINT_WRONG_TYPE, "/architectures", "\"A\"" },
	{ "{\"architectures\":[null]}", CHECKPOINT_WRONG_TYPE, "/architectures/0", "null" },
	{ "{\"torch_dtype\":{}}", CHECKPOINT_WRONG_TYPE, "/torch_dtype", "{}" },
	{ "{\"thinker_config\":{\"text_config\":{\"num_experts\":\"8\"}}}", CHECKPOINT_WRONG_TYPE, "/thinker_config/text_config/num_experts", "\"8\"" },
};
/* clang-format on */

START_TEST(tells_what_is_odd)
{
	const struct odd_case *wanted = &odds[_i];
	const struct checkpoint *checkpoint = inspect(wanted->json);
	const struct checkpoint_problem *problem = fault_at(checkpoint, wanted->fault);
	ck_assert_msg(problem, "%s", wanted->json);
	assert_text(problem->path, wanted->path);
	if (wanted->value)
		assert_text(problem->value, wanted->value);
	ck_assert_uint_gt(problem->detail.length, 0);
}
END_TEST

static const char *const wrong_values[] = { "true", "-3", "1.5e400", "\"x\"", "[1,[2],null]",
	"{\"a\":{\"b\":[]}}", "null", "\"\\u0000\"", "18446744073709551616" };

static const char *const field_names[] = { "bits", "w_bit", "group_size", "q_group_size", "sym",
	"zero_point", "desc_act", "damp_percent", "dynamic", "lm_head", "modules_to_not_convert",
	"ignored_layers", "ignore", "exclude", "exclude_modules", "config_groups", "format",
	"quantization_config", "weight_block_size", "fmt", "scale_fmt", "activation_scheme",
	"expert_dtype", "quant_algo", "moe_quant_algo", "quantized_layers", "quantization",
	"producer", "global_quant_config", "layer_quant_config", "layer_type_quant_config",
	"quant_type", "quant_type_kwargs", "include_input_output_embeddings", "nbits",
	"quant_config", "skip_modules", "nbits_per_codebook", "num_codebooks", "in_group_size",
	"out_group_size", "linear_weights_not_to_quantize", "config_for_layers", "weights",
	"activations", "linear_class", "quantization_mode", "beta1", "beta2", "shapes",
	"forward_dtype", "store_master_weights", "data_type", "act_bits", "act_data_type",
	"packing_format", "extra_config", "block_name_to_quantize", "to_quant_block_names",
	"modules_in_block_to_quantize", "num_bits", "module_quant_configs", "mode", "dequantize",
	"load_in_4bit", "load_in_8bit", "_load_in_4bit", "llm_int8_skip_modules",
	"bnb_4bit_quant_type", "keep_master_weights", "dtype", "use_optimized_inference", "method",
	"quant_method" };

#define FIELDS (sizeof(field_names) / sizeof(field_names[0]))
#define VALUES (sizeof(wrong_values) / sizeof(wrong_values[0]))

/* Any value under any key of any method: read, perhaps told, never a crash. */
START_TEST(wrong_types_anywhere)
{
	const char *method = method_rows[_i].name;
	for (size_t field = 0; field < FIELDS; field++)
		for (size_t value = 0; value < VALUES; value++) {
			struct text block =
				arena_printf(&arena, "{\"quant_method\":\"%s\",\"%s\":%s}", method,
					field_names[field], wrong_values[value]);
			if (text_is(text_of(field_names[field]), "quant_method"))
				block = arena_printf(
					&arena, "{\"quant_method\":%s}", wrong_values[value]);
			inspect_block(block.data);
			arena_reset(&arena);
		}
}
END_TEST

struct type_case {
	const char *block;
	const char *path; /* below the block */
};

/* clang-format off */
static const struct type_case types[] = {
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"sym\":\"yes\"}", "/sym" },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{\"a/b\":{\"bits\":\"8\"}}}", "/dynamic/a~1b/bits" },
	{ "{\"quant_method\":\"awq\",\"zero_point\":\"yes\"}", "/zero_point" },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128.5]}", "/weight_block_size/1" },
	{ "{\"quant_method\":\"gptq\",\"bits\":4.0}", "/bits" },
	{ "{\"quant_method\":\"GPTQ\",\"bits\":\"4\"}", "/bits" },
	{ "{\"quant_method\":\"fp8\",\"modules_to_not_convert\":\"lm_head\"}", "/modules_to_not_convert" },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":\"4\"}}}}", "/config_groups/g/weights/num_bits" },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":[]}", "/config_groups" },
	{ "{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":[{\"dtype\":\"fp4\"},{\"dtype\":3}]}}", "/global_quant_config/weight/1/dtype" },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":7}}}", "/quant_type/default/_type" },
	{ "{\"quant_method\":\"bnb\",\"load_in_4bit\":0}", "/load_in_4bit" },
	{ "{\"quant_method\":\"hqq\",\"quant_config\":7,\"skip_modules\":[]}", "/quant_config" },
	{ "{\"quant_method\":\"modelopt\",\"quantized_layers\":{\"a\":\"FP8\"}}", "/quantized_layers/a" },
	{ "{\"quant_method\":\"mxfp4\",\"dequantize\":\"true\"}", "/dequantize" },
};
/* clang-format on */

START_TEST(wrong_types_have_their_place)
{
	const struct checkpoint *checkpoint = inspect_block(types[_i].block);
	struct text path = arena_printf(&arena, "/quantization_config%s", types[_i].path);
	const struct checkpoint_problem *problem = checkpoint->problems;
	while (problem &&
		!(problem->fault == CHECKPOINT_WRONG_TYPE && text_equal(problem->path, path)))
		problem = problem->next;
	ck_assert_msg(problem, "%s", types[_i].block);
	ck_assert(problem->placed);
	ck_assert(text_ends_with(problem->detail, "expected") ||
		  text_contains(problem->detail, "letter by letter"));
}
END_TEST

START_TEST(problems_are_bounded)
{
	struct text list = text_of("{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[0");
	for (int i = 0; i < 300; i++)
		list = arena_printf(&arena, "%.*s,1", TEXT_ARGUMENTS(list));
	list = arena_printf(&arena, "%.*s]}", TEXT_ARGUMENTS(list));
	const struct checkpoint *checkpoint = inspect_block(list.data);
	ck_assert_uint_eq(checkpoint->problem_count, CHECKPOINT_PROBLEMS_MAXIMUM);
	ck_assert_uint_eq(checkpoint->problems_left_out, 301 - CHECKPOINT_PROBLEMS_MAXIMUM);
	ck_assert_uint_eq(
		faults(checkpoint, CHECKPOINT_BLOCK_REFUSED), CHECKPOINT_PROBLEMS_MAXIMUM);
}
END_TEST

START_TEST(long_values_are_cut_between_characters)
{
	struct text json = text_of("{\"quantization_config\":\"");
	for (int i = 0; i < 100; i++)
		json = arena_printf(&arena, "%.*sé", TEXT_ARGUMENTS(json));
	json = arena_printf(&arena, "%.*s\"}", TEXT_ARGUMENTS(json));
	const struct checkpoint *checkpoint = inspect(json.data);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_BLOCK_REFUSED);
	ck_assert_ptr_nonnull(problem);
	ck_assert_uint_eq(problem->value.length, 85);
	ck_assert(text_ends_with(problem->value, "é…\""));
}
END_TEST

/* Whatever came as the main file is called by the name of what it is. */
START_TEST(side_files_keep_their_names)
{
	const struct checkpoint *checkpoint =
		inspect("{\"bits\":\"4\",\"group_size\":128,\"desc_act\":1,\"desc_act\":false}");
	size_t count = 0;
	for (const struct checkpoint_problem *problem = checkpoint->problems; problem;
		problem = problem->next, count++) {
		assert_text(problem->file, "quantize_config.json");
		ck_assert(problem->placed);
	}
	ck_assert_uint_eq(count, 3);
	struct checkpoint_files files = { .config = TEXT("{\"model_type\":\"llama\"}") };
	files.side[SIDE_QUANTIZE_CONFIG] = TEXT("{\"bits\":4}");
	ck_assert_str_eq(checkpoint_inspect_files(&arena, &files, &limits)->method->name, "gptq");
	files.side[SIDE_QUANTIZE_CONFIG] = TEXT("{\"bits\":4,\"per_model_config\":{}}");
	ck_assert(!checkpoint_inspect_files(&arena, &files, &limits)->quantized);
	files.side[SIDE_QUANTIZE_CONFIG] = (struct text){ 0 };
	files.side[SIDE_QUANT_CONFIG] = TEXT("{\"bits\":4}");
	ck_assert(!checkpoint_inspect_files(&arena, &files, &limits)->quantized);
}
END_TEST

START_TEST(limits_are_the_callers)
{
	const struct document_limits tight = { .depth = 3, .nodes = 10 };
	struct text deep = TEXT("{\"a\":{\"b\":{\"c\":{}}}}");
	struct text fits = TEXT("{\"a\":{\"b\":{}}}");
	struct checkpoint *checkpoint = checkpoint_inspect(&arena, deep, NULL, &tight);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_UNREADABLE), 1);
	checkpoint = checkpoint_inspect(&arena, fits, NULL, &tight);
	ck_assert_uint_eq(checkpoint->problem_count, 0);
}
END_TEST

START_TEST(no_memory_is_no_checkpoint)
{
	struct text json = arena_printf(&arena, "{\"quantization_config\":{\"quant_method\":"
						"\"gptq\",\"bits\":4,\"dynamic\":{\"-:a+\":{}}}}");
	for (size_t limit = 0; limit < 300000; limit += 9973) {
		struct arena small;
		arena_init(&small, limit);
		const struct checkpoint *checkpoint =
			checkpoint_inspect(&small, json, NULL, &limits);
		ck_assert(!checkpoint || checkpoint->quantized);
		arena_release(&small);
	}
}
END_TEST

START_TEST(a_tree_may_be_given)
{
	struct document document;
	struct text json = TEXT("{\"model_type\":7,\"quantization_config\":{\"quant_method\":"
				"\"fp8\"}}");
	json_read(&document, &arena, json, &limits);
	struct checkpoint *checkpoint =
		checkpoint_inspect(&arena, text_of(""), document.root, &limits);
	ck_assert(checkpoint->quantized);
	ck_assert_uint_eq(checkpoint->problem_count, 1);
	ck_assert(!checkpoint->problems->placed);
	checkpoint = checkpoint_inspect(&arena, text_of(""), node_boolean(&arena, true), &limits);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_NOT_AN_OBJECT), 1);
}
END_TEST

struct expert_case {
	const char *json;
	uint64_t experts;
	uint64_t chosen;
};

static const struct expert_case experts[] = {
	{ "{\"num_experts\":128,\"num_experts_per_tok\":8}", 128, 8 },
	{ "{\"num_local_experts\":8,\"num_experts_per_tok\":2}", 8, 2 },
	{ "{\"n_routed_experts\":384,\"n_shared_experts\":1,\"num_experts_per_tok\":8}", 384, 8 },
	{ "{\"text_config\":{\"num_experts\":896,\"num_experts_per_token\":16}}", 896, 16 },
	{ "{\"num_local_experts\":32,\"experts_per_token\":4}", 32, 4 },
	{ "{\"moe_num_experts\":[64,64],\"moe_k\":6}", 64, 6 },
	{ "{\"ffn_config\":{\"moe_num_experts\":16,\"moe_top_k\":4}}", 16, 4 },
	{ "{\"num_experts\":null,\"top_k_experts\":null}", 0, 0 },
	{ "{\"num_experts\":1,\"num_experts_per_tok\":1}", 0, 0 },
	{ "{\"num_experts\":-4,\"num_experts_per_tok\":2}", 0, 0 },
};

START_TEST(counts_experts)
{
	const struct checkpoint *checkpoint = inspect(experts[_i].json);
	ck_assert_uint_eq(checkpoint->experts, experts[_i].experts);
	ck_assert_uint_eq(checkpoint->experts_per_token, experts[_i].chosen);
}
END_TEST

START_TEST(reads_the_model)
{
	const struct checkpoint *checkpoint =
		inspect("{\"model_type\":\"kimi_k25\",\"architectures\":[\"A\",\"B\"],"
			"\"text_config\":{\"dtype\":\"torch.bfloat16\"}}");
	assert_text(checkpoint->model_type, "kimi_k25");
	assert_text(checkpoint->torch_dtype, "bfloat16");
	assert_text(inspect("{\"torch_dtype\":\"float32\",\"dtype\":\"bfloat16\"}")->torch_dtype,
		"bfloat16");
	ck_assert_uint_eq(checkpoint->architecture_count, 2);
	assert_text(checkpoint->architectures[1], "B");
	ck_assert_ptr_null(checkpoint->loading);
}
END_TEST

TCase *case_places(void)
{
	TCase *tcase = make_case("places");
	tcase_add_loop_test(tcase, finds_the_block, 0, sizeof(places) / sizeof(places[0]));
	tcase_add_loop_test(tcase, tells_what_is_odd, 0, sizeof(odds) / sizeof(odds[0]));
	tcase_add_loop_test(tcase, wrong_types_anywhere, 0, (int)method_row_count);
	tcase_add_loop_test(
		tcase, wrong_types_have_their_place, 0, sizeof(types) / sizeof(types[0]));
	tcase_add_test(tcase, problems_are_bounded);
	tcase_add_test(tcase, long_values_are_cut_between_characters);
	tcase_add_test(tcase, side_files_keep_their_names);
	tcase_add_test(tcase, limits_are_the_callers);
	tcase_add_test(tcase, no_memory_is_no_checkpoint);
	tcase_add_test(tcase, a_tree_may_be_given);
	tcase_add_loop_test(tcase, counts_experts, 0, sizeof(experts) / sizeof(experts[0]));
	tcase_add_test(tcase, reads_the_model);
	return tcase;
}
