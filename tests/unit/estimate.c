/* The estimate of the base weights' bytes: small models, whose truth is counted by hand. */
#include "checkpoint_tensors.h"

#include "resolve/resolve.h"

#include <check.h>
#include <stdlib.h>

struct arena arena;
const struct document_limits limits = { .depth = 64, .nodes = 400000 };

static void set_up(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void tear_down(void)
{
	arena_release(&arena);
}

/* Three layers, one of them the tenth; the convolution and the head are no linear modules of the base. */
#define DENSE(dtype)                                                                               \
	"model.embed_tokens.weight " dtype " 1000,256;lm_head.weight " dtype " 1000,256;"          \
	"model.norm.weight " dtype " 256;model.layers.0.linear_attn.conv1d.weight " dtype          \
	" 64,1,4;"                                                                                 \
	"model.layers.0.self_attn.q_proj.weight " dtype " 128,256;"                                \
	"model.layers.1.self_attn.q_proj.weight " dtype " 128,256;"                                \
	"model.layers.10.self_attn.q_proj.weight " dtype " 128,256;"                               \
	"model.layers.0.mlp.down_proj.weight " dtype " 256,192;"                                   \
	"model.layers.1.mlp.down_proj.weight " dtype " 256,192;"                                   \
	"model.layers.10.mlp.down_proj.weight " dtype " 256,192"
#define OTHERS (2 * 2 * 256000 + 2 * 256 + 2 * 256)
#define Q 32768
#define DOWN 49152

#define FUSED                                                                                      \
	"model.layers.0.mlp.experts.gate_up_proj BF16 4,256,512;"                                  \
	"model.layers.0.mlp.experts.gate_up_proj_bias BF16 4,512;"                                 \
	"model.layers.0.mlp.router.weight BF16 4,256;"                                             \
	"model.layers.0.self_attn.q_proj.weight BF16 128,256"
#define FUSED_EXPERTS (4 * 256 * 512)
#define ROUTER (2 * 4 * 256)
#define FUSED_BIAS (2 * 4 * 512)
#define NF4_Q (Q / 2 + Q / 64 * 8.125 / 8)

#define SINGLE                                                                                     \
	"model.layers.0.mlp.experts.0.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.1.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.2.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.11.up_proj.weight BF16 64,256"
#define EXPERT (64 * 256)
#define NF4_EXPERT (EXPERT / 2 + EXPERT / 64 * 8.125 / 8)

#define FP8                                                                                        \
	"model.layers.0.mlp.up_proj.weight F8_E4M3 128,256;"                                       \
	"model.layers.0.mlp.up_proj.weight_scale_inv F32 1,2;model.norm.weight F32 64"

#define CONV1D "h.0.mlp.c_fc.weight F32 256,128;h.1.attn.c_attn.weight F32 256,384"

#define LORA "adapter: lora\n"
#define NF4 LORA "model_quantization_config: {bnb: {weight_dtype: nf4}}\n"
#define INT8 LORA "model_quantization_config: {bnb: {weight_dtype: int8}}\n"
#define TORCHAO(rest) LORA "model_quantization_config: {torchao: {" rest "}}\n"
#define KWARGS(rest) NF4 "bnb_config_kwargs: {" rest "}\n"
#define EXPERTS "quantize_moe_experts: true\n"
#define PLAIN "{\"model_type\":\"llama\"}"
#define MODEL(type) "{\"model_type\":\"" type "\"}"
#define QUANTIZED_FP8                                                                              \
	"{\"model_type\":\"llama\",\"quantization_config\":{\"quant_method\":\"fp8\"}}"

static const struct {
	const char *config;
	const char *tensors;
	const char *yaml;
	double bytes;
} cases[] = {
	{ PLAIN, DENSE("BF16"), LORA, OTHERS + 2 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("F32"), LORA "bf16: true\n", OTHERS + 2 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("F32"), LORA "bf16: auto\n", OTHERS + 2 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("F32"), LORA "bf16: false\nfp16: true\n", OTHERS + 2 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), LORA "bf16: false\n", 2 * OTHERS + 4 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), LORA "bf16:\n", 2 * OTHERS + 4 * 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), NF4,
		OTHERS + 3 * (Q + DOWN) / 2 + 3 * (Q + DOWN) / 64 * 8.125 / 8 },
	{ PLAIN, DENSE("BF16"), NF4 "bf16: false\n",
		2 * OTHERS + 3 * (Q + DOWN) / 2 + 3 * (Q + DOWN) / 64 * 8.125 / 8 },
	{ PLAIN, DENSE("BF16"), KWARGS("bnb_4bit_use_double_quant: false"),
		OTHERS + 3 * (Q + DOWN) / 2 + 3 * (Q + DOWN) / 64 * 4 },
	{ PLAIN, DENSE("BF16"), KWARGS("load_in_4bit: false, load_in_8bit: true"),
		OTHERS + 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), INT8, OTHERS + 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), INT8 "bf16: false\n", OTHERS + 3 * (Q + DOWN) },
	/* A beginning: layers 1 and 10; and with a list the head is no exception any more. */
	{ PLAIN, DENSE("BF16"), KWARGS("llm_int8_skip_modules: [model.layers.1]"),
		OTHERS - 2 * 256000 + 256000 / 2 + 256000 / 64 * 8.125 / 8 + 2 * 2 * (Q + DOWN) +
			(Q + DOWN) / 2 + (Q + DOWN) / 64 * 8.125 / 8 + 0.5 },
	{ PLAIN, DENSE("BF16"), KWARGS("llm_int8_skip_modules: [lm_head, down_proj]"),
		OTHERS + 3 * NF4_Q + 2 * 3 * DOWN },
	{ PLAIN, DENSE("BF16"), KWARGS("llm_int8_skip_modules: [lm_head, 'model.layers.\\d+.mlp']"),
		OTHERS + 3 * NF4_Q + 2 * 3 * DOWN },
	{ PLAIN, DENSE("BF16"), KWARGS("llm_int8_skip_modules: [lm_head, 'model.layers.[01]\\.']"),
		OTHERS + 2 * 2 * (Q + DOWN) + (Q + DOWN) / 2 + (Q + DOWN) / 64 * 8.125 / 8 },
	{ PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: int4"),
		OTHERS + 3 * (Q / 2 + 128 * 2 * 4) + 2 * 3 * DOWN },
	{ PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: int4, group_size: 64"),
		OTHERS + 3 * (Q / 2 + 128 * 4 * 4) + 3 * (DOWN / 2 + 256 * 3 * 4) },
	{ PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: fp8"), OTHERS + 3 * (Q + DOWN) },
	{ PLAIN, DENSE("BF16"), LORA "model_quantization_config: {fp8: {}}\n",
		OTHERS + 3 * (Q + 1 * 2 * 4) + 3 * (DOWN + 2 * 2 * 4) },
	{ PLAIN, DENSE("BF16"),
		LORA
		"model_quantization_config: {fp8: {config_kwargs: {weight_block_size: null}}}\n",
		OTHERS + 3 * (Q + 4) + 3 * (DOWN + 4) },
	{ PLAIN, DENSE("BF16"),
		LORA
		"model_quantization_config: {fp8: {config_kwargs: {weight_block_size: [64, 64], "
		"modules_to_not_convert: [lm_head, mlp.down_proj]}}}\n",
		OTHERS + 3 * (Q + 2 * 4 * 4) + 2 * 3 * DOWN },
	{ MODEL("gpt_oss"), FUSED, NF4, 2 * FUSED_EXPERTS + FUSED_BIAS + ROUTER + NF4_Q },
	{ MODEL("gpt_oss"), FUSED, TORCHAO("weight_dtype: fp8"),
		2 * FUSED_EXPERTS + FUSED_BIAS + ROUTER + Q },
	{ MODEL("gpt_oss"), FUSED, NF4 EXPERTS,
		FUSED_EXPERTS / 2 + FUSED_EXPERTS / 64 * 8.125 / 8 + FUSED_BIAS + ROUTER + NF4_Q },
	{ MODEL("gpt_oss"), FUSED, LORA EXPERTS,
		FUSED_EXPERTS / 2 + FUSED_EXPERTS / 32 + FUSED_BIAS + ROUTER + 2 * Q },
	{ MODEL("gpt_oss"), FUSED, LORA "model_quantization_config: {mxfp4: {}}\n",
		FUSED_EXPERTS / 2 + FUSED_EXPERTS / 32 + FUSED_BIAS + ROUTER + 2 * Q },
	{ MODEL("gpt_oss"), FUSED, LORA "model_quantization_config: {fp8: {}}\n",
		FUSED_EXPERTS + 8 * 4 * 4 + FUSED_BIAS + ROUTER + Q + 8 },
	{ MODEL("qwen3_moe"), SINGLE, NF4, 2 * 4 * EXPERT },
	{ MODEL("qwen3_moe"), SINGLE, NF4 EXPERTS, 4 * NF4_EXPERT },
	{ MODEL("kimi_k2"), SINGLE, NF4, 4 * NF4_EXPERT },
	{ "{\"model_type\":\"wrapper\",\"text_config\":{\"model_type\":\"mixtral\"}}", SINGLE, NF4,
		2 * 4 * EXPERT },
	{ MODEL("kimi_k2"), SINGLE, KWARGS("llm_int8_skip_modules: ['.*experts.1.up_proj']"),
		2 * EXPERT + 3 * NF4_EXPERT },
	{ MODEL("gpt2"), CONV1D, LORA, 2 * 4 * Q },
	{ MODEL("gpt2"), CONV1D, NF4, 4 * NF4_Q },
	{ MODEL("gpt2"), CONV1D, INT8, 4 * Q },
	{ MODEL("gpt2"), CONV1D, TORCHAO("weight_dtype: int8"), 2 * 4 * Q },
	{ MODEL("gpt2"), CONV1D, TORCHAO("weight_dtype: int4"), 2 * 4 * Q },
	{ MODEL("gpt2"), CONV1D, LORA "model_quantization_config: {fp8: {}}\n", 2 * 4 * Q },
	{ MODEL("gpt_bigcode"), CONV1D, TORCHAO("weight_dtype: fp8"), 4 * Q },
	{ QUANTIZED_FP8, FP8, LORA, 128 * 256 + 8 + 2 * 64 },
	{ QUANTIZED_FP8, FP8,
		LORA "model_quantization_config: {fp8: {config_kwargs: {dequantize: true}}}\n",
		2 * 128 * 256 + 2 * 64 },
};

