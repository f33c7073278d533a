/* One block a method at least: family, numbers, class, trainability. */
#include "checkpoint.h"

#include <string.h>

struct method_case {
	const char *block;
	const char *family; /* of the catalogue */
	const char *class;  /* NULL: skipped or refused */
	int trainable;
	const char *scheme;
	const char *bits;
	const char *group_size;
	const char *symmetric;
};

/* clang-format off */
static const struct method_case cases[] = {
	{ "{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\"}",
		"bitsandbytes", "BitsAndBytesConfig", 1, "nf4", "4", "64", "" },
	{ "{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true}", "bitsandbytes", "BitsAndBytesConfig", 1, "fp4", "4", "64", "" },
	{ "{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":true}", "bitsandbytes", "BitsAndBytesConfig", 1, "int8", "8", "", "true" },
	{ "{\"load_in_4bit\":true}", "bitsandbytes", "BitsAndBytesConfig", 1, "fp4", "4", "64", "" },
	{ "{\"quant_method\":\"gptq\",\"load_in_8bit\":1}", "bitsandbytes", NULL, -1, "int8", "8", "", "true" },
	{ "{\"quant_method\":\"bitsandbytes\",\"_load_in_4bit\":true}", "bitsandbytes", NULL, -1, "fp4", "4", "64", "" },
	{ "{\"quant_method\":\"bitsandbytes_8bit\"}", "bitsandbytes", "BitsAndBytesConfig", 1, "int8", "8", "", "true" },
	{ "{\"quant_method\":\"bnb-4bit\"}", "bitsandbytes", NULL, -1, NULL, "4", "64", "" },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":-1,\"sym\":false}", "gptq", "GPTQConfig", 1, "int4", "4", "-1", "false" },
	{ "{\"quant_method\":\"gptq\",\"bits\":3}", "gptq", "GPTQConfig", 1, "other", "3", "128", "true" },
	{ "{\"quant_method\":\"gptq\"}", "gptq", NULL, -1, NULL, "", "", "true" },
	{ "{\"quant_method\":\"gptq_marlin\"}", "gptq", NULL, -1, NULL, "", "", "true" },
	{ "{\"quant_method\":\"gptq\",\"bits\":4.0}", "gptq", "GPTQConfig", 1, "int4", "4", "128", "true" },
	{ "{\"quant_method\":\"gptq\",\"bits\":-1}", "gptq", NULL, -1, NULL, "", "", "true" },
	{ "{\"quant_method\":\"exl2\",\"bits\":4.50}", "exl2", NULL, -1, "other", "4.50", "", "" },
	{ "{\"quant_method\":\"GPTQ\",\"wbits\":8}", "gptq", NULL, -1, "int8", "8", "128", "true" },
	{ "{\"quant_method\":\"gptq_marlin\",\"bits\":4}", "gptq", NULL, -1, "int4", "4", "128", "true" },
	{ "{\"quant_method\":\"auto_gptq\",\"bits\":4}", "gptq", NULL, -1, "int4", "4", "128", "true" },
	{ "{\"quant_method\":\"awq\",\"w_bit\":4,\"q_group_size\":64,\"zero_point\":false}", "awq", "AwqConfig", 1, "int4", "4", "64", "true" },
	{ "{\"quant_method\":\"awq\"}", "awq", "AwqConfig", 1, "int4", "4", "128", "false" },
	{ "{\"quant_method\":\"aqlm\",\"nbits_per_codebook\":16,\"num_codebooks\":1,\"in_group_size\":8,\"out_group_size\":1}",
		"aqlm", "AqlmConfig", 1, "other", "2", "8", "" },
	{ "{\"quant_method\":\"aqlm\",\"nbits_per_codebook\":13,\"num_codebooks\":1,\"in_group_size\":8}", "aqlm", "AqlmConfig", 1, "other", "1.62", "8", "" },
	{ "{\"quant_method\":\"vptq\",\"config_for_layers\":{\"a\":{\"vector_lens\":[-1,8],\"num_centroids\":[-1,65536],\"num_res_centroids\":[-1,256]}}}",
		"vptq", "VptqConfig", 0, "other", "3", "", "" },
	{ "{\"quant_method\":\"quanto\",\"weights\":\"float8\"}", "quanto", "QuantoConfig", 1, "fp8", "8", "", "true" },
	{ "{\"quant_method\":\"quanto\",\"weights\":\"int2\"}", "quanto", "QuantoConfig", 1, "other", "2", "", "" },
	{ "{\"quant_method\":\"eetq\",\"weights\":\"int8\"}", "eetq", "EetqConfig", 1, "int8", "8", "", "true" },
	{ "{\"quant_method\":\"hqq\",\"skip_modules\":[\"lm_head\"],\"quant_config\":{\"weight_quant_params\":{\"nbits\":8,\"group_size\":32}}}",
		"hqq", "HqqConfig", 1, "int8", "8", "32", "" },
	{ "{\"quant_method\":\"hqq\",\"nbits\":4,\"group_size\":64}", "hqq", NULL, -1, "int4", "4", "64", "" },
	{ "{\"quant_method\":\"higgs\",\"bits\":2,\"group_size\":128}", "higgs", "HiggsConfig", 0, "other", "2", "128", "" },
	{ "{\"quant_method\":\"fbgemm_fp8\",\"activation_scale_ub\":1200.0}", "fbgemm_fp8", "FbgemmFp8Config", 0, "fp8", "8", "", "true" },
	{ "{\"quant_method\":\"bitnet\"}", "bitnet", "BitNetQuantConfig", 0, "ternary", "1.58", "", "true" },
	{ "{\"quant_method\":\"bitnet\",\"linear_class\":\"autobitlinear\",\"quantization_mode\":\"online\"}",
		"bitnet", "BitNetQuantConfig", 1, "ternary", "1.58", "", "true" },
	{ "{\"quant_method\":\"spqr\",\"bits\":3,\"beta1\":16,\"beta2\":16}", "spqr", "SpQRConfig", 0, "other", "3", "16", "" },
	{ "{\"quant_method\":\"fp8\"}", "fp8", "FineGrainedFP8Config", 0, "fp8", "8", "[128,128]", "true" },
	{ "{\"quant_method\":\"fp8\",\"weight_block_size\":null}", "fp8", "FineGrainedFP8Config", 0, "fp8", "8", "", "true" },
	{ "{\"quant_method\":\"fp8\",\"dequantize\":true}", "fp8", "FineGrainedFP8Config", 1, "fp8", "8", "[128,128]", "true" },
	{ "{\"quant_method\":\"FP8\",\"bits\":8}", "fp8", NULL, -1, "fp8", "8", "[128,128]", "true" },
	{ "{\"quant_method\":\"mxfp8\",\"weight_block_size\":[1,32]}", "mxfp8", "FineGrainedFP8Config", 0, "mxfp8", "8", "[1,32]", "true" },
	{ "{\"quant_method\":\"mxfp4\"}", "mxfp4", "Mxfp4Config", 0, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"mxfp4\",\"dequantize\":true}", "mxfp4", "Mxfp4Config", 1, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"metal\",\"bits\":2}", "metal", "MetalConfig", 0, "other", "2", "64", "false" },
	{ "{\"quant_method\":\"fouroversix\"}", "fouroversix", "FourOverSixConfig", 0, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"fouroversix\",\"keep_master_weights\":true}", "fouroversix", "FourOverSixConfig", 1, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"sinq\",\"nbits\":4}", "sinq", "SinqConfig", 1, "int4", "4", "64", "" },
	{ "{\"quant_method\":\"gemma\",\"num_bits\":4}", "gemma", "GemmaQuantizationConfig", 0, "int4", "4", "", "" },
	{ "{\"quant_method\":\"gemma\"}", "gemma", "GemmaQuantizationConfig", 0, "int4", "4", "", "" },
	{ "{\"quant_method\":\"nvfp4\"}", "nvfp4", NULL, -1, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"fp_quant\",\"forward_dtype\":\"mxfp4\"}", "fp_quant", "FPQuantConfig", 0, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"fp_quant\",\"store_master_weights\":true}", "fp_quant", "FPQuantConfig", 1, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"auto-round\",\"bits\":4,\"group_size\":32,\"data_type\":\"mx_fp\"}", "auto-round", "AutoRoundConfig", 0, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"auto-round\",\"bits\":8,\"group_size\":-1,\"data_type\":\"int\"}", "auto-round", "AutoRoundConfig", 0, "int8", "8", "-1", "true" },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\",\"_data\":{\"group_size\":64}}}}",
		"torchao", "TorchAoConfig", 0, "int4", "4", "64", "" },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int8WeightOnlyConfig\",\"_data\":{\"group_size\":null}}}}",
		"torchao", "TorchAoConfig", 1, "int8", "8", "", "true" },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"NVFP4WeightOnlyConfig\",\"_data\":{}}}}",
		"torchao", "TorchAoConfig", 0, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"IntxWeightOnlyConfig\",\"_data\":{\"weight_dtype\":{\"_type\":\"torch.dtype\",\"_data\":\"int3\"}}}}}",
		"torchao", "TorchAoConfig", 0, "other", "3", "32", "" },
	{ "{\"quant_method\":\"torchao\"}", "torchao", NULL, -1, NULL, "", "", "" },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"targets\":[\"Linear\"],\"weights\":{\"num_bits\":4,\"type\":\"float\",\"group_size\":32,\"scale_dtype\":\"torch.uint8\",\"symmetric\":true}}}}",
		"compressed-tensors", "CompressedTensorsConfig", 1, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":4,\"type\":\"float\",\"group_size\":16}}}}",
		"compressed-tensors", "CompressedTensorsConfig", 1, "nvfp4", "4", "16", "" },
	{ "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"W4A16\":[\"Linear\"]}}", "compressed-tensors", "CompressedTensorsConfig", 1, "int4", "4", "128", "true" },
	{ "{\"quant_method\":\"compressed-tensors\",\"use_optimized_inference\":true,\"config_groups\":{\"FP8\":[\"Linear\"]}}",
		"compressed-tensors", "CompressedTensorsConfig", 0, "fp8", "8", "", "true" },
	{ "{\"quant_method\":\"compressed-tensors\",\"quantization_config\":{\"config_groups\":{\"g\":{\"weights\":{\"num_bits\":8,\"type\":\"int\",\"symmetric\":true}}}}}",
		"compressed-tensors", "CompressedTensorsConfig", 1, "int8", "8", "", "true" },
	{ "{\"quant_method\":\"compressed_tensors\"}", "compressed-tensors", NULL, -1, NULL, "", "", "" },
	{ "{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{\"dtype\":\"fp4\",\"qscheme\":\"per_group\",\"group_size\":32,\"scale_format\":\"e8m0\"}}}",
		"quark", "QuarkConfig", 0, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":[{\"dtype\":\"fp8_e4m3\",\"is_scale_quant\":true},{\"dtype\":\"fp4\",\"group_size\":16}]}}",
		"quark", "QuarkConfig", 0, "nvfp4", "4", "16", "true" },
	{ "{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{\"dtype\":\"int8\",\"symmetric\":false}}}", "quark", "QuarkConfig", 0, "int8", "8", "", "false" },
	{ "{\"quant_method\":\"modelopt\",\"quant_algo\":\"NVFP4\"}", "modelopt", NULL, -1, "nvfp4", "4", "16", "true" },
	{ "{\"quant_algo\":\"FP8\"}", "modelopt", NULL, -1, "fp8", "8", "", "true" },
	{ "{\"bits\":4,\"group_size\":64}", "mlx", NULL, -1, "int4", "4", "64", "false" },
	{ "{\"group_size\":32,\"bits\":4,\"mode\":\"mxfp4\"}", "mlx", NULL, -1, "mxfp4", "4", "32", "true" },
	{ "{\"quant_method\":\"exl2\",\"bits\":4.25}", "exl2", NULL, -1, "other", "4.25", "", "" },
	{ "{\"quant_method\":\"exl3\",\"bits\":3.5}", "exl3", NULL, -1, "other", "3.5", "", "" },
	{ "{\"quant_method\":\"w8a8_int8\"}", "w8a8_int8", NULL, -1, "int8", "8", "", "" },
};
/* clang-format on */

