/* The estimate of the base weights' bytes: small models, whose truth is counted by hand. */
#include "estimate.h"

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

#define CONV1D "h.0.mlp.c_fc.weight F32 256,128;h.1.attn.c_attn.weight F32 256,384"

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

const struct resolution *resolved(const char *config, const char *tensors, const char *yaml)
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

bool has(const struct resolution *resolution, const char *id)
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
	tcase_add_test(tcase, skipped_names_are_bounded);
	suite_add_tcase(suite, tcase);
	tcase = case_findings();
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
