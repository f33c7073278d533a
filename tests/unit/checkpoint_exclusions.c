/* Exclusion lists: roles, grammars at their anchors, order, bombs and bounds. */
#include "checkpoint.h"

#include "base/buffer.h"
#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/pattern.h"

#include <stdio.h>

struct role_case {
	const char *name;
	enum role role;
};

static const struct role_case roles[] = {
	{ "lm_head", ROLE_LM_HEAD },
	{ "language_model.lm_head", ROLE_LM_HEAD },
	{ "head", ROLE_LM_HEAD },
	{ "model.embed_tokens", ROLE_EMBEDDINGS },
	{ "transformer.wte", ROLE_EMBEDDINGS },
	{ "model.layers.3.self_attn.q_proj", ROLE_ATTENTION },
	{ "model.layers.3.linear_attn.in_proj_a", ROLE_ATTENTION },
	{ "re:.*self_attn.*", ROLE_ATTENTION },
	{ "re:.*(q|k|v|o)_proj$", ROLE_OTHER },
	{ "re:.*(q_proj|k_proj)$", ROLE_ATTENTION },
	{ "model.layers.0.self_attn.q_norm", ROLE_NORM },
	{ "model.layers.0.input_layernorm", ROLE_NORM },
	{ "model.layers.0.mlp.gate", ROLE_ROUTER },
	{ "re:.*\\.mlp\\.gate$", ROLE_ROUTER },
	{ "model.layers.*.mlp.router", ROLE_ROUTER },
	{ "gate", ROLE_ROUTER },
	{ "model.layers.0.block_sparse_moe.gate", ROLE_ROUTER },
	{ "model.layers.0.mlp.gate_proj", ROLE_MLP },
	{ "re:.*mlp\\.(gate|up|gate_up|down)_proj.*", ROLE_MLP },
	{ "model.layers.3.mlp.experts.7.down_proj", ROLE_EXPERTS },
	{ "layers.0.ffn.experts", ROLE_EXPERTS },
	{ "*.ffn.shared_experts.*", ROLE_SHARED_EXPERTS },
	{ "model.layers.1.mlp.shared_expert_gate", ROLE_SHARED_EXPERTS },
	{ "vision_tower.encoder.blocks.0.attn.qkv", ROLE_VISION },
	{ "re:.*visual\\.", ROLE_VISION },
	{ "model.visual.merger.mlp.0", ROLE_PROJECTOR },
	{ "mm_projector.linear_1", ROLE_PROJECTOR },
	{ "modality_projection", ROLE_PROJECTOR },
	{ "multi_modal_projector", ROLE_PROJECTOR },
	{ "re:^mtp\\.layers\\.\\d+\\.self_attn\\.", ROLE_MTP },
	{ "mtp*", ROLE_MTP },
	{ "model.layers.61*", ROLE_OTHER },
	{ "", ROLE_OTHER },
};

START_TEST(names_have_roles)
{
	struct role_finder finder;
	role_finder_init(&finder);
	enum role role = role_of(&finder, text_of(roles[_i].name));
	ck_assert_msg(role == roles[_i].role, "%s is %s", roles[_i].name, role_name(role));
}
END_TEST

/* What was met before changes nothing: names of one kind but for numbers, and names that only look like it. */
START_TEST(roles_are_remembered)
{
	static const char *const names[] = { "model.layers.0.mlp.fc1", "model.layers.7.mlp.fc2",
		"h.1.fc1", "h.2.fc1", "h.2.fc3", "h.3.fc2", "h.3.fc9", "h.1.dense_h_to_4h",
		"h.1.dense_h_to_5h", "h.1.dense_4h_to_h", "a\\.1fc1", "a\\.2fc1", "a\\1fc1",
		"a\\1fc3", "\\1fc1", "\\12c1", "1.moe", "2.moe", "1moe", "", "1", "fc1", "fc7",
		"fc2", "7fc" };
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	struct role_finder old;
	role_finder_init(&old);
	for (int i = 0; i < NAMES * NAMES * 2; i++) {
		struct role_finder fresh;
		role_finder_init(&fresh);
		const char *name = names[i % 2 ? i / 2 / NAMES : i / 2 % NAMES];
		ck_assert_msg(
			role_of(&old, text_of(name)) == role_of(&fresh, text_of(name)), "%s", name);
	}
}
END_TEST

