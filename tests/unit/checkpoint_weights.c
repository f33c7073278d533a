/* Headers and indices: what the tensors say, and files that lie. */
#include "checkpoint.h"
#include "checkpoint_tensors.h"

#include "checkpoint/weights/weights.h"

#include <stdio.h>
#include <string.h>

static const char bf16[] = "{\"model_type\":\"llama\"}";
static const char bnb[] = "{\"quantization_config\":{\"quant_method\":\"bitsandbytes\","
			  "\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\"}}";
static const char fp8[] = "{\"quantization_config\":{\"quant_method\":\"fp8\"}}";
static const char gptq[] =
	"{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128}}";

static const char plain[] =
	"{\"__metadata__\":{\"format\":\"pt\",\"nested\":[1,{\"a\":null}]},"
	"\"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[100,16],"
	"\"data_offsets\":[0,3200]},"
	"\"model.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"BF16\",\"shape\":[16,16],"
	"\"data_offsets\":[3200,3712]},"
	"\"model.layers.0.self_attn.q_proj.bias\":{\"dtype\":\"F32\",\"shape\":[16],"
	"\"data_offsets\":[3712,3776]},"
	"\"model.norm.weight\":{\"dtype\":\"BF16\",\"shape\":[16],\"data_offsets\":[3776,3808]},"
	"\"model.layers.0.mlp.gate_proj.weight\":{\"shape\":[32,16],\"dtype\":\"BF16\","
	"\"data_offsets\":[3808,4832]}}";

START_TEST(headers_are_summed)
{
	const struct checkpoint *checkpoint = with_header(bf16, plain, 4832);
	const struct weights *weights = checkpoint->weights;
	ck_assert_ptr_nonnull(weights);
	ck_assert(weights->headers);
	ck_assert_uint_eq(weights->bytes, 4832);
	ck_assert_uint_eq(weights->parameters, 1600 + 256 + 16 + 16 + 512);
	ck_assert_uint_eq(weights->tensors, 5);
	ck_assert_uint_eq(weights->modules, 4);
	ck_assert_uint_eq(weights->dtype_count, 2);
	assert_text(weights->dtypes[0].name, "BF16");
	ck_assert_uint_eq(weights->dtypes[0].tensors, 4);
	ck_assert_uint_eq(weights->dtypes[1].bytes, 64);
	ck_assert_int_eq(weights->agrees_with_declaration, 1);
	ck_assert_uint_eq(weights->roles[ROLE_ATTENTION].parameters, 272);
	ck_assert_uint_eq(weights->roles[ROLE_ATTENTION].float_parameters, 272);
	ck_assert_uint_eq(weights->class_count, 2);
	ck_assert_uint_eq(weights->roles[ROLE_EMBEDDINGS].bytes, 3200);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_ATTENTION], OUTCOME_NATIVE);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_EXPERTS], OUTCOME_ABSENT);
	ck_assert_uint_eq(checkpoint->problem_count, 0);
}
END_TEST

static const char nf4[] =
	"{\"model.layers.0.mlp.up_proj.weight\":{\"dtype\":\"U8\",\"shape\":[128,1],"
	"\"data_offsets\":[0,128]},"
	"\"model.layers.0.mlp.up_proj.weight.absmax\":{\"dtype\":\"U8\",\"shape\":[4],"
	"\"data_offsets\":[128,132]},"
	"\"model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4\":{\"dtype\":\"U8\","
	"\"shape\":[10],\"data_offsets\":[132,142]},"
	"\"lm_head.weight\":{\"dtype\":\"BF16\",\"shape\":[4,4],\"data_offsets\":[142,174]}}";

START_TEST(packed_weights_count_singly)
{
	const struct checkpoint *checkpoint = with_header(bnb, nf4, 174);
	ck_assert_uint_eq(checkpoint->weights->parameters, 256 + 16);
	ck_assert_uint_eq(checkpoint->weights->roles[ROLE_MLP].packed_bytes, 142);
	ck_assert_uint_eq(checkpoint->weights->class_count, 0);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 1);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_MLP], OUTCOME_QUANTIZED);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_LM_HEAD], OUTCOME_NATIVE);
}
END_TEST