static const struct resolution *resolved(const char *config, const char *tensors, const char *yaml)
{
	const struct resolve_request request = {
		.config = text_of(yaml),
		.checkpoint = CHECKPOINT_GIVEN,
		.checkpoint_found = with_tensors(config, tensors),
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	return resolution;
}

START_TEST(estimates_are_what_the_loader_makes)
{
	const struct resolution *resolution =
		resolved(cases[_i].config, cases[_i].tensors, cases[_i].yaml);
	ck_assert_msg(resolution->estimate, "%s", cases[_i].yaml);
	ck_assert_msg(resolution->estimate->bytes == (uint64_t)cases[_i].bytes,
		"%d: %llu instead of %.2f for %s", _i,
		(unsigned long long)resolution->estimate->bytes, cases[_i].bytes, cases[_i].yaml);
}
END_TEST

static bool has(const struct resolution *resolution, const char *id)
{
	for (size_t i = 0; i < resolution->finding_count; i++)
		if (text_is(text_of(resolution->findings[i]->rule->id), id))
			return true;
	return false;
}

static const struct {
	const char *config;
	const char *tensors;
	const char *yaml;
	bool kept;
} experts[] = {
	{ MODEL("gpt_oss"), FUSED, NF4, true },
	{ MODEL("other"), FUSED, NF4, true },
	{ MODEL("qwen3_moe"), SINGLE, TORCHAO("weight_dtype: int8"), true },
	{ MODEL("kimi_k2"), SINGLE, NF4, false },
	{ MODEL("gpt_oss"), FUSED, NF4 EXPERTS, false },
	{ MODEL("gpt_oss"), FUSED, LORA "model_quantization_config: {fp8: {}}\n", false },
	{ MODEL("gpt_oss"), FUSED, LORA, false },
	{ PLAIN, DENSE("BF16"), NF4, false },
};

START_TEST(experts_that_stay_are_told)
{
	const struct resolution *resolution =
		resolved(experts[_i].config, experts[_i].tensors, experts[_i].yaml);
	ck_assert_int_eq(has(resolution, "moe-experts-stay-native"), experts[_i].kept);
}
END_TEST

START_TEST(groups_that_do_not_divide_are_told)
{
	const struct resolution *resolution =
		resolved(PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: int4"));
	ck_assert(has(resolution, "group-size-passes-modules"));
	resolution = resolved(PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: int4, group_size: 64"));
	ck_assert(!has(resolution, "group-size-passes-modules"));
	resolution = resolved(PLAIN, DENSE("BF16"), TORCHAO("weight_dtype: fp8"));
	ck_assert(!has(resolution, "group-size-passes-modules"));
}
END_TEST

#define LINEAR(role, shape)                                                                        \
	"model.layers.0." role ".weight BF16 " shape ";model.norm.weight BF16 64"
#define FP8_REQUEST LORA "model_quantization_config: {fp8: {}}\n"
#define FP8_KWARGS(rest) LORA "model_quantization_config: {fp8: {config_kwargs: {" rest "}}}\n"

/* 16384 weights of nf4 are 128 x 128; 576 x 192 has 6.75 times as many. */
static const struct {
	const char *config;
	const char *tensors;
	const char *yaml;
	bool refused, doubtful;
} shapes[] = {
	{ PLAIN, LINEAR("mlp.up_proj", "128,128"), TORCHAO("weight_dtype: nf4"), false, false },
	{ PLAIN, LINEAR("mlp.up_proj", "64,256"), TORCHAO("weight_dtype: nf4"), false, false },
	{ PLAIN, LINEAR("mlp.up_proj", "576,192"), TORCHAO("weight_dtype: nf4"), true, false },
	{ PLAIN, LINEAR("mlp.up_proj", "64,255"), TORCHAO("weight_dtype: nf4"), true, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "576,192"), NF4, false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "576,192"),
		TORCHAO("weight_dtype: nf4") "merge_lora: true\nmerge_method: legacy\n", false,
		false },
	{ PLAIN, LINEAR("self_attn.q_proj", "16,32"), TORCHAO("weight_dtype: nvfp4"), false,
		false },
	{ PLAIN, LINEAR("self_attn.q_proj", "16,24"), TORCHAO("weight_dtype: nvfp4"), true, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "24,16"), TORCHAO("weight_dtype: nvfp4"), true, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "24,256"), TORCHAO("weight_dtype: int8"), false,
		false },
	{ PLAIN, LINEAR("self_attn.q_proj", "256,192"), TORCHAO("weight_dtype: int8"), false,
		true },
	{ PLAIN, LINEAR("self_attn.q_proj", "256,192"),
		TORCHAO("weight_dtype: int8, group_size: 64"), false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "24,100"), TORCHAO("weight_dtype: fp8"), false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "128,256"), FP8_REQUEST, false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "192,256"), FP8_REQUEST, false, true },
	{ PLAIN, LINEAR("self_attn.q_proj", "192,256"), FP8_KWARGS("weight_block_size: [64, 64]"),
		false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "192,256"), FP8_KWARGS("weight_block_size: null"),
		false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "192,256"),
		FP8_KWARGS("modules_to_not_convert: [lm_head, q_proj]"), false, false },
	{ PLAIN, LINEAR("self_attn.q_proj", "192,256"), FP8_KWARGS("dequantize: true"), false,
		false },
	/* What torchao passes by, or what may not be there when the model is made. */
	{ PLAIN, "lm_head.weight BF16 1000,24;model.embed_tokens.weight BF16 1000,24",
		TORCHAO("weight_dtype: nvfp4"), false, false },
	{ PLAIN, LINEAR("mlp.gate", "7,24"), TORCHAO("weight_dtype: nvfp4"), false, false },
	{ PLAIN, LINEAR("attn.c_attn", "24,72"), TORCHAO("weight_dtype: nvfp4"), false, false },
	{ PLAIN, "visual.blocks.0.attn.q_proj.weight BF16 24,24", TORCHAO("weight_dtype: nvfp4"),
		false, false },
	{ MODEL("qwen3_moe"), "model.layers.0.mlp.experts.0.up_proj.weight BF16 24,24",
		TORCHAO("weight_dtype: nvfp4"), false, false },
	{ PLAIN, "model.layers.0.mamba.in_proj.bias BF16 24", TORCHAO("weight_dtype: nvfp4"), false,
		false },
	{ QUANTIZED_FP8, "model.layers.0.mlp.up_proj.weight BF16 24,24", LORA, false, false },
};

