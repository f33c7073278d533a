/* Values at their limits: those of the methods, and ours. */
#include "checkpoint.h"

#include <string.h>

struct value_case {
	const char *block;
	const char *path; /* below the block; NULL: nothing to be told */
	const char *said; /* in the detail */
	bool refused;
};

/* clang-format off */
static const struct value_case values[] = {
	{ "{\"quant_method\":\"gptq\",\"bits\":5}", "/bits", "GPTQConfig takes 2, 3, 4 or 8 and raises", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":\"4\"}", "/bits", "GPTQConfig takes 2, 3, 4 or 8", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":null}", "/bits", "2, 3, 4 or 8", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":-1}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":0}", "/group_size", "-1 or a number above 0", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":99999999999999999999999999}", "/group_size", "so large counts nothing", false },
	{ "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":9999999999999999999}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"damp_percent\":1.0}", "/damp_percent", "a number between 0 and 1", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"damp_percent\":1e-3}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dataset\":\"pile\"}", "/dataset", "wikitext2, c4, c4-new or null", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dataset\":[\"a\",\"b\"]}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"checkpoint_format\":\"GPTQ_V2\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"format\":\"odd\"}", "/format", "does not check", false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{\"a\":{\"bits\":5}}}", "/dynamic/a/bits", "2, 3, 4 or 8", false },
	{ "{\"quant_method\":\"gptq_marlin\",\"bits\":5}", "/bits", "2, 3, 4 or 8 is expected", false },
	{ "{\"quant_method\":\"awq\",\"bits\":5}", "/bits", "4 is expected", false },
	{ "{\"quant_method\":\"awq\",\"version\":\"GEMM\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"awq\",\"version\":\"marlin\"}", "/version", "gemm, gemv, gemv_fast, llm-awq or null", true },
	{ "{\"quant_method\":\"awq\",\"backend\":\"nobody\"}", "/backend", "AwqConfig takes auto", true },
	{ "{\"load_in_4bit\":1}", "/load_in_4bit", "BitsAndBytesConfig takes true or false and raises", true },
	{ "{\"load_in_8bit\":true,\"load_in_4bit\":null}", "/load_in_4bit", "true or false", true },
	{ "{\"load_in_4bit\":true,\"llm_int8_threshold\":6}", "/llm_int8_threshold", "takes a float", true },
	{ "{\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf5\"}", "/bnb_4bit_quant_type", "fp4 or nf4", false },
	{ "{\"load_in_4bit\":true,\"bnb_4bit_quant_storage\":\"int4\"}", "/bnb_4bit_quant_storage", "uint8", true },
	{ "{\"quant_method\":\"fp8\",\"activation_scheme\":\"Static\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"fp8\",\"activation_scheme\":\"both\"}", "/activation_scheme", "dynamic or static", true },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":[128]}", "/weight_block_size", "a list of 2 or null", true },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":128}", "/weight_block_size", "a list of 2 or null", true },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":[128,0]}", "/weight_block_size/1", "a number above 0", true },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":[128,\"x\"]}", "/weight_block_size/1", "a number above 0", true },
	{ "{\"quant_method\":\"fp8\",\"scale_fmt\":\"e8m0\"}", "/scale_fmt", "float or ue8m0", true },
	{ "{\"quant_method\":\"mxfp8\",\"fmt\":\"e5m2\"}", "/fmt", "e4m3", false },
	{ "{\"quant_method\":\"quanto\",\"weights\":\"int3\"}", "/weights", "float8, int8, int4 or int2", true },
	{ "{\"quant_method\":\"quanto\",\"activations\":\"int4\"}", "/activations", "null, int8 or float8", true },
	{ "{\"quant_method\":\"eetq\",\"weights\":\"int4\"}", "/weights", "EetqConfig takes int8", true },
	{ "{\"quant_method\":\"higgs\",\"bits\":5}", "/bits", "2, 3 or 4", true },
	{ "{\"quant_method\":\"higgs\",\"p\":3}", "/p", "1 or 2", true },
	{ "{\"quant_method\":\"higgs\",\"group_size\":32}", "/group_size", "64, 128 or 256", true },
	{ "{\"quant_method\":\"higgs\",\"hadamard_size\":1000}", "", "hadamard_size", true },
	{ "{\"quant_method\":\"bitnet\",\"linear_class\":\"linear\"}", "/linear_class", "bitlinear or autobitlinear", true },
	{ "{\"quant_method\":\"spqr\",\"bits\":4}", "/bits", "SpQRConfig takes 3", true },
	{ "{\"quant_method\":\"spqr\",\"beta1\":8}", "/beta1", "16", true },
	{ "{\"quant_method\":\"fp_quant\",\"forward_dtype\":\"int4\"}", "/forward_dtype", "nvfp4 or mxfp4", true },
	{ "{\"quant_method\":\"fp_quant\",\"backward_dtype\":\"mxfp4\"}", "", "mxfp4 alone", true },
	{ "{\"quant_method\":\"fp_quant\",\"forward_dtype\":\"mxfp4\",\"hadamard_group_size\":16}", "", "nvfp4 alone", true },
	{ "{\"quant_method\":\"fp_quant\",\"hadamard_group_size\":48}", "/hadamard_group_size", "16, 32, 64, 128 or null", true },
	{ "{\"quant_method\":\"auto-round\",\"bits\":6}", "/bits", "AutoRoundConfig takes 2, 3, 4 or 8", true },
	{ "{\"quant_method\":\"auto-round\",\"group_size\":-2}", "/group_size", "-1 or a number above 0", true },
	{ "{\"quant_method\":\"metal\",\"bits\":3}", "/bits", "2, 4 or 8", true },
	{ "{\"quant_method\":\"metal\",\"group_size\":0}", "/group_size", "a number above 0", true },
	{ "{\"quant_method\":\"sinq\",\"method\":\"ASINQ\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"sinq\",\"method\":\"other\"}", "/method", "sinq or asinq", true },
	{ "{\"quant_method\":\"sinq\",\"group_size\":60}", "/group_size", "a multiple of 8", false },
	{ "{\"quant_method\":\"gemma\",\"num_bits\":5}", "/num_bits", "2, 4 or 8", false },
	{ "{\"quant_method\":\"hqq\",\"skip_modules\":[],\"quant_config\":{\"weight_quant_params\":{\"nbits\":7}}}",
		"/quant_config/weight_quant_params/nbits", "1, 2, 3, 4, 5, 6 or 8", false },
	{ "{\"quant_method\":\"vptq\",\"enable_proxy_error\":true}", "/enable_proxy_error", "false", true },
	{ "{\"quant_method\":\"vptq\",\"config_for_layers\":{\"a\":{\"is_indice_packed\":false}}}", "/config_for_layers/a/is_indice_packed", "true", true },
	{ "{\"quant_method\":\"aqlm\",\"num_codebooks\":\"1\"}", "/num_codebooks", "a whole number", true },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":4,\"type\":\"FLOAT\"}}}}", NULL, NULL, false },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":4,\"type\":\"uint\"}}}}",
		"/config_groups/g/weights/type", "int or float", true },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":4,\"strategy\":\"row\"}}}}",
		"/config_groups/g/weights/strategy", "tensor_group", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"NF4WeightOnlyConfig\"}}}", "", "does not look", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\"},\"b\":{}}}", "", "one key", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":\"int4_weight_only\"}", "", "5.3", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{}}}",
		"", "lacks one", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int8WeightOnlyConfig\"}}}",
		"", "lacks one", true },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"FooConfig\",\"_data\":{}}}}",
		"/quant_type/default/_type", "torchao up to 0.19 has no class of that name, and raises on it; a later one may have it", false },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int8WeightOnlyConfig\",\"_data\":{\"foo\":1}}}}",
		"/quant_type/default/_data/foo", "Int8WeightOnlyConfig has no such field up to torchao 0.19, which raises on it; a later one may have it", false },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\",\"_data\":{\"group_size\":32,\"use_hqq\":true}}}}",
		"/quant_type/default/_data/use_hqq", "has no such field since torchao 0.17, which raises on it; an older one reads it", false },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\",\"_data\":{\"group_size\":32,\"set_inductor_config\":true}}}}",
		NULL, NULL, false },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int8DynamicActivationInt8WeightConfig\",\"_data\":{\"layout\":null}}}}",
		NULL, NULL, false },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"FqnToConfig\",\"_data\":{\"fqn_to_config\":{\"_default\":null,\"a\":{\"_type\":\"BarConfig\",\"_data\":{}}}}}}}",
		"/quant_type/default/_data/fqn_to_config/a/_type", "no class of that name", false },
	{ "{\"quant_method\":\"modelopt\",\"quant_algo\":\"nvfp4\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"modelopt\",\"quant_algo\":\"NVFP3\"}", "/quant_algo", "NVFP4", false },
	{ "{\"bits\":4,\"group_size\":64,\"mode\":\"odd\"}", "/mode", "affine", false },
};
/* clang-format on */

