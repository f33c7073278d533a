/* What tensors tell of a request, beside their bytes: shapes, what nobody declares, what is not there. */
#include "estimate.h"

#include "base/buffer.h"

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

#define MERGE "merge_lora: true\n"
#define SWITCHED_OFF MERGE "load_in_4bit: false\nload_in_8bit: false\n"
#define BLOCK(type, rest) "{\"model_type\":\"" type "\",\"quantization_config\":{" rest "}}"
#define GPTQ_BLOCK BLOCK("llama", "\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128")
#define MXFP4_BLOCK BLOCK("gpt_oss", "\"quant_method\":\"mxfp4\"")
#define QUARK_BLOCK                                                                                \
	BLOCK("llama",                                                                             \
		"\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{\"dtype\":"       \
		"\"fp4\",\"qscheme\":\"per_group\",\"group_size\":32,\"scale_format\":\"e8m0\"}}")

static const struct resolution *beside(const char *config, const char *yaml)
{
	const struct resolve_request request = {
		.config = text_of(yaml),
		.checkpoint = CHECKPOINT_GIVEN,
		.checkpoint_bytes = text_of(config),
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	return resolution;
}

static const struct {
	const char *config;
	const char *yaml;
	bool packed;
} merges[] = {
	{ GPTQ_BLOCK, LORA MERGE, true },
	{ GPTQ_BLOCK, "adapter: qlora\n" SWITCHED_OFF, true },
	{ QUANTIZED_FP8, LORA MERGE, true },
	{ QUARK_BLOCK, LORA MERGE, true },
	{ MXFP4_BLOCK, LORA MERGE, true },
	{ MXFP4_BLOCK,
		LORA MERGE
		"model_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}\n",
		false },
	{ GPTQ_BLOCK, LORA, false },
	{ GPTQ_BLOCK, LORA "gptq: true\n" MERGE, false },
	{ PLAIN, "adapter: qlora\n" SWITCHED_OFF, false },
};

START_TEST(merges_into_what_is_packed_are_told)
{
	const struct resolution *resolution = beside(merges[_i].config, merges[_i].yaml);
	ck_assert_int_eq(has(resolution, "merge-into-packed-weights"), merges[_i].packed);
	if (merges[_i].packed)
		ck_assert(!has(resolution, "checkpoint-forwarded"));
}
END_TEST

static const struct {
	const char *config;
	const char *remedy;
} recipes[] = {
	{ MXFP4_BLOCK,
		"Target attention layers in lora_target_modules; or dequantize while loading: "
		"`model_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}`." },
	{ QUANTIZED_FP8,
		"Take an unquantized checkpoint; or dequantize while loading: "
		"`model_quantization_config: {fp8: {config_kwargs: {dequantize: true}}}`." },
	{ QUARK_BLOCK, "Take an unquantized checkpoint." },
	{ "{\"model_type\":\"kimi_k2\",\"n_routed_experts\":8,\"quantization_config\":{\"quant_method\":\"quark\","
	  "\"global_quant_config\":{\"weight\":{\"dtype\":\"fp4\",\"qscheme\":\"per_group\",\"group_size\":32,"
	  "\"scale_format\":\"e8m0\"}},\"exclude\":[\"re:.*self_attn.*\"]}}",
		"Target attention layers in lora_target_modules." },
	{ "{\"model_type\":\"qwen3_moe\",\"num_experts\":8,\"quantization_config\":{\"quant_method\":\"fp8\","
	  "\"modules_to_not_convert\":[\"lm_head\"]}}",
		"Take an unquantized checkpoint; or dequantize while loading: "
		"`model_quantization_config: {fp8: {config_kwargs: {dequantize: true}}}`." },
};

START_TEST(recipes_fit_the_model)
{
	struct text remedy =
		finding(beside(recipes[_i].config, LORA), "checkpoint-not-trainable")->remedy;
	ck_assert_msg(text_is(remedy, recipes[_i].remedy), "%.*s", TEXT_ARGUMENTS(remedy));
}
END_TEST

START_TEST(experts_that_are_not_there_are_told)
{
	const struct resolution *resolution = resolved(PLAIN, DENSE("BF16"), NF4 EXPERTS);
	ck_assert(has(resolution, "moe-experts-absent"));
	ck_assert_ptr_null(resolution->effective->experts);
	resolution = resolved(MODEL("other"), FUSED, NF4 EXPERTS);
	ck_assert(!has(resolution, "moe-experts-absent"));
	ck_assert_str_eq(resolution->effective->experts, "nf4");
	/* By the config alone nobody knows: a mixture may count its experts under a key of its own. */
	resolution = beside(PLAIN, NF4 EXPERTS);
	ck_assert(!has(resolution, "moe-experts-absent"));
	ck_assert_str_eq(resolution->effective->experts, "nf4");
	resolution = resolved(
		"{\"model_type\":\"other\",\"num_experts\":8}", DENSE("BF16"), NF4 EXPERTS);
	ck_assert(!has(resolution, "moe-experts-absent"));
}
END_TEST

#define SKIPS(list) NF4 "bnb_config_kwargs: {llm_int8_skip_modules: " list "}\n"

/* Over DENSE: q_proj of attention, down_proj of mlp, in layers 0, 1 and 10. */
static const struct {
	const char *yaml;
	bool refused, idle, drops_head;
} lists[] = {
	{ SKIPS("[lm_head]"), false, false, false },
	{ SKIPS("['.*']"), false, false, false },
	{ SKIPS("[lm_head, q_proj]"), false, false, false },
	{ SKIPS("[lm_head, model.layers]"), false, false, false },
	{ SKIPS("[lm_head, 'model.layers.\\d+.mlp']"), false, false, false },
	{ SKIPS("[lm_head, '.*mlp.*']"), false, false, false },
	{ SKIPS("[lm_head, layers.0.mlp.down_proj]"), false, false, false },
	{ SKIPS("[lm_head, embed_tokens, visual, mlp.gate]"), false, false, false },
	{ SKIPS("[lm_head, banana]"), false, true, false },
	{ SKIPS("[lm_head, mlp]"), false, true, false },
	{ SKIPS("[banana]"), false, true, true },
	{ SKIPS("[]"), false, false, true },
	{ SKIPS("[q_proj]"), false, false, true },
	{ SKIPS("null"), false, false, false },
	{ SKIPS("['*.attn.*']"), true, false, false },
	{ SKIPS("['[']"), true, false, false },
	{ SKIPS("[lm_head, 1]"), true, false, false },
	{ SKIPS("[null]"), true, false, false },
	{ FP8_KWARGS("modules_to_not_convert: ['*.attn.*']"), true, false, false },
	{ FP8_KWARGS("ignored_layers: ['*.attn.*']"), true, false, false },
	{ FP8_KWARGS("modules_to_not_convert: [lm_head], ignored_layers: ['*']"), false, false,
		false },
	{ FP8_KWARGS("modules_to_not_convert: []"), false, false, true },
	{ FP8_KWARGS("modules_to_not_convert: [lm_head, banana]"), false, true, false },
	/* Nothing is quantized, so that nobody reads the list. */
	{ FP8_KWARGS("dequantize: true, modules_to_not_convert: ['*']"), false, false, false },
	{ LORA "model_quantization_config: {mxfp4: {config_kwargs: {modules_to_not_convert: ['*']}}}\n",
		false, false, false },
	{ INT8 "bnb_config_kwargs: {llm_int8_skip_modules: ['*']}\n", false, false, false },
};

START_TEST(lists_of_the_request_are_tried)
{
	const struct resolution *resolution = resolved(PLAIN, DENSE("BF16"), lists[_i].yaml);
	ck_assert_int_eq(has(resolution, "skip-list-refused"), lists[_i].refused);
	ck_assert_int_eq(has(resolution, "skip-list-idle"), lists[_i].idle);
	ck_assert_int_eq(has(resolution, "skip-list-drops-lm-head"), lists[_i].drops_head);
	ck_assert_int_eq(resolution->status == RESOLUTION_REJECTED, lists[_i].refused);
}
END_TEST

START_TEST(lists_beside_other_checkpoints)
{
	static const char patterns[] = SKIPS("[lm_head, '*']");
	ck_assert(has(beside(PLAIN, patterns), "skip-list-refused"));
	/* The checkpoint's own record is used. */
	ck_assert(!has(beside(GPTQ_BLOCK, patterns), "skip-list-refused"));
	ck_assert(has(beside(QUANTIZED_FP8, FP8_KWARGS("modules_to_not_convert: ['*']")),
		"skip-list-refused"));
	ck_assert(!has(beside(GPTQ_BLOCK, FP8_KWARGS("modules_to_not_convert: ['*']")),
		"skip-list-refused"));
	ck_assert(has(
		beside(MODEL("gpt_oss"), LORA
			"model_quantization_config: {mxfp4: {config_kwargs: {modules_to_not_convert: ['*']}}}\n"),
		"skip-list-refused"));
	/* What is fused, or has towers, has modules of other names than the files. */
	ck_assert(!has(resolved(MODEL("qwen3_moe"), SINGLE, SKIPS("[lm_head, banana]")),
		"skip-list-idle"));
	ck_assert(!has(resolved(PLAIN, DENSE("BF16") ";visual.blocks.0.attn.qkv.weight BF16 64,64",
			       SKIPS("[lm_head, model.language_model.layers]")),
		"skip-list-idle"));
	assert_message(resolved(PLAIN, DENSE("BF16"), SKIPS("[lm_head, '*.attn.*', 1]")),
		"skip-list-refused",
		"bnb_config_kwargs.llm_int8_skip_modules holds what transformers raises on: \"*.attn.*\" (no regular "
		"expression: quantifier does not follow a repeatable item), 1 (a module's name is expected).");
}
END_TEST

/* More entries than can be tried on all names, in little memory: what was not tried is not told. */
START_TEST(long_lists_are_bounded)
{
	struct buffer yaml, tensors;
	buffer_init(&yaml, &arena, 65536);
	buffer_init(&tensors, &arena, 65536);
	buffer_add_string(&yaml, NF4 "bnb_config_kwargs: {llm_int8_skip_modules: [lm_head");
	for (int i = 0; i < 50000; i++)
		buffer_add_string(&yaml, i < 20000 ? ", q_proj" : ", banana");
	buffer_add_string(&yaml, "]}\n");
	buffer_add_byte(&yaml, '\0');
	for (char a = 'a'; a <= 'z'; a++)
		for (char b = 'a'; b <= 'z'; b++)
			buffer_printf(&tensors, "%slayers.%c%c.mlp.up_proj.weight BF16 4,4",
				tensors.length > 0 ? ";" : "", a, b);
	buffer_add_byte(&tensors, '\0');
	const struct resolution *resolution =
		resolved(PLAIN, buffer_text(&tensors).data, buffer_text(&yaml).data);
	ck_assert_int_eq(resolution->status, RESOLUTION_OK);
	ck_assert(!has(resolution, "skip-list-drops-lm-head"));
}
END_TEST

TCase *case_findings(void)
{
	TCase *tcase = tcase_create("findings");
	tcase_add_loop_test(tcase, shapes_that_a_format_does_not_take_are_told, 0,
		sizeof(shapes) / sizeof(shapes[0]));
	tcase_add_test(tcase, shapes_are_named);
	tcase_add_loop_test(tcase, undeclared_weights_are_not_quantized_again, 0,
		sizeof(undeclared) / sizeof(undeclared[0]));
	tcase_add_test(tcase, undeclared_weights_are_named);
	tcase_add_loop_test(
		tcase, merges_into_what_is_packed_are_told, 0, sizeof(merges) / sizeof(merges[0]));
	tcase_add_loop_test(tcase, recipes_fit_the_model, 0, sizeof(recipes) / sizeof(recipes[0]));
	tcase_add_test(tcase, experts_that_are_not_there_are_told);
	tcase_add_loop_test(
		tcase, lists_of_the_request_are_tried, 0, sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tcase, lists_beside_other_checkpoints);
	tcase_add_test(tcase, long_lists_are_bounded);
	tcase_set_timeout(tcase, 60);
	return tcase;
}