struct match_case {
	const char *block; /* with one list */
	const char *module;
	bool excluded;
};

#define FP8(list) "{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[" list "]}"
#define COMPRESSED(list) "{\"quant_method\":\"compressed-tensors\",\"ignore\":[" list "]}"
#define QUARK(list) "{\"quant_method\":\"quark\",\"exclude\":[" list "]}"
#define MODELOPT(list) "{\"quant_method\":\"modelopt\",\"ignore\":[" list "]}"
#define DYNAMIC(rules) "{\"quant_method\":\"gptq\",\"bits\":4,\"dynamic\":{" rules "}}"
#define ROUNDED(rules) "{\"quant_method\":\"auto-round\",\"bits\":4,\"extra_config\":{" rules "}}"
#define HQQ(list) "{\"quant_method\":\"hqq\",\"quant_config\":{},\"skip_modules\":[" list "]}"
#define AO(rules)                                                                                  \
	"{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"FqnToConfig\","    \
	"\"_data\":{\"fqn_to_config\":{" rules "}}}}}"
#define INT8 "{\"_type\":\"Int8WeightOnlyConfig\",\"_data\":{}}"

/* clang-format off */
static const struct match_case matches[] = {
	/* transformers: a regex from the start, or a suffix */
	{ FP8("\"model.layers.1\""), "model.layers.1.mlp", true },
	{ FP8("\"model.layers.1\""), "model.layers.12.mlp", true },
	{ FP8("\"model.layers.1\""), "model.layers.2.mlp", false },
	{ FP8("\"model.layers.1\""), "language.model.layers.1.mlp", false },
	{ FP8("\"self.attn\""), "self_attn.q", true },
	{ FP8("\"up_proj\""), "mlp.gate_up_proj", true },
	{ FP8("\"gate\""), "mlp.gate_proj", false },
	{ FP8("\"gate\""), "gate_proj", true },
	{ FP8("\"visual\""), "model.visual.blocks.0", false },
	{ FP8("\"visual\""), "visual.blocks.0", true },
	{ FP8("\"lm_head.weight\""), "lm_head", false },
	{ FP8("\"model.layers.*.self_attn\""), "model.layers.17.self_attn.q_proj", true },
	{ FP8("\"model\\\\.layers\\\\.\\\\d+\\\\.mlp\""), "model.layers.40.mlp.gate", true },
	{ FP8("\"(a|b)$\""), "b", true },
	{ FP8("\"(a|b)$\""), "bc", false },
	{ FP8("\"re:lm_head\""), "lm_head", false },
	/* compressed-tensors: exact, or re: from the start with an open end */
	{ COMPRESSED("\"lm_head\""), "lm_head", true },
	{ COMPRESSED("\"lm_head\""), "lm_head.x", false },
	{ COMPRESSED("\"head\""), "lm_head", false },
	{ COMPRESSED("\"re:.*self_attn\""), "model.layers.0.self_attn.q_proj", true },
	{ COMPRESSED("\"re:self_attn\""), "model.layers.0.self_attn.q_proj", false },
	{ COMPRESSED("\"re:.*gate$\""), "mlp.gate_proj", false },
	{ COMPRESSED("\"re:.*gate$\""), "mlp.gate", true },
	{ COMPRESSED("\"re:model.layers.61.*\""), "model.layers.61.mlp", true },
	{ COMPRESSED("\"re:model.layers.61.*\""), "model.layers.6.mlp", false },
	/* quark: a star without re: is only a star */
	{ QUARK("\"*.attn\""), "model.attn", false },
	{ QUARK("\"re:.*[02]\\\\.mlp\""), "layers.0.mlp", true },
	{ QUARK("\"re:.*[02]\\\\.mlp\""), "layers.1.mlp", false },
	/* ModelOpt: globs over the whole name, or a part of it */
	{ MODELOPT("\"model.layers.0*\""), "model.layers.0.mlp", true },
	{ MODELOPT("\"model.layers.0*\""), "x.model.layers.0.mlp", false },
	{ MODELOPT("\"*.attn.*\""), "layers.3.attn.wq", true },
	{ MODELOPT("\"layers.0.mlp\""), "language_model.layers.0.mlp.gate", true },
	{ MODELOPT("\"lay?rs.[0-2].*\""), "layers.2.x", true },
	{ MODELOPT("\"lay?rs.[!0-2].*\""), "layers.2.x", false },
	/* gptq: in order, the first decides */
	{ DYNAMIC("\"-:.*attn.*\":{}"), "model.attn.q", true },
	{ DYNAMIC("\"-:attn.*\":{}"), "model.attn.q", false },
	{ DYNAMIC("\"+:.*attn.q\":{\"bits\":8},\"-:.*attn.*\":{}"), "model.attn.q", false },
	{ DYNAMIC("\"+:.*attn.q\":{\"bits\":8},\"-:.*attn.*\":{}"), "model.attn.k", true },
	{ DYNAMIC("\"-:.*attn.*\":{},\"+:.*attn.q\":{\"bits\":8}"), "model.attn.q", true },
	{ DYNAMIC("\"lm_head\":{}"), "lm_head", false },
	{ DYNAMIC("\"-:.*visual.*\":true"), "model.visual.x", true },
	/* auto-round: 16 bits and more */
	{ ROUNDED("\"lm_head\":{\"bits\":16}"), "lm_head", true },
	{ ROUNDED("\"lm_head\":{\"bits\":8}"), "lm_head", false },
	{ ROUNDED("\"down_proj\":{\"bits\":16}"), "model.mlp.down_proj", true },
	{ ROUNDED("\".*attn.*\":{\"bits\":32}"), "model.attn.q", true },
	{ ROUNDED("\".*attn.*\":{\"bits\":16},\"model.attn.q\":{\"bits\":4}"), "model.attn.q", false },
	{ "{\"quant_method\":\"auto-round\",\"bits\":4,\"block_name_to_quantize\":\"model.layers, mtp\"}", "model.layers.0", false },
	{ "{\"quant_method\":\"auto-round\",\"bits\":4,\"block_name_to_quantize\":\"model.layers, mtp\"}", "model.layersX", true },
	{ "{\"quant_method\":\"auto-round\",\"bits\":4,\"block_name_to_quantize\":[\"model.layers\"]}", "lm_head", true },
	/* hqq: tags without layer numbers */
	{ HQQ("\"self_attn.q_proj\""), "model.layers.3.self_attn.q_proj", true },
	{ HQQ("\"self_attn.q_proj\""), "model.layers.3.self_attn.q_proj_b", false },
	{ HQQ("\"lm_head\""), "lm_head", true },
	{ HQQ("\"q_proj\""), "model.layers.3.self_attn.q_proj", false },
	/* torchao: exact before regex of the whole name before the default; null excludes */
	{ AO("\"a.b\":null"), "a.b", true },
	{ AO("\"a.b\":" INT8), "a.b", false },
	{ AO("\"re:a\\\\..*\":null"), "a.b", true },
	{ AO("\"re:a\\\\.\":null"), "a.b", false },
	{ AO("\"re:a.*\":null,\"a.b\":" INT8), "a.b", false },
	{ AO("\"_default\":null,\"a\":" INT8), "b", true },
	{ AO("\"_default\":null,\"a\":" INT8), "a", false },
	/* MLX: the block's own false */
	{ "{\"bits\":4,\"group_size\":64,\"lm_head\":false,\"x\":{\"bits\":8}}", "lm_head", true },
	{ "{\"bits\":4,\"group_size\":64,\"lm_head\":false,\"x\":{\"bits\":8}}", "x", false },
	/* inclusive lists and flags */
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"lm_head\":false}", "lm_head", true },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"modules_in_block_to_quantize\":[[\"self_attn.q_proj\"],[\"mlp.up_proj\"]]}", "model.layers.0.mlp.up_proj", false },
	{ "{\"quant_method\":\"gptq\",\"bits\":4,\"modules_in_block_to_quantize\":[[\"self_attn.q_proj\"]]}", "model.layers.0.mlp.up_proj", true },
	{ "{\"quant_method\":\"modelopt\",\"quantized_layers\":{\"layers.0.ffn.experts\":{\"quant_algo\":\"NVFP4\"}}}", "layers.0.ffn.experts.5.w1", false },
	{ "{\"quant_method\":\"modelopt\",\"quantized_layers\":{\"layers.0.ffn.experts\":{\"quant_algo\":\"NVFP4\"}}}", "layers.1.ffn.experts.5.w1", true },
	{ "{\"quant_method\":\"aqlm\",\"linear_weights_not_to_quantize\":[\"lm_head.weight\"]}", "lm_head", false },
};
/* clang-format on */