static void assert_scheme(const struct method_case *wanted, const struct scheme *scheme)
{
	if (wanted->scheme)
		ck_assert_str_eq(scheme->family, wanted->scheme);
	else
		ck_assert_ptr_null(scheme->family);
	assert_text(scheme->weight_bits, wanted->bits);
	assert_text(scheme->group_size, wanted->group_size);
	assert_text(scheme->symmetric, wanted->symmetric);
}

START_TEST(reads_a_method)
{
	const struct method_case *wanted = &cases[_i];
	const struct checkpoint *checkpoint = inspect_block(wanted->block);
	ck_assert_msg(checkpoint->quantized, "%s", wanted->block);
	ck_assert_ptr_nonnull(checkpoint->method);
	ck_assert_str_eq(checkpoint->method->name, wanted->family);
	ck_assert_str_eq(checkpoint->found_in, "quantization_config");
	ck_assert_msg(checkpoint->trainable_with_adapter == wanted->trainable, "%s: trainable %d",
		wanted->block, checkpoint->trainable_with_adapter);
	if (wanted->class)
		ck_assert_str_eq(checkpoint->config_class, wanted->class);
	else
		ck_assert_ptr_null(checkpoint->config_class);
	ck_assert_uint_eq(checkpoint->group_count, 0);
	assert_scheme(wanted, &checkpoint->scheme);
}
END_TEST