START_TEST(shapes_that_a_format_does_not_take_are_told)
{
	const struct resolution *resolution =
		resolved(shapes[_i].config, shapes[_i].tensors, shapes[_i].yaml);
	ck_assert_int_eq(has(resolution, "weight-shape-refused"), shapes[_i].refused);
	ck_assert_int_eq(has(resolution, "weight-shape-doubtful"), shapes[_i].doubtful);
	ck_assert_int_eq(resolution->status == RESOLUTION_REJECTED, shapes[_i].refused);
}
END_TEST

static const struct diagnostic *finding(const struct resolution *resolution, const char *id)
{
	for (size_t i = 0; i < resolution->finding_count; i++)
		if (text_is(text_of(resolution->findings[i]->rule->id), id))
			return resolution->findings[i];
	ck_abort_msg("no %s", id);
}

static void assert_message(const struct resolution *resolution, const char *id, const char *message)
{
	struct text found = finding(resolution, id)->message;
	ck_assert_msg(text_is(found, message), "%.*s", TEXT_ARGUMENTS(found));
}

START_TEST(shapes_are_named)
{
	assert_message(
		resolved(PLAIN,
			LINEAR("mlp.up_proj",
				"576,192") ";model.layers.0.mlp.down_proj.weight BF16 128,128",
			TORCHAO("weight_dtype: nf4")),
		"weight-shape-refused",
		"model_quantization_config.torchao.weight_dtype: nf4 takes modules with a multiple of 16384 weights alone, "
		"and loading stops at others: 1 of 2 (model.layers.0.mlp.up_proj for one, 576 x 192).");
	assert_message(resolved(PLAIN, LINEAR("mlp.up_proj", "576,192"), FP8_REQUEST),
		"weight-shape-doubtful",
		"model_quantization_config.fp8 takes modules with outputs in a multiple of 128 and inputs in one of 128, and "
		"there are others: 1 of 1 (model.layers.0.mlp.up_proj for one, 576 x 192). Loading stops at them in the "
		"releases that were looked at.");
}
END_TEST

