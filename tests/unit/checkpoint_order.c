/* What goes first: which root of several, which of a model's files. */
#include "checkpoint_tree.h"

#include "checkpoint/weights/weights.h"

#include <unistd.h>

/* transformers takes model.safetensors, whatever an index beside it says. */
START_TEST(the_single_file_goes_before_an_index)
{
	size_t whole = 8 + 0x4a + 8;
	put("m/a/config.json", "{}");
	put("m/a/model.safetensors.index.json",
		"{\"weight_map\":{\"lm_head.weight\":\"model-1.safetensors\","
		"\"other.weight\":\"model-2.safetensors\"}}");
	put_shard("m/a/model-1.safetensors", whole);
	put_shard("m/a/model.safetensors", whole);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	const struct checkpoint *checkpoint = look(roots, "a").checkpoint;
	ck_assert_ptr_nonnull(checkpoint->weights);
	ck_assert_uint_eq(checkpoint->weights->parameters, 4);
	ck_assert_uint_eq(checkpoint->weights->bytes, 8);
	ck_assert_ptr_null(checkpoint->problems);
	ck_assert_int_eq(unlink(below("m/a/model.safetensors")), 0);
	checkpoint = look(roots, "a").checkpoint;
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_SHARDS_MISSING), 1);
	roots_free(roots);
}
END_TEST

START_TEST(folders_without_config)
{
	put("m/org/adapter/adapter_config.json", "{}");
	put("m/org/part/hf_quant_config.json", "{}");
	put("m/org/weights/x", "");
	put_shard("m/org/weights/model-1.safetensors", 8);
	put("n/org/part/config.json", gptq);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	static const struct {
		const char *model;
		enum roots_status status;
		const char *detail;
	} models[] = {
		{ "org/adapter", ROOTS_NOT_FOUND, "there is no config.json in its folder" },
		{ "org/part", ROOTS_UNREADABLE, "there is no config.json in its folder" },
		{ "org/weights", ROOTS_UNREADABLE, "there is no config.json in its folder" },
		{ "org/nothing", ROOTS_NOT_FOUND, "" },
	};
	for (int i = 0; i < 4; i++) {
		struct roots_answer answer = look(roots, models[i].model);
		ck_assert_int_eq(answer.status, models[i].status);
		assert_text(answer.detail, models[i].detail);
	}
	roots_free(roots);
	struct root_path paths[] = {
		{ ROOT_MODELS, below("m") },
		{ ROOT_MODELS, below("n") },
	};
	roots = roots_new(paths, 2, NULL);
	struct roots_answer answer = look(roots, "org/part");
	assert_method(&answer, "gptq");
	assert_text(look(roots, "org/adapter").detail, "there is no config.json in its folder");
	roots_free(roots);
}
END_TEST

/* What HF_HOME names is the folder above the cache. */
START_TEST(caches_below_hub)
{
	put("h/hub/models--org--name/refs/main", COMMIT);
	put("h/hub/models--org--name/snapshots/" COMMIT "/config.json", mxfp4);
	put("h/hub/models--flat/refs/main", COMMIT);
	put("h/hub/models--flat/snapshots/" COMMIT "/config.json", gptq);
	struct roots *roots = open_roots(ROOT_HF_CACHE, "h", _i);
	struct roots_answer answer = look(roots, "org/name");
	assert_method(&answer, "mxfp4");
	assert_text(answer.checkpoint->revision, COMMIT);
	answer = look(roots, "flat");
	assert_method(&answer, "gptq");
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT("absent"));
	ck_assert_int_eq(answer.status, ROOTS_NO_REVISION);
	ck_assert_int_eq(look(roots, "org/other").status, ROOTS_NOT_FOUND);
	put("h/models--org--name/refs/main", COMMIT);
	put("h/models--org--name/snapshots/" COMMIT "/config.json", gptq);
	roots_free(roots);
	roots = open_roots(ROOT_HF_CACHE, "h", _i);
	answer = look(roots, "org/name");
	assert_method(&answer, "gptq");
	roots_free(roots);
}
END_TEST

/* A plain folder cannot tell which revision it is; a cache that has the one asked for goes before it. */
START_TEST(revisions_are_asked_of_caches_first)
{
	put_cache();
	put("m/org/name/config.json", gptq);
	struct root_path paths[] = {
		{ ROOT_MODELS, below("m") },
		{ ROOT_HF_CACHE, below("c") },
	};
	struct roots *roots = roots_new(paths, 2, NULL);
	struct roots_answer answer = look(roots, "org/name");
	assert_method(&answer, "gptq");
	static const char *const revisions[] = { COMMIT, "pr/1", "main" };
	for (int i = 0; i < 3; i++) {
		answer = roots_look_up(roots, &arena, TEXT("org/name"), text_of(revisions[i]));
		assert_method(&answer, "mxfp4");
		assert_text(answer.checkpoint->revision, COMMIT);
		ck_assert_uint_eq(faults(answer.checkpoint, CHECKPOINT_REVISION_UNSEEN), 0);
	}
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT("absent"));
	assert_method(&answer, "gptq");
	ck_assert_uint_eq(faults(answer.checkpoint, CHECKPOINT_REVISION_UNSEEN), 1);
	put("c/models--org--name/refs/absent", COMMIT);
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT("absent"));
	assert_method(&answer, "mxfp4");
	roots_free(roots);
}
END_TEST

START_TEST(several_roots_in_order)
{
	put("m/a/config.json", mxfp4);
	put("n/a/config.json", gptq);
	put("n/b/config.json", gptq);
	struct root_path paths[] = {
		{ ROOT_MODELS, below("missing") },
		{ ROOT_MODELS, below("m") },
		{ ROOT_MODELS, below("n") },
	};
	struct roots *roots = roots_new(paths, 3, NULL);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "mxfp4");
	answer = look(roots, "b");
	assert_method(&answer, "gptq");
	answer = look(roots, "c");
	ck_assert_int_eq(answer.status, ROOTS_CLOSED);
	ck_assert_msg(text_starts_with(answer.detail, below("missing")), "%.*s",
		TEXT_ARGUMENTS(answer.detail));
	ck_assert(text_ends_with(answer.detail, " cannot be opened: No such file or directory"));
	ck_assert_str_eq(roots_unreadable(roots), below("missing"));
	roots_free(roots);
	roots = roots_new(paths + 1, 2, NULL);
	ck_assert_ptr_null(roots_unreadable(roots));
	ck_assert_int_eq(look(roots, "c").status, ROOTS_NOT_FOUND);
	roots_free(roots);
}
END_TEST

TCase *case_order(void)
{
	TCase *tcase = make_case("order");
	tcase_add_checked_fixture(tcase, make_base, remove_base);
	tcase_add_test(tcase, the_single_file_goes_before_an_index);
	tcase_add_test(tcase, folders_without_config);
	tcase_add_loop_test(tcase, caches_below_hub, 0, 2);
	tcase_add_test(tcase, revisions_are_asked_of_caches_first);
	tcase_add_test(tcase, several_roots_in_order);
	return tcase;
}