/* Keys that tell how weights are stored, and that transformers does not read. */
/* clang-format off */
static const struct value_case unread[] = {
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{\"-:.*attn.*\":{}}}", "/dynamic", "drops it", false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{}}", NULL, NULL, false },
	{ "{\"quant_method\":\"gptq_marlin\",\"bits\":4,\"dynamic\":{\"-:.*attn.*\":{}}}", NULL, NULL, false },
	{ "{\"quant_method\":\"fp8\",\"quant_algo\":\"MIXED_PRECISION\",\"moe_quant_algo\":\"NVFP4\"}", "/moe_quant_algo", "the experts", false },
	{ "{\"quant_method\":\"fp8\",\"quant_algo\":\"FP8\"}", NULL, NULL, false },
	{ "{\"quant_method\":\"fp8\",\"ignore\":[\"lm_head\"]}", "/ignore", "modules_to_not_convert alone", false },
	{ "{\"quant_method\":\"mxfp8\",\"moe_quant_algo\":\"NVFP4\"}", "/moe_quant_algo", "MXFP8", false },
};
/* clang-format on */

START_TEST(keys_are_not_read)
{
	const struct checkpoint *checkpoint = inspect_block(unread[_i].block);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_KEY_UNREAD);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_VALUE_ODD), 0);
	ck_assert_int_eq(problem != NULL, unread[_i].path != NULL);
	if (!problem)
		return;
	struct text path = arena_printf(&arena, "/quantization_config%s", unread[_i].path);
	ck_assert_msg(text_equal(problem->path, path), "%.*s", TEXT_ARGUMENTS(problem->path));
	ck_assert(text_contains(problem->detail, unread[_i].said));
}
END_TEST

