/* Tensors that are not what the block declares of their modules. */
#include "checkpoint.h"
#include "checkpoint_tensors.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "checkpoint/weights/weights.h"

static const char bf16[] = "{\"model_type\":\"llama\"}";
static const char bnb[] = "{\"quantization_config\":{\"quant_method\":\"bitsandbytes\","
			  "\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\"}}";
static const char fp8[] = "{\"quantization_config\":{\"quant_method\":\"fp8\"}}";
static const char gptq[] =
	"{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128}}";

static const char plain[] =
	"model.layers.0.self_attn.q_proj.weight BF16 16,16;model.norm.weight BF16 16";
static const char nf4[] =
	"model.layers.0.mlp.up_proj.weight U8 128,1;model.layers.0.mlp.up_proj.weight.absmax U8 4;"
	"model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4 U8 10;lm_head.weight BF16 4,4";
static const char packed[] =
	"model.layers.0.mlp.up_proj.qweight I32 16,128;model.layers.0.mlp.up_proj.scales F16 1,128";

static const struct {
	const char *config;
	const char *tensors;
	const char *part; /* of the clause */
} models[] = {
	{ bf16, nf4,
		"no quantization is declared, and 1 module (model.layers.0.mlp.up_proj) is stored as bitsandbytes nf4" },
	{ fp8, plain, "fp8 is declared, and every weight is stored as it was trained" },
	{ gptq, plain, "gptq is declared" },
	{ gptq, nf4,
		"gptq with 4 bits is declared, and 1 module (model.layers.0.mlp.up_proj) is stored as bitsandbytes nf4" },
	{ bnb, packed, "stored as GPTQ, 4 bits a weight" },
};

START_TEST(models_disagree)
{
	const struct checkpoint *checkpoint = with_tensors(models[_i].config, models[_i].tensors);
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 0);
	ck_assert_ptr_nonnull(problem);
	ck_assert_msg(text_contains(problem->detail, models[_i].part), "%s", problem->detail.data);
}
END_TEST

/* Of one module each; the rest agrees. */
static const struct {
	const char *config;
	const char *tensors;
	const char *detail;
	enum outcome mlp;
} single_modules[] = {
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[\"model.layers.1\"]}}",
		"model.layers.1.mlp.up_proj.weight F8_E4M3 64,128;model.layers.1.mlp.up_proj.weight_scale_inv F32 1,1;"
		"model.layers.2.mlp.up_proj.weight F8_E4M3 64,128;model.layers.2.mlp.up_proj.weight_scale_inv F32 1,1;"
		"model.layers.10.mlp.up_proj.weight F8_E4M3 64,128;model.layers.10.mlp.up_proj.weight_scale_inv F32 1,1",
		"its list leaves out what is quantized: 2 modules (model.layers.1.mlp.up_proj for one) are stored as FP8 "
		"with inverse scales",
		OUTCOME_MIXED },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[\"lm_head\"]}}",
		"model.layers.1.mlp.up_proj.weight F8_E4M3 64,128;model.layers.1.mlp.up_proj.weight_scale_inv F32 1,1;"
		"model.layers.1.mlp.down_proj.weight BF16 128,64;model.layers.2.mlp.up_proj.weight BF16 64,128;"
		"model.layers.1.mlp.gate.weight BF16 8,64;model.embed_tokens.weight BF16 64,64;lm_head.weight BF16 64,64;"
		"visual.blocks.0.attn.q_proj.weight BF16 64,64;model.layers.1.self_attn.sinks BF16 4",
		"fp8 with 8 bits is declared, and 2 modules (model.layers.1.mlp.down_proj for one) are stored as trained, "
		"which no list leaves out",
		OUTCOME_MIXED },
	{ "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":64}}",
		"model.layers.1.mlp.up_proj.qweight I32 128,8;model.layers.1.mlp.up_proj.qzeros I32 1,8;"
		"model.layers.1.mlp.up_proj.scales F16 1,64",
		"awq with 4 bits in groups of 64 is declared, and 1 module (model.layers.1.mlp.up_proj) is stored as AWQ, 4 bits "
		"a weight, in groups of 128",
		OUTCOME_QUANTIZED },
	{ "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":-1}}",
		"model.layers.1.mlp.up_proj.qweight I32 32,64;model.layers.1.mlp.up_proj.scales F16 2,64;"
		"model.layers.1.mlp.up_proj.g_idx I32 256",
		"gptq with 4 bits with a group a row is declared, and 1 module (model.layers.1.mlp.up_proj) is stored as GPTQ, "
		"4 bits a weight, in groups of 128",
		OUTCOME_QUANTIZED },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[64,64]}}",
		"model.layers.1.mlp.up_proj.weight F8_E4M3 64,256;model.layers.1.mlp.up_proj.weight_scale_inv F32 1,2",
		"fp8 with 8 bits in blocks of [64,64] is declared, and 1 module (model.layers.1.mlp.up_proj) is stored as FP8 with "
		"inverse scales, in blocks 128 wide",
		OUTCOME_QUANTIZED },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}",
		"model.layers.1.mlp.up_proj.weight F8_E4M3 64,256;model.layers.1.mlp.up_proj.weight_scale F32 ",
		"fp8 with 8 bits in blocks of [128,128] is declared, and 1 module (model.layers.1.mlp.up_proj) is stored as FP8 "
		"with scales, with one scale for all of a module",
		OUTCOME_QUANTIZED },
};