/* Every family with a row of its own is read by some case above. */
START_TEST(every_family_has_a_case)
{
	for (size_t row = 0; row < method_row_count; row++) {
		bool found = method_rows[row].method == METHOD_OTHER ||
			     method_rows[row].method == METHOD_GGUF;
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			found |= strcmp(cases[i].family, method_rows[row].name) == 0;
		ck_assert_msg(found, "%s", method_rows[row].name);
		ck_assert_ptr_nonnull(method_rows[row].summary);
		ck_assert_ptr_nonnull(method_rows[row].loading);
	}
}
END_TEST

START_TEST(names_are_exact_for_transformers)
{
	static const struct {
		const char *name;
		unsigned known_to;
	} names[] = {
		{ "fp8", 1u << ENGINE_TRANSFORMERS },
		{ "FP8", 1u << ENGINE_VLLM },
		{ "compressed_tensors", 1u << ENGINE_VLLM },
		{ "gptq_marlin", 1u << ENGINE_SGLANG },
		{ "modelopt", 1u << ENGINE_TENSORRT_LLM },
		{ "exl3", 1u << ENGINE_EXLLAMA },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct text block =
			arena_printf(&arena, "{\"quant_method\":\"%s\"}", names[i].name);
		const struct checkpoint *checkpoint = inspect_block(block.data);
		bool exact = i == 0;
		ck_assert_msg(checkpoint->known_to & names[i].known_to, "%s", names[i].name);
		ck_assert_int_eq(checkpoint->known_to_transformers, exact);
		ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_METHOD_UNKNOWN), !exact);
		assert_text(checkpoint->quant_method, names[i].name);
	}
}
END_TEST