START_TEST(values_have_limits)
{
	const struct value_case *wanted = &values[_i];
	const struct checkpoint *checkpoint = inspect_block(wanted->block);
	const enum checkpoint_fault fault =
		wanted->refused ? CHECKPOINT_BLOCK_REFUSED : CHECKPOINT_VALUE_ODD;
	const struct checkpoint_problem *problem = fault_at(checkpoint, fault);
	if (!wanted->path) {
		ck_assert_msg(!problem && !fault_at(checkpoint, CHECKPOINT_BLOCK_REFUSED), "%s",
			wanted->block);
		return;
	}
	ck_assert_msg(problem, "%s", wanted->block);
	struct text path = arena_printf(&arena, "/quantization_config%s", wanted->path);
	ck_assert_msg(text_equal(problem->path, path), "%.*s", TEXT_ARGUMENTS(problem->path));
	ck_assert(problem->placed);
	ck_assert_msg(text_contains(problem->detail, wanted->said), "%.*s",
		TEXT_ARGUMENTS(problem->detail));
	if (wanted->refused) {
		ck_assert_ptr_null(checkpoint->config_class);
		ck_assert_str_eq(checkpoint->loading, "refused by transformers");
	}
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_BLOCK_REFUSED), wanted->refused);
}
END_TEST

/* At the limit, and one past it. */
START_TEST(numbers_are_bounded)
{
	const struct checkpoint *checkpoint =
		inspect_block("{\"quant_method\":\"exl2\",\"bits\":4.25000000000000000}");
	assert_text(checkpoint->scheme.weight_bits, "4.25000000000000000");
	checkpoint = inspect_block("{\"quant_method\":\"exl2\",\"bits\":4.250000000000000000}");
	assert_text(checkpoint->scheme.weight_bits, "");
	checkpoint = inspect_block(
		"{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":12345678901234567890}");
	assert_text(checkpoint->scheme.group_size, "");
}
END_TEST

/* At the limit, and one past it. */
START_TEST(lists_are_bounded)
{
	for (size_t more = 0; more < 2; more++) {
		size_t count = 99998 + more, length = 0;
		char *list = arena_alloc(&arena, count * 4 + 1);
		for (size_t i = 0; i < count; i++, length += 4)
			memcpy(list + length, ",\"a\"", 4);
		list[length] = '\0';
		struct text block = arena_printf(&arena,
			"{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[\"b\"%s]}", list);
		const struct checkpoint *checkpoint = inspect_block(block.data);
		ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_EXCLUSION_INVALID), more);
		ck_assert_uint_eq(checkpoint->exclusions.count, 99999 + more);
	}
}
END_TEST

START_TEST(strings_are_told_from_numbers)
{
	const struct checkpoint *checkpoint =
		inspect_block("{\"quant_method\":\"gptq\",\"bits\":\"4\"}");
	assert_text(fault_at(checkpoint, CHECKPOINT_BLOCK_REFUSED)->value, "\"4\"");
}
END_TEST

TCase *case_values(void)
{
	TCase *tcase = make_case("values");
	tcase_add_loop_test(tcase, values_have_limits, 0, sizeof(values) / sizeof(values[0]));
	tcase_add_loop_test(tcase, keys_are_not_read, 0, sizeof(unread) / sizeof(unread[0]));
	tcase_add_test(tcase, strings_are_told_from_numbers);
	tcase_add_test(tcase, numbers_are_bounded);
	tcase_add_test(tcase, lists_are_bounded);
	return tcase;
}