START_TEST(single_modules_disagree)
{
	const struct checkpoint *checkpoint =
		with_tensors(single_modules[_i].config, single_modules[_i].tensors);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 0);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE), 1);
	assert_text(fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE)->detail,
		single_modules[_i].detail);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_MLP], single_modules[_i].mlp);
}
END_TEST

/* One scale where none, or no block, is declared; and blocks as they are declared. */
static const struct {
	const char *config;
	const char *tensors;
} agreeing[] = {
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\"}}",
		"a.up_proj.weight F8_E4M3 64,256;a.up_proj.weight_scale F32 " },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":null}}",
		"a.up_proj.weight F8_E4M3 64,256;a.up_proj.weight_scale F32 1" },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}",
		"a.up_proj.weight F8_E4M3 64,256;a.up_proj.weight_scale_inv F32 1,2" },
	{ "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}",
		"a.up_proj.weight F8_E4M3 64,64;a.up_proj.weight_scale_inv F32 1,1" },
};

START_TEST(what_is_declared_agrees)
{
	const struct checkpoint *checkpoint =
		with_tensors(agreeing[_i].config, agreeing[_i].tensors);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 1);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE), 0);
}
END_TEST

START_TEST(names_alone_tell_as_much_as_they_can)
{
	static const char nvfp4[] = "a.up_proj.weight U8 4,4;a.up_proj.weight_scale F8_E4M3 4,4;"
				    "a.up_proj.weight_scale_2 F32 ;a.up_proj.input_scale F32 ";
	static const char modelopt[] =
		"{\"quantization_config\":{\"quant_method\":\"modelopt\",\"quant_algo\":\"NVFP4\"}}";
	ck_assert_int_eq(with_names(modelopt, nvfp4)->weights->agrees_with_declaration, 1);
	ck_assert_int_eq(with_names(fp8, nvfp4)->weights->agrees_with_declaration, 1);
	ck_assert_int_eq(with_names(gptq, nvfp4)->weights->agrees_with_declaration, 0);
	ck_assert_int_eq(with_names(bnb, nvfp4)->weights->agrees_with_declaration, 0);
	ck_assert_int_eq(with_names(bf16, nvfp4)->weights->agrees_with_declaration, 0);
	ck_assert_int_eq(
		with_names(bf16, "a.weight BF16 4;a.bias BF16 4")->weights->agrees_with_declaration,
		1);
	ck_assert_int_eq(with_names(gptq, "a.up_proj.qweight I32 1;a.up_proj.scales F16 1;"
					  "a.mlp.up_proj.weight F16 1")
				 ->weights->agrees_with_declaration,
		0);
}
END_TEST

/* Names from files may be long, and of any letters. */
START_TEST(long_names_are_cut_between_letters)
{
	for (size_t i = 0; i < 3; i++) {
		struct buffer name;
		buffer_init(&name, &arena, 512);
		buffer_add_repeated(&name, 'x', 180 + i);
		for (int j = 0; j < 40; j++)
			buffer_add_string(&name, "é");
		buffer_add_string(&name, ".up_proj");
		struct text module = buffer_text(&name);
		struct text tensors = arena_printf(&arena,
			"%.*s.weight F8_E4M3 64,128;%.*s.weight_scale_inv F32 1,1",
			TEXT_ARGUMENTS(module), TEXT_ARGUMENTS(module));
		const struct checkpoint *checkpoint = with_tensors(bf16, tensors.data);
		struct text detail = fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE)->detail;
		ck_assert_uint_eq(utf8_first_fault(detail), detail.length);
		ck_assert(text_contains(detail, "é…) is stored as FP8"));
	}
}
END_TEST

/* Nobody knows what a list that was not tried leaves out: perhaps all of a model without packed weights. */
START_TEST(untried_lists_tell_nothing)
{
	struct buffer config, names;
	buffer_init(&config, &arena, 65536);
	buffer_init(&names, &arena, 65536);
	buffer_add_string(&config,
		"{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{");
	for (int i = 0; i < 1000; i++)
		buffer_printf(&config, "%s\"-:.*%d.*\":{}", i > 0 ? "," : "", i);
	buffer_add_string(&config, "}}}");
	buffer_add_byte(&config, '\0');
	for (int i = 0; i < 20000; i++)
		buffer_printf(&names, "%smodel.layers.%d.mlp.experts.%d.up_proj.weight BF16 4,4",
			i > 0 ? ";" : "", i / 200, i % 200);
	buffer_add_byte(&names, '\0');
	const struct checkpoint *checkpoint =
		with_names(buffer_text(&config).data, buffer_text(&names).data);
	ck_assert_uint_gt(checkpoint->exclusions.untried, 0);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_EXCLUSIONS_UNTRIED), 1);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE), 0);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, -1);
}
END_TEST

TCase *case_disagreement(void)
{
	TCase *tcase = make_case("disagreement");
	tcase_add_loop_test(tcase, models_disagree, 0, sizeof(models) / sizeof(models[0]));
	tcase_add_loop_test(tcase, single_modules_disagree, 0,
		sizeof(single_modules) / sizeof(single_modules[0]));
	tcase_add_loop_test(
		tcase, what_is_declared_agrees, 0, sizeof(agreeing) / sizeof(agreeing[0]));
	tcase_add_test(tcase, names_alone_tell_as_much_as_they_can);
	tcase_add_test(tcase, long_names_are_cut_between_letters);
	tcase_add_test(tcase, untried_lists_tell_nothing);
	return tcase;
}