START_TEST(unknown_names_are_told)
{
	const struct checkpoint *checkpoint = inspect_block("{\"quant_method\":\"weirdq\"}");
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_METHOD_UNKNOWN);
	ck_assert(checkpoint->quantized);
	ck_assert_ptr_null(checkpoint->method);
	ck_assert_ptr_nonnull(problem);
	assert_text(problem->value, "weirdq");
	assert_text(problem->path, "/quantization_config/quant_method");
	ck_assert(problem->placed);
	ck_assert_uint_eq(problem->span.start.column, 25);
}
END_TEST

START_TEST(mixtures_keep_their_groups)
{
	const struct checkpoint *checkpoint = inspect_block(
		"{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128,\"dynamic\":{"
		"\"+:.*gate.*\":{\"bits\":8},\".*up.*\":{\"group_size\":32},"
		"\"-:.*down.*\":{},\".*same.*\":{\"bits\":4}}}");
	ck_assert_str_eq(checkpoint->scheme.family, "mixed");
	assert_text(checkpoint->scheme.weight_bits, "");
	assert_text(checkpoint->scheme.symmetric, "true");
	ck_assert_uint_eq(checkpoint->group_count, 3);
	assert_text(checkpoint->groups[0].group, "");
	assert_text(checkpoint->groups[1].group, "+:.*gate.*");
	ck_assert_str_eq(checkpoint->groups[1].family, "int8");
	assert_text(checkpoint->groups[1].group_size, "128");
	assert_text(checkpoint->groups[2].weight_bits, "4");
	assert_text(checkpoint->groups[2].group_size, "32");
}
END_TEST

