/*
 * Storage layouts: small models made by hand, each a linear of 64 outputs and 128 inputs (8192 weights) as its
 * writer stores it, and a norm of 64. The truth is counted by hand, too.
 */
#include "checkpoint.h"
#include "checkpoint_tensors.h"

#include "checkpoint/weights/storage_layouts.h"
#include "checkpoint/weights/weights.h"

#define LINEAR "model.layers.0.mlp.experts.up_proj"
#define WEIGHTS 8192
#define NORM 64
#define BLOCK(body) "{\"quantization_config\":{" body "}}"
#define METHOD(name, rest) BLOCK("\"quant_method\":\"" name "\"" rest)
#define GROUPS(name, weights)                                                                      \
	METHOD(name,                                                                               \
		",\"config_groups\":{\"g\":{\"targets\":[\"Linear\"],\"weights\":{" weights "}}}")
#define QUARK(weights) METHOD("quark", ",\"global_quant_config\":{\"weight\":{" weights "}}")
#define TORCHAO(class, data)                                                                       \
	METHOD("torchao",                                                                          \
		",\"quant_type\":{\"default\":{\"_type\":\"" class "\",\"_data\":{" data "}}}")

struct made {
	const char *name; /* of the layout */
	const char *tag;  /* what its tensors are */
	const char *
		takes; /* tags whose tensors its block may declare, too, or whose shapes are the same */
	const char *config;
	const char *tensors;
	uint64_t parameters; /* 0: WEIGHTS */
	uint64_t bytes;
};