#define NF4_TENSORS                                                                                \
	"model.layers.0.mlp.up_proj.weight U8 8192,1;"                                             \
	"model.layers.0.mlp.up_proj.weight.absmax F32 256;"                                        \
	"model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4 U8 10"
#define GPTQ_TENSORS                                                                               \
	"model.layers.0.mlp.up_proj.qweight I32 16,128;model.layers.0.mlp.up_proj.scales F16 1,128"

/* Packed, and nothing says so: what is asked for would be laid over it. */
static const struct {
	const char *tensors;
	const char *yaml;
	const char *id; /* NULL: nothing is to be quantized, or nothing is packed */
} undeclared[] = {
	{ NF4_TENSORS, NF4, "bnb-on-quantized-checkpoint" },
	{ NF4_TENSORS, INT8, "bnb-on-quantized-checkpoint" },
	{ NF4_TENSORS, TORCHAO("weight_dtype: int8"), "torchao-on-quantized-checkpoint" },
	{ NF4_TENSORS, FP8_REQUEST, "override-on-packed-weights" },
	{ NF4_TENSORS, LORA "gptq: true\n", "gptq-checkpoint-missing" },
	{ NF4_TENSORS, LORA, NULL },
	{ GPTQ_TENSORS, NF4, "bnb-on-quantized-checkpoint" },
	/* One of two projections of the role is packed: it is not known what that makes of the model. */
	{ NF4_TENSORS ";model.layers.0.mlp.down_proj.weight BF16 64,256", NF4, NULL },
	/* A bare cast is loaded as any float is. */
	{ "model.layers.0.mlp.up_proj.weight F8_E4M3 64,256", NF4, NULL },
};

