/* Folders: layouts, names, links, what is no file, and what stands beside config.json. */
#include "checkpoint_tree.h"

#include "checkpoint/weights/weights.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(plain_roots)
{
	put("m/org/name/config.json", mxfp4);
	put("m/flat/config.json", gptq);
	put("m/file", "");
	struct roots *roots = open_roots(ROOT_MODELS, "m", _i);
	struct roots_answer answer = look(roots, "org/name");
	assert_method(&answer, "mxfp4");
	assert_text(answer.checkpoint->model, "org/name");
	assert_text(answer.checkpoint->revision, "");
	ck_assert_int_eq(answer.checkpoint->source, CHECKPOINT_FROM_MODEL_ROOT);
	answer = look(roots, "flat");
	assert_method(&answer, "gptq");
	ck_assert_int_eq(look(roots, "org").status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(look(roots, "org/other").status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(look(roots, "file").status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(look(roots, "file/x").status, ROOTS_NOT_FOUND);
	roots_free(roots);
}
END_TEST

START_TEST(hub_caches)
{
	put_cache();
	struct roots *roots = open_roots(ROOT_HF_CACHE, "c", _i);
	struct roots_answer answer = look(roots, "org/name");
	assert_method(&answer, "mxfp4");
	assert_text(answer.checkpoint->revision, COMMIT);
	ck_assert_int_eq(answer.checkpoint->source, CHECKPOINT_FROM_HF_CACHE);
	static const char *const revisions[] = { "main", "pr/1", COMMIT };
	for (int i = 0; i < 3; i++) {
		answer = roots_look_up(roots, &arena, TEXT("org/name"), text_of(revisions[i]));
		assert_method(&answer, "mxfp4");
	}
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT("absent"));
	ck_assert_int_eq(answer.status, ROOTS_NO_REVISION);
	assert_text(answer.detail, "it has no revision absent");
	ck_assert_int_eq(look(roots, "org/other").status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(look(roots, "a/b/c").status, ROOTS_NOT_FOUND);
	roots_free(roots);
}
END_TEST

START_TEST(broken_caches)
{
	put_cache();
	put("c/models--bad--ref/refs/main", "../../../etc");
	put("c/models--no--snapshot/refs/main", COMMIT);
	put("c/models--gone--blob/refs/main", COMMIT);
	put_link("c/models--gone--blob/snapshots/" COMMIT "/config.json", "../../blobs/zz");
	put("c/models--out--side/refs/main", COMMIT);
	put("secret.json", gptq);
	put_link("c/models--out--side/snapshots/" COMMIT "/config.json", "../../../../secret.json");
	put_link("c/models--ref--out/refs/main", "../../../secret.json");
	struct roots *roots = open_roots(ROOT_HF_CACHE, "c", _i);
	ck_assert_int_eq(look(roots, "bad/ref").status, ROOTS_UNREADABLE);
	struct roots_answer answer = look(roots, "no/snapshot");
	ck_assert_int_eq(answer.status, ROOTS_NO_REVISION);
	ck_assert(text_contains(answer.detail, "which was not downloaded"));
	answer = look(roots, "gone/blob");
	ck_assert_int_eq(answer.status, ROOTS_UNREADABLE);
	ck_assert(text_contains(answer.detail, "link to nothing"));
	answer = look(roots, "out/side");
	ck_assert_int_eq(answer.status, ROOTS_UNREADABLE);
	ck_assert(text_contains(answer.detail, "leads out"));
	ck_assert_int_eq(look(roots, "ref/out").status, ROOTS_UNREADABLE);
	roots_free(roots);
}
END_TEST

static const char *const refused[] = { "", "/etc", "..", ".", "../../etc/passwd", "a/../b", "a//b",
	"/", "//", "a/./b", "a/..", "..//", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17" };

START_TEST(names_that_lead_out)
{
	put("m/org/name/config.json", mxfp4);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	struct roots_answer answer = look(roots, refused[_i]);
	ck_assert_msg(answer.status == ROOTS_REFUSED, "%s", refused[_i]);
	ck_assert_uint_gt(answer.detail.length, 0);
	answer = roots_look_up(roots, &arena, TEXT("org/name"), text_of(refused[_i]));
	if (refused[_i][0])
		ck_assert_int_eq(answer.status, ROOTS_REFUSED);
	roots_free(roots);
}
END_TEST

/* As clusters write base_model. */
START_TEST(paths_below_roots)
{
	put("m/org/name/config.json", mxfp4);
	put("mm/org/name/config.json", gptq);
	put_link("m/out", "../mm");
	put_link("link", "m");
	struct roots *roots = open_roots(ROOT_MODELS, _i ? "link" : "m", _i);
	static const char *const there[] = { "m/org/name", "m/org/name/", "m/org/name//" };
	struct roots_answer answer;
	for (int i = 0; i < 3; i++) {
		answer = look(roots, below(there[i]));
		assert_method(&answer, "mxfp4");
		ck_assert_int_eq(answer.checkpoint->source, CHECKPOINT_FROM_MODEL_ROOT);
		assert_text(answer.checkpoint->model, below("m/org/name"));
	}
	if (_i)
		ck_assert_int_eq(look(roots, below("link/org/name")).status, ROOTS_FOUND);
	ck_assert_int_eq(look(roots, "org/name/").status, ROOTS_FOUND);
	ck_assert_int_eq(look(roots, below("m/org/other")).status, ROOTS_NOT_FOUND);
	ck_assert_int_ne(look(roots, below("m/out/org/name")).status, ROOTS_FOUND);
	static const char *const beyond[] = { "mm/org/name", "m", "m/", "m/../mm/org/name",
		"m/org/../../mm/org/name", "m//org/name", "mm/../m/org/name", "" };
	for (int i = 0; i < 8; i++) {
		answer = look(roots, below(beyond[i]));
		ck_assert_msg(answer.status == ROOTS_REFUSED, "%s", beyond[i]);
		ck_assert_uint_gt(answer.detail.length, 0);
	}
	roots_free(roots);
}
END_TEST

START_TEST(paths_below_caches)
{
	put_cache();
	struct roots *roots = open_roots(ROOT_HF_CACHE, "c", _i);
	struct roots_answer answer =
		look(roots, below("c/models--org--name/snapshots/" COMMIT "/"));
	assert_method(&answer, "mxfp4");
	assert_text(answer.checkpoint->revision, COMMIT);
	ck_assert_int_eq(answer.checkpoint->source, CHECKPOINT_FROM_HF_CACHE);
	ck_assert_int_eq(look(roots, below("c/models--org--name")).status, ROOTS_NOT_FOUND);
	roots_free(roots);
}
END_TEST

START_TEST(names_that_are_too_long)
{
	struct roots *roots = open_roots(ROOT_MODELS, "", false);
	char name[1100];
	memset(name, 'a', sizeof(name));
	struct text step = { name, 256 }, fits = { name, 255 };
	ck_assert_int_eq(roots_look_up(roots, &arena, step, text_of("")).status, ROOTS_REFUSED);
	ck_assert_int_eq(roots_look_up(roots, &arena, fits, text_of("")).status, ROOTS_NOT_FOUND);
	for (size_t i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	struct text whole = { name, 1024 }, longer = { name, 1025 };
	ck_assert_int_eq(roots_look_up(roots, &arena, whole, text_of("")).status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(roots_look_up(roots, &arena, longer, text_of("")).status, ROOTS_REFUSED);
	ck_assert_int_eq(
		roots_look_up(roots, &arena, TEXT("a\0b"), text_of("")).status, ROOTS_REFUSED);
	roots_free(roots);
}
END_TEST

START_TEST(links_stay_inside)
{
	put("m/real/config.json", mxfp4);
	put("outside/config.json", gptq);
	put_link("m/inside", "real");
	put_link("m/out", "../outside");
	put_link("m/absolute", below("outside"));
	put("m/file/other.json", gptq);
	put_link("m/file/config.json", "../../outside/config.json");
	put_link("m/near/config.json", "../real/config.json");
	struct roots *roots = open_roots(ROOT_MODELS, "m", _i);
	struct roots_answer near = look(roots, "near");
	assert_method(&near, "mxfp4");
	ck_assert_int_eq(look(roots, "out").status, ROOTS_UNREADABLE);
	ck_assert_int_eq(look(roots, "absolute").status, ROOTS_UNREADABLE);
	ck_assert_int_eq(look(roots, "file").status, ROOTS_UNREADABLE);
	roots_free(roots);
}
END_TEST

START_TEST(only_files_are_read)
{
	put("m/folder/config.json/x", "");
	put("m/fifo/x", "");
	ck_assert_int_eq(mkfifo(below("m/fifo/config.json"), 0644), 0);
	put("m/empty/config.json", "");
	put("m/large/config.json", "");
	ck_assert_int_eq(truncate(below("m/large/config.json"), (off_t)17 << 20), 0);
	struct roots *roots = open_roots(ROOT_MODELS, "m", _i);
	struct roots_answer answer = look(roots, "fifo");
	ck_assert_int_eq(answer.status, ROOTS_UNREADABLE);
	ck_assert(text_contains(answer.detail, "regular"));
	ck_assert_int_eq(look(roots, "folder").status, ROOTS_UNREADABLE);
	answer = look(roots, "large");
	ck_assert_int_eq(answer.status, ROOTS_UNREADABLE);
	ck_assert(text_contains(answer.detail, "large"));
	answer = look(roots, "empty");
	ck_assert_int_eq(answer.status, ROOTS_FOUND);
	ck_assert_uint_eq(faults(answer.checkpoint, CHECKPOINT_UNREADABLE), 1);
	roots_free(roots);
}
END_TEST

START_TEST(files_without_permission)
{
	if (geteuid() == 0) /* who may read everything */
		return;
	put("m/a/config.json", mxfp4);
	ck_assert_int_eq(chmod(below("m/a/config.json"), 0), 0);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	struct roots_answer answer = look(roots, "a");
	ck_assert_int_eq(answer.status, ROOTS_UNREADABLE);
	ck_assert(text_contains(answer.detail, "permission"));
	roots_free(roots);
}
END_TEST

START_TEST(side_files_are_asked)
{
	put("m/a/config.json", "{\"model_type\":\"llama\",\"model_type\":\"llama\"}");
	put("m/a/quantize_config.json", "{\"bits\":4,\"group_size\":64,\"desc_act\":true}");
	put("m/b/config.json", mxfp4);
	put("m/b/hf_quant_config.json", "{\"quantization\":{\"quant_algo\":\"FP8\"}}");
	put("m/c/config.json", "{\"model_type\":\"llama\"}");
	put("m/c/hf_quant_config.json", "not json");
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	const struct checkpoint *checkpoint = look(roots, "a").checkpoint;
	ck_assert_str_eq(checkpoint->found_in, "quantize_config.json");
	assert_text(checkpoint->scheme.group_size, "64");
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_UNSEEN_BY_TRANSFORMERS);
	assert_text(problem->file, "quantize_config.json");
	ck_assert(!problem->placed);
	problem = fault_at(checkpoint, CHECKPOINT_DUPLICATE_KEY);
	assert_text(problem->file, "");
	ck_assert(problem->placed);
	checkpoint = look(roots, "b").checkpoint;
	assert_text(checkpoint->quant_method, "mxfp4");
	checkpoint = look(roots, "c").checkpoint;
	ck_assert(!checkpoint->quantized);
	problem = fault_at(checkpoint, CHECKPOINT_FILE_BAD);
	assert_text(problem->file, "hf_quant_config.json");
	roots_free(roots);
}
END_TEST

START_TEST(headers_beside_config)
{
	size_t whole = 8 + 0x4a + 8;
	put("m/a/config.json", "{}");
	put_shard("m/a/model.safetensors", whole);
	put("m/b/config.json", "{}");
	put_shard("m/b/model.safetensors", whole - 1);
	put("m/c/config.json", "{}");
	put_link("m/c/model-1.safetensors", "/dev/null");
	put_shard("m/c/model-2.safetensors", whole);
	put_shard("m/a/consolidated.safetensors", whole);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	const struct checkpoint *checkpoint = look(roots, "a").checkpoint;
	ck_assert_ptr_nonnull(checkpoint->weights);
	ck_assert_uint_eq(checkpoint->weights->parameters, 4);
	ck_assert_uint_eq(checkpoint->weights->bytes, 8);
	checkpoint = look(roots, "b").checkpoint;
	ck_assert_ptr_null(checkpoint->weights);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_FILE_BAD), 1);
	checkpoint = look(roots, "c").checkpoint;
	ck_assert_ptr_null(checkpoint->weights);
	assert_text(fault_at(checkpoint, CHECKPOINT_FILE_BAD)->file, "model-1.safetensors");
	roots_free(roots);
}
END_TEST

static struct roots_answer look_with(struct roots *roots, struct arena *own, rlim_t descriptors)
{
	struct rlimit all, few;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){ descriptors, all.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	struct roots_answer answer = roots_look_up(roots, own, TEXT("org/name"), TEXT(""));
	const char *unreadable = roots_unreadable(roots);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	ck_assert_ptr_null(unreadable);
	return answer;
}

/* Wherever on its way it lacks one: that says nothing of the model. */
START_TEST(descriptors_that_run_out)
{
	put_cache();
	put("m/org/name/config.json", mxfp4);
	enum root_kind kind = _i % 2 ? ROOT_HF_CACHE : ROOT_MODELS;
	struct roots *roots = open_roots(kind, kind == ROOT_HF_CACHE ? "c" : "m", _i / 2);
	int lowest = dup(0);
	rlim_t most = (rlim_t)lowest;
	close(lowest);
	for (enum roots_status status = ROOTS_NO_MEMORY; status != ROOTS_FOUND; most++) {
		struct arena own;
		arena_init(&own, (size_t)1 << 20);
		status = look_with(roots, &own, most).status;
		ck_assert_int_eq(arena_failed(&own), status == ROOTS_NO_MEMORY);
		ck_assert(status == ROOTS_NO_MEMORY || status == ROOTS_FOUND);
		arena_release(&own);
	}
	ck_assert_int_gt((int)most, lowest + 1);
	roots_free(roots);
}
END_TEST

START_TEST(a_folder_by_itself)
{
	put_cache();
	struct roots_answer answer =
		roots_inspect_folder(&arena, below("c/models--org--name/snapshots/" COMMIT), NULL);
	assert_method(&answer, "mxfp4");
	ck_assert_int_eq(
		roots_inspect_folder(&arena, below("nowhere"), NULL).status, ROOTS_NOT_FOUND);
}
END_TEST

TCase *case_roots(void)
{
	TCase *tcase = make_case("roots");
	tcase_add_checked_fixture(tcase, make_base, remove_base);
	tcase_add_loop_test(tcase, plain_roots, 0, 2);
	tcase_add_loop_test(tcase, hub_caches, 0, 2);
	tcase_add_loop_test(tcase, broken_caches, 0, 2);
	tcase_add_loop_test(tcase, names_that_lead_out, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(tcase, paths_below_roots, 0, 2);
	tcase_add_loop_test(tcase, paths_below_caches, 0, 2);
	tcase_add_test(tcase, names_that_are_too_long);
	tcase_add_loop_test(tcase, links_stay_inside, 0, 2);
	tcase_add_loop_test(tcase, only_files_are_read, 0, 2);
	tcase_add_test(tcase, files_without_permission);
	tcase_add_test(tcase, side_files_are_asked);
	tcase_add_test(tcase, headers_beside_config);
	tcase_add_loop_test(tcase, descriptors_that_run_out, 0, 4);
	tcase_add_test(tcase, a_folder_by_itself);
	return tcase;
}