static const char packed[] =
	"{\"model.layers.0.mlp.up_proj.qweight\":{\"dtype\":\"I32\",\"shape\":[16,128],"
	"\"data_offsets\":[0,8192]},"
	"\"model.layers.0.mlp.up_proj.scales\":{\"dtype\":\"F16\",\"shape\":[1,128],"
	"\"data_offsets\":[8192,8448]},"
	"\"model.layers.1.mlp.up_proj.weight\":{\"dtype\":\"F16\",\"shape\":[1,128],"
	"\"data_offsets\":[8448,8704]}}";

START_TEST(roles_may_be_mixed)
{
	const struct checkpoint *checkpoint = with_header(gptq, packed, 8704);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_MLP], OUTCOME_MIXED);
	ck_assert_uint_eq(checkpoint->weights->parameters, 16384 + 128);
	ck_assert_int_eq(checkpoint->weights->agrees_with_declaration, 0);
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_WEIGHTS_DISAGREE);
	assert_text(problem->detail,
		"gptq with 4 bits is declared, and 1 module (model.layers.1.mlp.up_proj) is stored as "
		"trained, which no list leaves out");
}
END_TEST

static const char index_names[] =
	"{\"metadata\":{\"total_size\":1234,\"x\":{}},\"weight_map\":{"
	"\"model.layers.0.self_attn.q_proj.weight\":\"a.safetensors\","
	"\"model.layers.0.mlp.up_proj.weight\":\"b.safetensors\","
	"\"model.layers.0.mlp.up_proj.weight_scale_inv\":\"b.safetensors\"}}";

START_TEST(an_index_alone_has_names)
{
	const struct checkpoint *checkpoint = with_files(fp8, NULL, 0, index_names);
	ck_assert_ptr_nonnull(checkpoint->weights);
	ck_assert(!checkpoint->weights->headers);
	ck_assert(checkpoint->weights->bytes_known);
	ck_assert_uint_eq(checkpoint->weights->bytes, 1234);
	ck_assert_uint_eq(checkpoint->weights->modules, 2);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_ATTENTION], OUTCOME_NATIVE);
	ck_assert_int_eq(checkpoint->exclusions.outcomes[ROLE_MLP], OUTCOME_QUANTIZED);
	struct weights_plan plan = { 0 };
	ck_assert_ptr_null(weights_estimate(&arena, checkpoint->weights, &plan));
}
END_TEST

START_TEST(an_index_knows_of_missing_shards)
{
	struct shard shard = shard_of("{\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[1],"
				      "\"data_offsets\":[0,2]}}",
		2);
	const struct checkpoint *checkpoint = with_files(fp8, &shard, 1, index_names);
	ck_assert(!checkpoint->weights->headers);
	ck_assert_uint_eq(checkpoint->weights->tensors, 3);
}
END_TEST

static const char index_shards[] =
	"{\"weight_map\":{\"a.weight\":\"1.safetensors\","
	"\"b.weight\":\"2.safetensors\",\"c.weight\":\"2.safetensors\","
	"\"d.weight\":\"../3.safetensors\",\"e.weight\":\"1.safetensors\"}}";

START_TEST(shards_left_out_are_told)
{
	struct shard shard = shard_of("{\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[1],"
				      "\"data_offsets\":[0,2]}}",
		2);
	struct checkpoint_files files = { .config = text_of(bf16),
		.shards = &shard,
		.shard_count = 1,
		.shards_incomplete = true };
	const struct checkpoint *checkpoint = checkpoint_inspect_files(&arena, &files, &limits);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_FILE_BAD), 1);
	ck_assert_ptr_null(checkpoint->weights);
}
END_TEST