START_TEST(experts_may_be_narrower)
{
	const struct checkpoint *checkpoint =
		inspect("{\"model_type\":\"deepseek_v4\",\"expert_dtype\":\"fp4\","
			"\"n_routed_experts\":256,\"num_experts_per_tok\":6,"
			"\"quantization_config\":{\"quant_method\":\"fp8\","
			"\"weight_block_size\":[128,128],\"scale_fmt\":\"ue8m0\"}}");
	ck_assert_str_eq(checkpoint->scheme.family, "mixed");
	ck_assert_uint_eq(checkpoint->group_count, 2);
	ck_assert_str_eq(checkpoint->groups[0].family, "fp8");
	assert_text(checkpoint->groups[0].scale, "ue8m0");
	ck_assert_str_eq(checkpoint->groups[1].family, "mxfp4");
	assert_text(checkpoint->groups[1].group, "experts");
}
END_TEST

START_TEST(layers_are_counted_by_algorithm)
{
	const struct checkpoint *checkpoint =
		inspect_block("{\"quant_method\":\"modelopt\",\"quant_algo\":\"MIXED_PRECISION\","
			      "\"quantized_layers\":{\"a\":{\"quant_algo\":\"NVFP4\"},"
			      "\"b\":{\"quant_algo\":\"FP8\"},\"c\":{\"quant_algo\":\"NVFP4\"}}}");
	ck_assert_uint_eq(checkpoint->group_count, 2);
	ck_assert_uint_eq(checkpoint->groups[0].modules, 2);
	assert_text(checkpoint->groups[1].group, "FP8");
	ck_assert_uint_eq(checkpoint->exclusions.only_count, 3);
}
END_TEST

START_TEST(groups_are_bounded)
{
	struct text block = text_of("{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{");
	for (int i = 0; i < 200; i++)
		block = arena_printf(&arena, "%.*s%s\"m%d\":{\"group_size\":%d}",
			TEXT_ARGUMENTS(block), i ? "," : "", i, i + 200);
	block = arena_printf(&arena, "%.*s}}", TEXT_ARGUMENTS(block));
	const struct checkpoint *checkpoint = inspect_block(block.data);
	ck_assert_uint_eq(checkpoint->group_count, CHECKPOINT_GROUPS_MAXIMUM);
	ck_assert_uint_eq(checkpoint->groups_left_out, 201 - CHECKPOINT_GROUPS_MAXIMUM);
}
END_TEST