START_TEST(undeclared_weights_are_not_quantized_again)
{
	const struct resolution *resolution =
		resolved(PLAIN, undeclared[_i].tensors, undeclared[_i].yaml);
	if (undeclared[_i].id)
		ck_assert_int_eq(finding(resolution, undeclared[_i].id)->severity, SEVERITY_ERROR);
	else
		ck_assert_int_eq(resolution->status, RESOLUTION_OK);
}
END_TEST

START_TEST(undeclared_weights_are_named)
{
	const struct resolution *resolution = resolved(PLAIN, NF4_TENSORS, NF4);
	assert_message(resolution, "bnb-on-quantized-checkpoint",
		"model_quantization_config.bnb.weight_dtype: nf4 would quantize a checkpoint that is quantized already, with "
		"bitsandbytes nf4 by its tensors (no block declares it).");
	ck_assert(resolution->checkpoint->quantized);
	ck_assert_ptr_null(resolution->checkpoint->found_in);
}
END_TEST

/* Names that explode, and more of them than can be tried: no estimate, and no delay. */
START_TEST(skipped_names_are_bounded)
{
	struct text names = TEXT("");
	struct text tensors = TEXT("");
	for (int i = 0; i < 400; i++)
		names = arena_printf(&arena, "%.*s'(.*)*%d(x+x+)+y', ", TEXT_ARGUMENTS(names), i);
	for (int i = 0; i < 300; i++)
		tensors = arena_printf(&arena, "%.*smodel.layers.%d.mlp.up_proj.weight BF16 4,4;",
			TEXT_ARGUMENTS(tensors), i);
	struct text yaml = arena_printf(&arena,
		NF4 "bnb_config_kwargs: {llm_int8_skip_modules: [%.*s]}\n", TEXT_ARGUMENTS(names));
	const struct resolution *resolution = resolved(PLAIN, tensors.data, yaml.data);
	ck_assert_int_eq(resolution->status, RESOLUTION_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("estimate");
	TCase *tcase = tcase_create("estimate");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(
		tcase, estimates_are_what_the_loader_makes, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(
		tcase, experts_that_stay_are_told, 0, sizeof(experts) / sizeof(experts[0]));
	tcase_add_test(tcase, groups_that_do_not_divide_are_told);
	tcase_add_loop_test(tcase, shapes_that_a_format_does_not_take_are_told, 0,
		sizeof(shapes) / sizeof(shapes[0]));
	tcase_add_test(tcase, shapes_are_named);
	tcase_add_loop_test(tcase, undeclared_weights_are_not_quantized_again, 0,
		sizeof(undeclared) / sizeof(undeclared[0]));
	tcase_add_test(tcase, undeclared_weights_are_named);
	tcase_add_test(tcase, skipped_names_are_bounded);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