/* clang-format off */
static const struct made made[] = {
	{ "bitsandbytes nf4", "nf4", "bnb4",
		METHOD("bitsandbytes", ",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\""),
		".weight U8 4096,1;.weight.absmax F32 128;.weight.quant_map F32 16;.weight.quant_state.bitsandbytes__nf4 U8 80",
		0, 4096 + 512 + 64 + 80 },
	{ "bitsandbytes nf4", "nf4", "bnb4",
		METHOD("bitsandbytes", ",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\""),
		".weight BF16 2048,1;.weight.absmax U8 128;.weight.nested_absmax F32 1;.weight.nested_quant_map F32 256;"
		".weight.quant_map F32 16;.weight.quant_state.bitsandbytes__nf4 U8 80",
		0, 4096 + 128 + 4 + 1024 + 64 + 80 },
	{ "bitsandbytes fp4", "bnb-fp4", "bnb4",
		METHOD("bitsandbytes", ",\"load_in_4bit\":true"),
		".weight U8 4096,1;.weight.absmax F32 128;.weight.quant_map F32 16;.weight.quant_state.bitsandbytes__fp4 U8 80",
		0, 4096 + 512 + 64 + 80 },
	{ "bitsandbytes 4-bit", "bnb4", "nf4",
		METHOD("bitsandbytes", ",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\""),
		".weight U8 4096,1;.weight.absmax F32 128;.weight.quant_map F32 16", 0, 4096 + 512 + 64 },
	{ "bitsandbytes 8-bit", "bnb8", "",
		METHOD("bitsandbytes", ",\"load_in_8bit\":true"),
		".weight I8 64,128;.SCB F32 64;.weight_format U8 ", 0, 8192 + 256 + 1 },
	{ "GPTQ", "gptq4", "rare4",
		METHOD("gptq", ",\"bits\":4,\"group_size\":128"),
		".qweight I32 16,64;.qzeros I32 1,8;.scales F16 1,64;.g_idx I32 128", 0, 4096 + 32 + 128 + 512 },
	{ "GPTQ", "gptq4", "rare4",
		METHOD("gptq", ",\"bits\":4,\"group_size\":-1"),
		".qweight I32 16,64;.qzeros I32 1,8;.scales F16 1,64;.bias F16 64", WEIGHTS + 64, 4096 + 32 + 128 + 128 },
	{ "GPTQ", "gptq3", "rare4",
		METHOD("gptq", ",\"bits\":3,\"group_size\":128"),
		".qweight I32 12,64;.qzeros I32 1,6;.scales F16 1,64;.g_idx I32 128", 0, 3072 + 24 + 128 + 512 },
	{ "GPTQ", "gptq8", "rare4",
		METHOD("gptq", ",\"bits\":8,\"group_size\":64"),
		".qweight I32 32,64;.qzeros I32 2,16;.scales F16 2,64;.g_idx I32 128", 0, 8192 + 128 + 256 + 512 },
	{ "GPTQ", "gptq4g64", "rare4",
		METHOD("auto-round", ",\"bits\":4,\"group_size\":64"),
		".qweight I32 16,64;.scales F16 2,64", 0, 4096 + 256 },
	{ "AWQ", "awq", "gemv fast rare4",
		METHOD("awq", ",\"bits\":4,\"group_size\":128,\"version\":\"gemm\""),
		".qweight I32 128,8;.qzeros I32 1,8;.scales F16 1,64", 0, 4096 + 32 + 128 },
	{ "AWQ (gemv)", "gemv", "awq fast rare4",
		METHOD("awq", ",\"bits\":4,\"group_size\":128,\"version\":\"gemv\""),
		".qweight I32 64,16;.qzeros I32 64,1;.scales F16 64,8", 0, 4096 + 256 + 1024 },
	{ "AWQ (gemv_fast)", "fast", "awq gemv rare4",
		METHOD("awq", ",\"bits\":4,\"group_size\":128,\"version\":\"gemv_fast\""),
		".qweight I16 16,128;.qzeros F16 8,64;.scales F16 8,64", 0, 4096 + 1024 + 1024 },
	{ "FP-Quant", "fp_quant", "",
		METHOD("fp_quant", ",\"forward_dtype\":\"mxfp4\""),
		".qweight U8 64,64;.scales U8 64,4;.weight_global_scale F32 1;.act_global_scale F32 1", 0, 4096 + 256 + 4 + 4 },
	{ "NVFP4 of compressed-tensors", "ct-nvfp4", "nvfp4",
		GROUPS("compressed-tensors", "\"num_bits\":4,\"type\":\"float\",\"strategy\":\"tensor_group\",\"group_size\":16"),
		".weight_packed U8 64,64;.weight_scale F8_E4M3 64,8;.weight_global_scale F32 1;.input_global_scale F32 1",
		0, 4096 + 512 + 4 + 4 },
	{ "MXFP4 of compressed-tensors", "ct-mxfp4", "",
		GROUPS("compressed-tensors", "\"num_bits\":4,\"type\":\"float\",\"group_size\":32"),
		".weight_packed U8 64,64;.weight_scale U8 64,4", 0, 4096 + 256 },
	{ "integers packed by compressed-tensors", "ct4", "",
		GROUPS("compressed-tensors", "\"num_bits\":4,\"type\":\"int\",\"strategy\":\"group\",\"group_size\":32"),
		".weight_packed I32 64,16;.weight_scale BF16 64,4;.weight_shape I64 2", 0, 4096 + 512 + 16 },
	{ "integers packed by compressed-tensors", "ct8", "int8",
		GROUPS("compressed-tensors", "\"num_bits\":8,\"type\":\"int\",\"strategy\":\"channel\""),
		".weight_packed I32 64,32;.weight_scale BF16 64,1;.weight_shape I64 2", 0, 8192 + 128 + 16 },
	{ "NVFP4", "nvfp4", "",
		METHOD("modelopt", ",\"quant_algo\":\"NVFP4\""),
		".weight U8 64,64;.weight_scale F8_E4M3 64,8;.weight_scale_2 F32 ;.input_scale F32 ", 0, 4096 + 512 + 4 + 4 },
	{ "MXFP4", "mxfp4", "blocks",
		QUARK("\"dtype\":\"fp4\",\"qscheme\":\"per_group\",\"group_size\":32,\"scale_format\":\"e8m0\""),
		".weight U8 64,64;.weight_scale U8 64,4", 0, 4096 + 256 },
	{ "MXFP4 beside .scale", "v4-experts", "fp8 fp8-scale fp8-inverse bare mxfp4",
		"{\"expert_dtype\":\"fp4\",\"quantization_config\":{\"quant_method\":\"fp8\"}}",
		".weight I8 64,64;.scale F8_E8M0 64,4", 0, 4096 + 256 },
	{ "MXFP4 blocks", "blocks", "mxfp4",
		METHOD("mxfp4", ""),
		"_blocks U8 2,64,4,16;_scales U8 2,64,4;_bias BF16 2,64", 2 * WEIGHTS + 128, 8192 + 512 + 256 },
	{ "MXFP8", "mxfp8", "",
		METHOD("modelopt", ",\"quant_algo\":\"MXFP8\""),
		".weight F8_E4M3 64,128;.weight_scale U8 64,4", 0, 8192 + 256 },
	{ "MXFP8 beside inverse scales", "mxfp8-inverse", "mxfp8",
		METHOD("mxfp8", ",\"weight_block_size\":[1,32]"),
		".weight F8_E4M3 64,128;.weight_scale_inv U8 64,4", 0, 8192 + 256 },
	{ "FP8 with inverse scales", "fp8-inverse", "fp8-scale fp8 bare",
		METHOD("fp8", ",\"weight_block_size\":[128,128]"),
		".weight F8_E4M3 64,128;.weight_scale_inv F32 1,1", 0, 8192 + 4 },
	{ "FP8 with inverse scales", "fp8-inverse", "fp8-scale fp8 bare",
		METHOD("fp8", ",\"weight_block_size\":[128,128]"),
		" F8_E4M3 2,64,128;_scale_inv F32 2,1,1", 2 * WEIGHTS, 16384 + 8 },
	{ "FP8 beside .scale", "fp8-scale", "fp8-inverse fp8 bare",
		METHOD("fp8", ",\"scale_fmt\":\"ue8m0\""),
		".weight F8_E4M3 64,128;.scale F8_E8M0 1,1", 0, 8192 + 1 },
	{ "FP8 with scales", "fp8", "",
		GROUPS("compressed-tensors", "\"num_bits\":8,\"type\":\"float\",\"strategy\":\"channel\""),
		".weight F8_E4M3 64,128;.weight_scale BF16 64,1;.input_scale F32 1", 0, 8192 + 128 + 4 },
	{ "8-bit integers with scales", "int8", "ct8",
		GROUPS("compressed-tensors", "\"num_bits\":8,\"type\":\"int\",\"strategy\":\"channel\""),
		".weight I8 64,128;.weight_scale BF16 64,1", 0, 8192 + 128 },
	{ "EETQ", "eetq", "",
		METHOD("eetq", ",\"weights\":\"int8\""),
		".weight I8 128,64;.weight_scales F16 64", 0, 8192 + 128 },
	{ "ternary weights of BitNet", "bitnet", "",
		METHOD("bitnet", ""),
		".weight U8 16,128;.weight_scale BF16 1", 0, 2048 + 2 },
	{ "4-bit integers of ModelOpt", "modelopt-int4", "gemma4 gemma2",
		METHOD("modelopt", ",\"quant_algo\":\"W4A16_AWQ\""),
		".weight U8 32,128;.weight_scale BF16 64,1;.pre_quant_scale BF16 128", 0, 4096 + 128 + 256 },
	{ "integers of Gemma", "gemma4", "gemma2",
		METHOD("gemma", ",\"num_bits\":4"),
		".weight U8 64,64;.weight_scale F32 64,1;.input_activation_scale F32 ", 0, 4096 + 256 + 4 },
	{ "integers of Gemma", "gemma2", "gemma4",
		METHOD("gemma", ",\"num_bits\":2"),
		".weight U8 64,32;.weight_scale F32 64,1", 0, 2048 + 256 },
	{ "integers packed by Quark", "quark-int4", "awq",
		QUARK("\"dtype\":\"int4\",\"qscheme\":\"per_group\",\"group_size\":128"),
		".weight I32 64,16;.weight_scale BF16 64,1", 0, 4096 + 128 },
	{ "affine groups in words", "mlx4", "",
		BLOCK("\"bits\":4,\"group_size\":64"),
		".weight U32 64,16;.scales BF16 64,2;.biases BF16 64,2", 0, 4096 + 256 + 256 },
	{ "affine groups in words", "mlx8", "",
		METHOD("metal", ",\"bits\":8,\"group_size\":64"),
		".weight U32 64,32;.scales F16 64,2;.qbiases F16 64,2", 0, 8192 + 256 + 256 },
	{ "affine groups in words", "mlx-mxfp4", "",
		BLOCK("\"bits\":4,\"group_size\":32,\"mode\":\"mxfp4\""),
		".weight U32 64,16;.scales U8 64,4", 0, 4096 + 256 },
	{ "HIGGS", "higgs", "",
		METHOD("higgs", ",\"bits\":3,\"group_size\":64"),
		".weight I16 24,64;.scales F16 64,2;.tables F16 8;.tables2 F32 8,8,1", 0, 3072 + 256 + 16 + 256 },
	{ "codes of AQLM", "aqlm", "",
		METHOD("aqlm", ",\"nbits_per_codebook\":8,\"num_codebooks\":2,\"in_group_size\":8"),
		".codes I8 64,16,2;.codebooks F16 2,256,1,8;.scales F16 64,1,1,1", 0, 2048 + 8192 + 128 },
	{ "ExLlamaV2", "exl2", "",
		METHOD("exl2", ",\"bits\":4.25"),
		".q_weight I32 16,64;.q_invperm I16 128;.q_scale I32 1,8;.q_scale_max F16 1;.q_groups I16 2",
		0, 4096 + 256 + 32 + 2 + 4 },
	{ "ExLlamaV3", "exl3", "",
		METHOD("exl3", ",\"bits\":4"),
		".trellis I16 8,4,64;.suh F16 128;.svh F16 64", 0, 4096 + 256 + 128 },
	{ "HQQ", "hqq4", "sinq",
		METHOD("hqq", ",\"quant_config\":{\"weight_quant_params\":{\"nbits\":4,\"group_size\":64}},\"skip_modules\":[]"),
		".W_q U8 64,64;.scale F16 128,1;.zero F16 128,1", 0, 4096 + 256 + 256 },
	{ "HQQ", "hqq3", "sinq",
		METHOD("hqq", ",\"quant_config\":{\"weight_quant_params\":{\"nbits\":3,\"group_size\":64}},\"skip_modules\":[]"),
		".W_q I32 13,64;.scale F16 128,1;.zero F16 128,1", 0, 3328 + 256 + 256 },
	{ "SINQ or HQQ", "sinq", "",
		METHOD("sinq", ",\"nbits\":4,\"group_size\":64"),
		".W_q U8 64,64;.meta U8 100", 0, 4096 + 100 },
	{ "NVFP4 of torchao", "ao-nvfp4", "",
		TORCHAO("NVFP4WeightOnlyConfig", ""),
		"._weight_qdata U8 64,64;._weight_scale F8_E4M3 64,8", 0, 4096 + 512 },
	{ "FP8 of torchao", "ao-fp8", "",
		TORCHAO("Float8WeightOnlyConfig", ""),
		"._weight_qdata F8_E4M3 64,128;._weight_scale F32 64,1", 0, 8192 + 256 },
	{ "integers of torchao", "ao-int8", "ao-int4",
		TORCHAO("Int8WeightOnlyConfig", "\"group_size\":null"),
		"._weight_qdata I8 64,128;._weight_scale BF16 64,1", 0, 8192 + 128 },
	{ "integers of torchao", "ao-int4", "ao-tiles ao-int8",
		TORCHAO("Int4WeightOnlyConfig", "\"group_size\":128"),
		"._weight_qdata I8 64,64;._weight_scale BF16 1,64;._weight_zero_point BF16 1,64", 0, 4096 + 128 + 128 },
	{ "integers of torchao", "ao-tiles", "ao-int4 ao-int8",
		TORCHAO("Int4WeightOnlyConfig", "\"group_size\":128"),
		"._weight_qdata I32 8,1,32,4;._weight_scale_and_zero BF16 1,64,2", 0, 4096 + 256 },
	{ "8-bit floats without scales", "bare", "fp8-inverse fp8-scale fp8",
		METHOD("fp8", ""),
		".weight F8_E4M3 64,128", 0, 8192 },
};
/* clang-format on */