START_TEST(entries_meet_modules)
{
	const struct match_case *wanted = &matches[_i];
	struct checkpoint *checkpoint = inspect_block(wanted->block);
	struct text module = text_of(wanted->module);
	const unsigned char *verdicts =
		exclusions_match(&arena, &checkpoint->exclusions, &module, 1);
	ck_assert_ptr_nonnull(verdicts);
	ck_assert_msg((verdicts[0] == VERDICT_EXCLUDED) == wanted->excluded, "%s on %s",
		wanted->block, wanted->module);
	ck_assert(checkpoint->exclusions.modules_known);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_EXCLUSION_INVALID), 0);
}
END_TEST

START_TEST(modules_and_misses_are_counted)
{
	struct checkpoint *checkpoint =
		inspect_block(FP8("\"lm_head\",\"model.layers.1.mlp\",\"absent\",\"norm\""));
	struct text modules[40];
	for (int i = 0; i < 40; i++)
		modules[i] =
			arena_printf(&arena, "model.layers.%d.%s", i % 20, i < 20 ? "mlp" : "norm");
	struct exclusions *exclusions = &checkpoint->exclusions;
	ck_assert_ptr_nonnull(exclusions_match(&arena, exclusions, modules, 40));
	ck_assert_uint_eq(exclusions->count, 4);
	ck_assert_str_eq(exclusions->grammar, "transformers");
	ck_assert_uint_eq(exclusions->unmatched, 2);
	ck_assert_uint_eq(exclusions->list[0].modules, 0);
	ck_assert_uint_eq(exclusions->list[1].modules, 1);
	ck_assert_uint_eq(exclusions->list[3].modules, 20);
}
END_TEST