START_TEST(missing_shards_are_told)
{
	struct shard shard = shard_of("{\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[1],"
				      "\"data_offsets\":[0,2]}}",
		2);
	shard.name = TEXT("1.safetensors");
	const struct checkpoint *checkpoint = with_files(fp8, &shard, 1, index_shards);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_SHARDS_MISSING);
	ck_assert_ptr_nonnull(problem);
	assert_text(problem->file, "model.safetensors.index.json");
	assert_text(problem->value, "2.safetensors");
	assert_text(problem->detail, "2 of its 3 shards are missing");
	checkpoint = with_files(fp8, NULL, 0, index_shards);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_SHARDS_MISSING), 0);
	problem = fault_at(checkpoint, CHECKPOINT_WEIGHTS_ABSENT);
	ck_assert_ptr_nonnull(problem);
	assert_text(problem->detail, "3 of its 3 shards are missing");
	checkpoint = with_files(fp8, &shard, 1,
		"{\"weight_map\":{\"a.weight\":\"1.safetensors\",\"b.weight\":\"1.safetensors\"}}");
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_SHARDS_MISSING), 0);
	problem = fault_at(checkpoint, CHECKPOINT_FILE_BAD);
	ck_assert_ptr_nonnull(problem);
	ck_assert(text_contains(problem->detail, "more tensors than the shards hold"));
}
END_TEST

/* One more shard than is noted is no fault, and no crash. */
START_TEST(indices_name_many_shards)
{
	char *json = arena_alloc(&arena, 400000);
	size_t length = (size_t)snprintf(json, 400000, "{\"weight_map\":{\"a\":\"s\"");
	for (int i = 0; i < 4100; i++)
		length += (size_t)snprintf(
			json + length, 400000 - length, ",\"b%d\":\"%d.safetensors\"", i, i);
	snprintf(json + length, 400000 - length, "}}");
	const struct checkpoint *checkpoint = with_files(fp8, NULL, 0, json);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_WEIGHTS_ABSENT);
	ck_assert_ptr_nonnull(problem);
	assert_text(problem->detail, "4096 of its first 4096 shards are missing");
}
END_TEST

#define TENSOR(dtype, shape, offsets)                                                              \
	"{\"a.weight\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

/* clang-format off */
static const char *const bad_headers[] = {
	"", "{", "[]", "nonsense", "{\"a\":7}", "{\"a\":{}}",
	"{} {}", "{\"a\":{\"dtype\":7}}", "{\"a", "{\"a\\", "{\"\\ud800\":{}}", "{\"\\q\":{}}", "{\"\n\":{}}",
	TENSOR("BF17", "[1]", "[0,2]"),
	TENSOR("BF16", "[1]", "[0,3]"),
	TENSOR("BF16", "[1]", "[2,0]"),
	TENSOR("BF16", "[1]", "[0,2,3]"),
	TENSOR("BF16", "[1]", "[0]"),
	TENSOR("BF16", "[-1]", "[0,2]"),
	TENSOR("BF16", "[1.5]", "[0,2]"),
	TENSOR("BF16", "[1,]", "[0,2]"),
	TENSOR("BF16", "[4611686018427387904,8]", "[0,2]"),
	TENSOR("BF16", "[9223372036854775808]", "[0,2]"),
	TENSOR("BF16", "[99999999999999999999]", "[0,2]"),
	TENSOR("BF16", "[100000]", "[0,200000]"),
	TENSOR("BF16", "[1]", "[18446744073709551615,18446744073709551615]"),
};
/* clang-format on */

START_TEST(headers_that_lie)
{
	const struct checkpoint *checkpoint = with_header(bf16, bad_headers[_i], 100);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_FILE_BAD);
	ck_assert_msg(problem, "%s", bad_headers[_i]);
	assert_text(problem->file, "model.safetensors");
	ck_assert_uint_gt(problem->detail.length, 0);
	ck_assert_ptr_null(checkpoint->weights);
}
END_TEST

START_TEST(lengths_that_lie)
{
	static const uint64_t lengths[] = { (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7,
		WEIGHTS_HEADER_BYTES_MAXIMUM + 1, 1000 };
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct shard shard = shard_of("{}", (uint64_t)1 << 40);
		char *bytes = (char *)shard.head.data;
		for (int k = 0; k < 8; k++)
			bytes[k] = (char)(lengths[i] >> (8 * k));
		const struct checkpoint *checkpoint = with_files(bf16, &shard, 1, NULL);
		ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_FILE_BAD), 1);
	}
	for (size_t length = 0; length < 12; length++) {
		struct shard shard = shard_of("{\"a\":1}", 0);
		shard.head.length = length;
		const struct checkpoint *checkpoint = with_files(bf16, &shard, 1, NULL);
		ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_FILE_BAD), 1);
	}
}
END_TEST