#define MADE (sizeof(made) / sizeof(made[0]))

static const struct checkpoint *checkpoint_made(const char *config, const char *tensors)
{
	struct text all = arena_printf(
		&arena, "model.norm.weight BF16 64;%s", tensors_named(LINEAR, tensors));
	return with_tensors(config, all.data);
}

START_TEST(layouts_are_counted_exactly)
{
	const struct made *wanted = &made[_i];
	const struct checkpoint *checkpoint = checkpoint_made(wanted->config, wanted->tensors);
	const struct weights *weights = checkpoint->weights;
	const struct weights_role *role = &weights->roles[ROLE_EXPERTS];
	uint64_t parameters = wanted->parameters ? wanted->parameters : WEIGHTS;
	ck_assert_msg(weights->parameters_known, "%s", wanted->name);
	ck_assert_msg(role->parameters == parameters, "%s: %llu", wanted->name,
		(unsigned long long)role->parameters);
	ck_assert_uint_eq(weights->parameters, parameters + NORM);
	ck_assert_msg(role->bytes == wanted->bytes, "%s: %llu bytes", wanted->name,
		(unsigned long long)role->bytes);
	ck_assert_uint_eq(weights->bytes, wanted->bytes + 2 * NORM);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_EXPERTS], OUTCOME_QUANTIZED);
}
END_TEST