START_TEST(attributes_that_may_be_overridden)
{
	const struct checkpoint *checkpoint = inspect_block("{\"quant_method\":\"fp8\"}");
	ck_assert_uint_eq(checkpoint->overridable_count, 2);
	ck_assert_str_eq(checkpoint->overridable[0], "dequantize");
	ck_assert_str_eq(checkpoint->loading, "forwarded unchanged");
	checkpoint = inspect_block("{\"quant_method\":\"gptq\",\"bits\":4}");
	ck_assert_str_eq(checkpoint->loading, "GPTQConfig from the checkpoint");
	checkpoint = inspect_block("{\"quant_method\":\"modelopt\",\"quant_algo\":\"FP8\"}");
	ck_assert_uint_eq(checkpoint->overridable_count, 0);
	ck_assert_ptr_nonnull(strstr(checkpoint->loading, "skipped"));
}
END_TEST

/* For transformers only a missing name, or null, is none: it raises ValueError. */
START_TEST(names_that_are_none)
{
	static const struct {
		const char *block;
		enum checkpoint_fault fault;
		const char *loading;
		const char *method; /* NULL: nobody knows */
	} names[] = {
		{ "{\"quant_method\":[\"gptq\"],\"bits\":4}", CHECKPOINT_BLOCK_REFUSED,
			"refused by transformers", NULL },
		{ "{\"quant_method\":{},\"bits\":4,\"desc_act\":true}", CHECKPOINT_BLOCK_REFUSED,
			"refused by transformers", "gptq" },
		{ "{\"quant_method\":7,\"bits\":4}", CHECKPOINT_WRONG_TYPE,
			"skipped by transformers: it loads the weights as if they were not "
			"quantized",
			NULL },
		{ "{\"quant_method\":\"\",\"bits\":4}", CHECKPOINT_METHOD_UNKNOWN,
			"skipped by transformers: it loads the weights as if they were not "
			"quantized",
			NULL },
		{ "{\"quant_method\":null,\"bits\":4}", CHECKPOINT_METHOD_MISSING,
			"refused by transformers", "mlx" },
		{ "{\"bits\":4}", CHECKPOINT_METHOD_MISSING, "refused by transformers", "mlx" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct checkpoint *checkpoint = inspect_block(names[i].block);
		ck_assert(checkpoint->quantized);
		ck_assert_uint_eq(checkpoint->problem_count, 1);
		ck_assert_int_eq(checkpoint->problems->fault, names[i].fault);
		ck_assert_str_eq(checkpoint->loading, names[i].loading);
		if (names[i].fault == CHECKPOINT_METHOD_UNKNOWN)
			assert_text(checkpoint->problems->value, "\"\"");
		ck_assert_ptr_null(checkpoint->config_class);
		if (names[i].method)
			ck_assert_str_eq(checkpoint->method->name, names[i].method);
		else
			ck_assert_ptr_null(checkpoint->method);
	}
}
END_TEST

/* Python reads 1e400 as infinity, and nothing is stored in so many bits. */
START_TEST(widths_with_an_exponent_are_none)
{
	const struct checkpoint *checkpoint =
		inspect_block("{\"quant_method\":\"gptq_marlin\",\"bits\":1e400}");
	assert_text(checkpoint->scheme.weight_bits, "");
	assert_text(checkpoint->scheme.weight_dtype, "");
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_VALUE_ODD) +
				  faults(checkpoint, CHECKPOINT_WRONG_TYPE),
		1);
}
END_TEST

TCase *case_methods(void)
{
	TCase *tcase = make_case("methods");
	tcase_add_loop_test(tcase, reads_a_method, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, every_family_has_a_case);
	tcase_add_test(tcase, names_are_exact_for_transformers);
	tcase_add_test(tcase, unknown_names_are_told);
	tcase_add_test(tcase, mixtures_keep_their_groups);
	tcase_add_test(tcase, experts_may_be_narrower);
	tcase_add_test(tcase, layers_are_counted_by_algorithm);
	tcase_add_test(tcase, groups_are_bounded);
	tcase_add_test(tcase, names_that_are_none);
	tcase_add_test(tcase, widths_with_an_exponent_are_none);
	tcase_add_test(tcase, attributes_that_may_be_overridden);
	return tcase;
}