START_TEST(cut_files_are_seen)
{
	const struct checkpoint *checkpoint = with_header(bf16, plain, 4831);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_FILE_BAD);
	ck_assert_ptr_nonnull(problem);
	ck_assert(text_contains(problem->detail, "ends before"));
}
END_TEST

static const char *const bad_indices[] = { "", "[]", "{\"weight_map\":[]}",
	"{\"weight_map\":{\"a\":1}}", "{\"weight_map\":{\"a\":\"b\"}", "{\"x\":tru\"e\"}", "{}",
	"{\"metadata\":{\"total_size\":8}}" };

START_TEST(indices_that_lie)
{
	const struct checkpoint *checkpoint = with_files(bf16, NULL, 0, bad_indices[_i]);
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_FILE_BAD);
	ck_assert_msg(problem, "%s", bad_indices[_i]);
	assert_text(problem->file, "model.safetensors.index.json");
}
END_TEST

START_TEST(deep_metadata_ends)
{
	struct text json = text_of("{\"__metadata__\":");
	for (int i = 0; i < 200; i++)
		json = arena_printf(&arena, "%.*s[", TEXT_ARGUMENTS(json));
	const struct checkpoint *checkpoint = with_header(bf16, json.data, 0);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_FILE_BAD), 1);
}
END_TEST

START_TEST(names_may_have_escapes)
{
	const struct checkpoint *checkpoint = with_header(bf16,
		"{\"model.\\u006corm\\/x.\\ud83d\\ude00\":{\"dtype\":\"BF16\",\"shape\":[],"
		"\"data_offsets\":[0,2]}}",
		2);
	ck_assert_uint_eq(checkpoint->weights->parameters, 1);
	ck_assert_uint_eq(checkpoint->problem_count, 0);
}
END_TEST

START_TEST(estimates_follow_the_plan)
{
	const struct checkpoint *checkpoint = with_header(bf16, plain, 4832);
	struct weights_plan plan = {
		.linear = { .bits = 4, .columns = 64, .scale_bits = 16 },
		.stays = { [ROLE_MLP] = true },
		.float_bits = 32,
	};
	const struct weights_estimate *estimate =
		weights_estimate(&arena, checkpoint->weights, &plan);
	ck_assert_ptr_nonnull(estimate);
	/* 256 weights of 4 bits, 4 scales of 2 bytes, a bias of 64 bytes */
	ck_assert_uint_eq(estimate->by_role[ROLE_ATTENTION], 128 + 8 + 64);
	ck_assert_uint_eq(estimate->by_role[ROLE_MLP], 2 * 1024);
	ck_assert_uint_eq(estimate->by_role[ROLE_EMBEDDINGS], 2 * 3200);
	ck_assert_uint_eq(estimate->bytes, 200 + 2 * (1024 + 3200 + 32));
	ck_assert(text_contains(text_of(estimate->formula), "weights only"));
	plan = (struct weights_plan){ 0 };
	ck_assert_uint_eq(weights_estimate(&arena, checkpoint->weights, &plan)->bytes, 4832);
}
END_TEST

TCase *case_weights(void)
{
	TCase *tcase = make_case("weights");
	tcase_add_test(tcase, headers_are_summed);
	tcase_add_test(tcase, packed_weights_count_singly);
	tcase_add_test(tcase, roles_may_be_mixed);
	tcase_add_test(tcase, an_index_alone_has_names);
	tcase_add_test(tcase, an_index_knows_of_missing_shards);
	tcase_add_test(tcase, missing_shards_are_told);
	tcase_add_test(tcase, shards_left_out_are_told);
	tcase_add_test(tcase, indices_name_many_shards);
	tcase_add_loop_test(
		tcase, headers_that_lie, 0, sizeof(bad_headers) / sizeof(bad_headers[0]));
	tcase_add_test(tcase, lengths_that_lie);
	tcase_add_test(tcase, cut_files_are_seen);
	tcase_add_loop_test(
		tcase, indices_that_lie, 0, sizeof(bad_indices) / sizeof(bad_indices[0]));
	tcase_add_test(tcase, deep_metadata_ends);
	tcase_add_test(tcase, names_may_have_escapes);
	tcase_add_test(tcase, estimates_follow_the_plan);
	return tcase;
}