START_TEST(layouts_agree_with_their_own_blocks)
{
	const struct made *wanted = &made[_i];
	const struct checkpoint *checkpoint = checkpoint_made(wanted->config, wanted->tensors);
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE);
	ck_assert_msg(!problem, "%s: %s", wanted->name, problem ? problem->detail.data : "");
	ck_assert_msg(checkpoint->weights->agrees_with_declaration == 1, "%s", wanted->name);
}
END_TEST

START_TEST(layouts_disagree_with_the_blocks_of_others)
{
	const struct made *declared = &made[_i];
	for (size_t i = 0; i < MADE; i++) {
		const struct checkpoint *checkpoint =
			checkpoint_made(declared->config, made[i].tensors);
		bool same = word_in(declared->takes, text_of(made[i].tag)) ||
			    text_is(text_of(declared->tag), made[i].tag);
		int agrees = checkpoint->weights->agrees_with_declaration;
		ck_assert_msg(agrees == same, "%s declared, %s stored: %d", declared->tag,
			made[i].tag, agrees);
		ck_assert_int_eq(faults(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE) > 0, !same);
	}
}
END_TEST

/* Each row of the table is what one of the made models is stored in. */
START_TEST(layouts_are_all_tried)
{
	for (size_t i = 0; i < storage_layout_count; i++) {
		const char *name = storage_layouts[i].name;
		bool tried = storage_layouts[i].methods[0] == METHOD_OTHER ||
			     text_is(text_of(name), "codes of VPTQ") ||
			     text_is(text_of(name), "packed words of another shape");
		for (size_t k = 0; k < MADE; k++)
			tried |= text_is(text_of(name), made[k].name);
		ck_assert_msg(tried, "%s", name);
	}
}
END_TEST