/* Classes of names must give what each name by itself gives. */
START_TEST(classes_change_nothing)
{
	static const char *const entries[] = { "model.layers.1", "layers", "re:.*1$", "mlp.1",
		"model.layers.[0-3].mlp", "model.layers...mlp", "1", "model.*7.mlp.1?0?" };
	struct text modules[300];
	for (int i = 0; i < 300; i++)
		modules[i] = arena_printf(&arena, "model.layers.%d.mlp.%d", i % 13, i);
	struct pattern_pool *pool = pattern_pool_new(&arena);
	size_t left = SIZE_MAX;
	for (size_t e = 0; e < sizeof(entries) / sizeof(entries[0]); e++) {
		struct text block = arena_printf(&arena, FP8("\"%s\""), entries[e]);
		struct checkpoint *checkpoint = inspect_block(block.data);
		struct exclusions *exclusions = &checkpoint->exclusions;
		const unsigned char *verdicts = exclusions_match(&arena, exclusions, modules, 300);
		for (int i = 0; i < 300; i++)
			ck_assert_int_eq(verdicts[i] == VERDICT_EXCLUDED,
				exclusion_matches(pool, &exclusions->list[0], modules[i], &left));
	}
	pattern_pool_end(pool);
}
END_TEST

/* transformers stops at the first of them; other readers pass over them. */
START_TEST(bad_entries_are_told)
{
	const struct checkpoint *checkpoint =
		inspect_block(FP8("\"lm_head\",7,null,\"*.attn.*\",\"(\",{},\"ok\""));
	const struct checkpoint_problem *problem = fault_at(checkpoint, CHECKPOINT_BLOCK_REFUSED);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_BLOCK_REFUSED), 5);
	assert_text(problem->path, "/quantization_config/modules_to_not_convert/1");
	ck_assert_ptr_null(checkpoint->config_class);
	ck_assert_str_eq(checkpoint->loading, "refused by transformers");
	ck_assert_uint_eq(checkpoint->exclusions.count, 4);
	ck_assert(checkpoint->exclusions.list[1].broken);
	checkpoint = inspect_block(MODELOPT("\"*.attn.*\",7"));
	problem = fault_at(checkpoint, CHECKPOINT_EXCLUSION_INVALID);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_EXCLUSION_INVALID), 1);
	assert_text(problem->value, "7");
	checkpoint = inspect_block("{\"quant_method\":\"gptq\",\"bits\":4,"
				   "\"modules_to_not_convert\":[\"(\"]}");
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_EXCLUSION_INVALID), 1);
	ck_assert_str_eq(checkpoint->config_class, "GPTQConfig");
	checkpoint = inspect_block(
		"{\"quant_method\":\"compressed-tensors\",\"ignore\":[\"*x\",\"re:*x\"]}");
	problem = fault_at(checkpoint, CHECKPOINT_BLOCK_REFUSED);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_BLOCK_REFUSED), 1);
	assert_text(problem->value, "\"re:*x\"");
}
END_TEST