START_TEST(unquantized_blocks_disagree_with_all)
{
	const struct checkpoint *checkpoint =
		checkpoint_made("{\"model_type\":\"llama\"}", made[_i].tensors);
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 0);
	ck_assert_ptr_nonnull(problem);
	ck_assert(text_starts_with(problem->detail, "no quantization is declared, and 1 module"));
	ck_assert_msg(text_ends_with(problem->detail, made[_i].name) ||
			      text_contains(problem->detail, "bits a weight"),
		"%.*s", TEXT_ARGUMENTS(problem->detail));
}
END_TEST

static const char *const uncounted[][2] = {
	{ METHOD("vptq", ",\"config_for_layers\":{}"),
		".indices I32 1,64,8;.centroids.weight F16 1,2048;.weight_scale BF16 128" },
	{ METHOD("gptq", ",\"bits\":4,\"group_size\":128"), ".qweight I32 7,13" },
	{ "{}", ".weight I16 64,128" },
	{ "{}", ".weight_packed I32 64,16;.weight_scale BF16 64,4" },
};

START_TEST(what_shapes_do_not_tell_is_not_told)
{
	const struct checkpoint *checkpoint = checkpoint_made(uncounted[_i][0], uncounted[_i][1]);
	ck_assert(!checkpoint->weights->parameters_known);
	ck_assert_uint_eq(checkpoint->weights->roles[ROLE_NORM].parameters, NORM);
}
END_TEST