static void add_entry(struct buffer *out, const char *before, int number, const char *after)
{
	bool first = text_ends_with(buffer_text(out), "[");
	buffer_printf(out, "%s\"%s%d%s\"", first ? "" : ",", before, number, after);
}

/* A mixture of experts whose attention, head and eyes stay as they are: 305 entries. */
static struct text kimi_shape(void)
{
	static const char *const attention[] = { "q_a_proj", "q_b_proj", "kv_b_proj", "o_proj" };
	struct buffer out;
	buffer_init(&out, &arena, 65536);
	buffer_add_string(&out, "{\"model_type\":\"kimi_k25\",\"quantization_config\":{"
				"\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{"
				"\"dtype\":\"fp4\",\"qscheme\":\"per_group\",\"group_size\":32,"
				"\"scale_format\":\"e8m0\",\"symmetric\":null},"
				"\"input_tensors\":{\"dtype\":\"fp4\",\"is_dynamic\":true}},"
				"\"layer_quant_config\":{},\"exclude\":[");
	for (int layer = 0; layer < 61; layer++)
		for (size_t i = 0; i < 4; i++)
			add_entry(&out, "language_model.model.layers.", layer,
				arena_printf(&arena, ".self_attn.%s", attention[i]).data);
	for (int block = 0; block < 29; block++) {
		add_entry(&out, "vision_tower.encoder.blocks.", block, ".wqkv");
		add_entry(&out, "vision_tower.encoder.blocks.", block, ".mlp.fc0");
	}
	add_entry(&out, "mm_projector.linear_", 1, "");
	add_entry(&out, "mm_projector.linear_", 2, "");
	buffer_add_string(&out, ",\"language_model.lm_head\"]},\"text_config\":{"
				"\"n_routed_experts\":384,\"num_experts_per_tok\":8}}");
	return buffer_text(&out);
}