/* Names that formats have, on tensors that are no part of one. */
static const char *const plain_tensors[] = {
	"model.norm.scale BF16 64;model.layers.0.mlp.up_proj.weight BF16 64,128",
	"quantizer.codebooks F32 8,1024,64;decoder.codebooks F32 8,64",
	"down_blocks BF16 4,64,4,16;up_scales BF16 4,64",
	"visual_blocks U8 4,64",
	"a.weight BF16 64,128;a.scale BF16 64;a.meta BF16 3;a.zero F32 1",
	"embeddings.position_ids I64 1,577;rotary.inv_freq F32 64;mask BOOL 4,4",
	"model.layers.0.self_attn.k_scale F32 ;model.layers.0.self_attn.k_proj.weight BF16 64,64",
	"a.indices I64 3;a.weight BF16 4,4;b.meta U8 3;b.codes I64 4,4",
	"gate.bias F32 64;gate.e_score_correction_bias F32 64;conv.weight BF16 4,1,3",
};

START_TEST(plain_models_are_left_alone)
{
	const struct checkpoint *checkpoint =
		with_tensors("{\"model_type\":\"llama\"}", plain_tensors[_i]);
	ck_assert_msg(checkpoint->weights->agrees_with_declaration == 1, "%s", plain_tensors[_i]);
	ck_assert_uint_eq(checkpoint->problem_count, 0);
	ck_assert(checkpoint->weights->parameters_known);
}
END_TEST

START_TEST(cache_schemes_declare_no_weights)
{
	static const char config[] = METHOD("compressed-tensors",
		",\"kv_cache_scheme\":{\"num_bits\":8,\"type\":\"float\"},"
		"\"config_groups\":{}");
	const struct checkpoint *checkpoint = with_tensors(config,
		"model.layers.0.self_attn.k_proj.weight BF16 64,64;model.layers.0.self_attn.k_scale F32 1");
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 1);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE), 0);
	checkpoint = with_tensors(config, "model.layers.0.self_attn.k_proj.weight F8_E4M3 64,64;"
					  "model.layers.0.self_attn.k_proj.weight_scale F32 1");
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 0);
	ck_assert(text_starts_with(fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE)->detail,
		"no quantization of weights is declared"));
}
END_TEST

TCase *case_layouts(void)
{
	TCase *tcase = make_case("layouts");
	tcase_add_loop_test(tcase, layouts_are_counted_exactly, 0, MADE);
	tcase_add_loop_test(tcase, layouts_agree_with_their_own_blocks, 0, MADE);
	tcase_add_loop_test(tcase, layouts_disagree_with_the_blocks_of_others, 0, MADE);
	tcase_add_test(tcase, layouts_are_all_tried);
	tcase_add_loop_test(tcase, unquantized_blocks_disagree_with_all, 0, MADE);
	tcase_add_loop_test(tcase, what_shapes_do_not_tell_is_not_told, 0,
		sizeof(uncounted) / sizeof(uncounted[0]));
	tcase_add_loop_test(tcase, plain_models_are_left_alone, 0,
		sizeof(plain_tensors) / sizeof(plain_tensors[0]));
	tcase_add_test(tcase, cache_schemes_declare_no_weights);
	return tcase;
}