START_TEST(quark_leaves_attention_alone)
{
	struct checkpoint *checkpoint = checkpoint_inspect(&arena, kimi_shape(), NULL, &limits);
	struct exclusions *exclusions = &checkpoint->exclusions;
	ck_assert_str_eq(checkpoint->scheme.family, "mxfp4");
	assert_text(checkpoint->scheme.activations, "fp4");
	ck_assert_uint_eq(checkpoint->experts, 384);
	ck_assert_int_eq(checkpoint->trainable_with_adapter, 0);
	ck_assert_str_eq(exclusions->grammar, "exact|re:");
	ck_assert_uint_eq(exclusions->count, 305);
	ck_assert_uint_eq(exclusions->roles[ROLE_ATTENTION], 244);
	ck_assert_uint_eq(exclusions->roles[ROLE_LM_HEAD], 1);
	ck_assert_uint_eq(exclusions->roles[ROLE_VISION], 58);
	ck_assert_uint_eq(exclusions->roles[ROLE_PROJECTOR], 2);
	struct text modules[] = {
		TEXT("language_model.model.layers.60.self_attn.o_proj"),
		TEXT("language_model.model.layers.60.mlp.experts.383.down_proj"),
	};
	const unsigned char *verdicts = exclusions_match(&arena, exclusions, modules, 2);
	ck_assert_int_eq(verdicts[0], VERDICT_EXCLUDED);
	ck_assert_int_eq(verdicts[1], VERDICT_SILENT);
	ck_assert_uint_eq(checkpoint->problem_count, 0);
}
END_TEST

START_TEST(long_lists_are_read_whole)
{
	struct buffer out;
	buffer_init(&out, &arena, 1 << 21);
	buffer_add_string(&out, "{\"quantization_config\":{\"quant_method\":\"modelopt\","
				"\"quantized_layers\":{");
	for (int i = 0; i < 22422; i++)
		buffer_printf(&out,
			"%s\"model.layers.%d.mlp.experts.%d.w1\":{\"quant_algo\":\"NVFP4\"}",
			i ? "," : "", i / 384, i % 384);
	buffer_add_string(&out, "}}}");
	struct checkpoint *checkpoint =
		checkpoint_inspect(&arena, buffer_text(&out), NULL, &limits);
	ck_assert_uint_eq(checkpoint->exclusions.only_count, 22422);
	ck_assert_str_eq(checkpoint->scheme.family, "nvfp4");
	struct text modules[500];
	for (int i = 0; i < 500; i++)
		modules[i] = arena_printf(&arena, "model.layers.%d.mlp.experts.%d.w1", i % 70, i);
	const unsigned char *verdicts =
		exclusions_match(&arena, &checkpoint->exclusions, modules, 500);
	ck_assert_int_eq(verdicts[0], VERDICT_QUANTIZED);
	ck_assert_int_eq(verdicts[499], VERDICT_EXCLUDED);
}
END_TEST

TCase *case_exclusions(void)
{
	TCase *tcase = make_case("exclusions");
	tcase_add_test(tcase, roles_are_remembered);
	tcase_add_loop_test(tcase, names_have_roles, 0, sizeof(roles) / sizeof(roles[0]));
	tcase_add_loop_test(tcase, entries_meet_modules, 0, sizeof(matches) / sizeof(matches[0]));
	tcase_add_test(tcase, modules_and_misses_are_counted);
	tcase_add_test(tcase, classes_change_nothing);
	tcase_add_test(tcase, bad_entries_are_told);
	tcase_add_test(tcase, quark_leaves_attention_alone);
	tcase_add_test(tcase, long_lists_are_read_whole);
	return tcase;
}
