/* What is kept of models that were inspected, and files that change. */
#include "checkpoint_tree.h"

#include "checkpoint/folders/memo.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER_COMMIT "76543210fedcba9876543210fedcba9876543210"

/* Another stamp than all before, also where the system's own clock has not moved on. */
static void stamp(const char *path)
{
	static long second = 1000000000;
	const struct timespec times[] = { { .tv_sec = second }, { .tv_sec = second } };
	second++;
	ck_assert_int_eq(utimensat(AT_FDCWD, below(path), times, 0), 0);
}

static void replace(const char *path, const char *contents)
{
	put("new", contents);
	ck_assert_int_eq(rename(below("new"), below(path)), 0);
}

/* In place, so that the folder stays as it was; of the same length. */
static void overwrite(const char *path, const char *contents)
{
	put(path, contents);
	stamp(path);
}

/* Whether the answer was made anew. */
static bool looks_again(struct roots *roots, const char *model)
{
	uint64_t misses = roots_counters(roots).misses;
	look(roots, model);
	return roots_counters(roots).misses > misses;
}

START_TEST(repeated_models_are_kept)
{
	put("m/a/config.json", mxfp4);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	const struct checkpoint *first = look(roots, "a").checkpoint;
	for (int i = 0; i < 2; i++) {
		struct roots_answer answer = look(roots, "a");
		assert_method(&answer, "mxfp4");
		assert_text(answer.checkpoint->model, "a");
		ck_assert_ptr_nonnull(node_get(answer.checkpoint->block, "quant_method"));
		ck_assert_ptr_eq(answer.checkpoint, first);
	}
	struct roots_counters counters = roots_counters(roots);
	ck_assert_uint_eq(counters.misses, 1);
	ck_assert_uint_eq(counters.hits, 2);
	ck_assert_uint_eq(counters.entries, 1);
	replace("m/a/config.json", gptq);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "gptq");
	ck_assert_uint_eq(roots_counters(roots).entries, 1);
	roots_free(roots);
}
END_TEST

START_TEST(changes_in_a_folder_are_seen)
{
	static const char shard[] = "m/a/model.safetensors";
	put("m/a/config.json", "{\"torch_dtype\":\"float16\"}");
	put_link("m/a/quant_config.json", "../later.json");
	put(shard, "12345678");
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	look(roots, "a"); /* a link to nothing: not kept */
	ck_assert(looks_again(roots, "a"));
	put("m/later.json", "{}");
	ck_assert(looks_again(roots, "a"));
	ck_assert(!looks_again(roots, "a"));
	overwrite("m/a/config.json", "{\"torch_dtype\":\"float32\"}");
	assert_text(look(roots, "a").checkpoint->torch_dtype, "float32");
	overwrite("m/later.json", "[]");
	ck_assert(looks_again(roots, "a"));
	overwrite(shard, "87654321");
	ck_assert(looks_again(roots, "a"));
	put("m/a/model.safetensors.index.json", "{}");
	stamp("m/a");
	ck_assert(looks_again(roots, "a"));
	ck_assert(!looks_again(roots, "a"));
	ck_assert_int_eq(unlink(below(shard)), 0);
	stamp("m/a");
	ck_assert(looks_again(roots, "a"));
	ck_assert_int_eq(unlink(below("m/a/config.json")), 0);
	ck_assert_int_eq(look(roots, "a").status, ROOTS_UNREADABLE);
	roots_free(roots);
}
END_TEST

START_TEST(other_folders_are_seen)
{
	put("m/a/config.json", mxfp4);
	put("b/config.json", gptq);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	look(roots, "a");
	ck_assert(!looks_again(roots, "a"));
	ck_assert_int_eq(rename(below("m/a"), below("m/old")), 0);
	ck_assert_int_eq(look(roots, "a").status, ROOTS_NOT_FOUND);
	ck_assert_int_eq(rename(below("b"), below("m/a")), 0);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "gptq");
	/* The same with the root itself. */
	put("n/a/config.json", mxfp4);
	ck_assert_int_eq(rename(below("m"), below("gone")), 0);
	ck_assert_int_eq(rename(below("n"), below("m")), 0);
	answer = look(roots, "a");
	assert_method(&answer, "mxfp4");
	/* What leads out is refused, whatever is kept. */
	put("outside/config.json", gptq);
	ck_assert_int_eq(rename(below("m/a"), below("m/b")), 0);
	ck_assert_int_eq(symlink("../outside", below("m/a")), 0);
	ck_assert_int_eq(look(roots, "a").status, ROOTS_UNREADABLE);
	roots_free(roots);
}
END_TEST

START_TEST(changes_in_a_cache_are_seen)
{
	put("c/models--org--name/blobs/aaaa", mxfp4);
	put("c/models--org--name/blobs/bbbb", gptq);
	put("c/models--org--name/refs/main", COMMIT);
	put_link("c/models--org--name/snapshots/" COMMIT "/config.json", "../../blobs/aaaa");
	put_link("c/models--org--name/snapshots/" OTHER_COMMIT "/config.json", "../../blobs/bbbb");
	struct roots *roots = open_roots(ROOT_HF_CACHE, "c", false);
	look(roots, "org/name");
	ck_assert(!looks_again(roots, "org/name"));
	overwrite("c/models--org--name/refs/main", OTHER_COMMIT);
	struct roots_answer answer = look(roots, "org/name");
	assert_method(&answer, "gptq");
	assert_text(answer.checkpoint->revision, OTHER_COMMIT);
	replace("c/models--org--name/blobs/bbbb", mxfp4);
	answer = look(roots, "org/name");
	assert_method(&answer, "mxfp4");
	/* A commit is no reference until there is one of that name. */
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT(COMMIT));
	assert_text(answer.checkpoint->revision, COMMIT);
	put("c/models--org--name/refs/" COMMIT, OTHER_COMMIT);
	answer = roots_look_up(roots, &arena, TEXT("org/name"), TEXT(COMMIT));
	assert_text(answer.checkpoint->revision, OTHER_COMMIT);
	roots_free(roots);
}
END_TEST

#define MODEL "c/models--org--name/"
#define SNAPSHOT MODEL "snapshots/" COMMIT "/"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

/* A shard that is a blob named by the hash of its contents need not be looked at: another one is another link. */
START_TEST(hashed_shards_are_told_by_their_links)
{
	put("c/models--org--name/refs/main", COMMIT);
	put(SNAPSHOT "config.json", mxfp4);
	put(MODEL "blobs/" HASH "0", "12345678");
	put(MODEL "blobs/" HASH "1", "12345678");
	put(MODEL "blobs/other", "12345678");
	put_link(SNAPSHOT "model-1.safetensors", "../../blobs/" HASH "0");
	put_link(SNAPSHOT "model-2.safetensors", "../../blobs/other");
	struct roots *roots = open_roots(ROOT_HF_CACHE, "c", false);
	look(roots, "org/name");
	ck_assert(!looks_again(roots, "org/name"));
	stamp(MODEL "blobs/" HASH "0");
	ck_assert(!looks_again(roots, "org/name"));
	stamp(MODEL "blobs/other");
	ck_assert(looks_again(roots, "org/name"));
	ck_assert_int_eq(unlink(below(SNAPSHOT "model-1.safetensors")), 0);
	put_link(SNAPSHOT "model-1.safetensors", "../../blobs/" HASH "1");
	stamp(SNAPSHOT);
	ck_assert(looks_again(roots, "org/name"));
	roots_free(roots);
}
END_TEST

START_TEST(earlier_roots_are_watched)
{
	put("m/other/config.json", gptq);
	put("n/a/config.json", gptq);
	struct root_path paths[] = {
		{ ROOT_MODELS, below("missing") },
		{ ROOT_HF_CACHE, below("m") },
		{ ROOT_MODELS, below("m") },
		{ ROOT_MODELS, below("n") },
	};
	struct roots *roots = roots_new(paths, 4, NULL);
	look(roots, "a");
	ck_assert(!looks_again(roots, "a"));
	put("m/a/config.json", mxfp4);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "mxfp4");
	put("missing/a/config.json", gptq);
	answer = look(roots, "a");
	assert_method(&answer, "gptq");
	roots_free(roots);
}
END_TEST

static int64_t time_now;

static int64_t told_time(void)
{
	return time_now;
}

/* Its next change could leave the same stamp. */
START_TEST(what_changed_just_now_is_not_kept)
{
	struct roots_limits mine = roots_limits_default;
	struct root_path root = { ROOT_MODELS, below("m") };
	struct stat status;
	put("m/a/config.json", mxfp4);
	ck_assert_int_eq(stat(below("m/a/config.json"), &status), 0);
	int64_t second = 1000000000;
	int64_t changed = status.st_ctim.tv_sec * second + status.st_ctim.tv_nsec;
	int64_t step = status.st_ctim.tv_nsec == 0 ? second : second / 100;
	mine.now = told_time;
	struct roots *roots = roots_new(&root, 1, &mine);
	for (int64_t age = -1; age <= 1; age++) {
		time_now = changed + age * step;
		ck_assert(looks_again(roots, "a"));
		ck_assert(looks_again(roots, "a"));
	}
	time_now = changed + 4 * step;
	ck_assert(looks_again(roots, "a"));
	ck_assert(!looks_again(roots, "a"));
	roots_free(roots);
}
END_TEST

/* Whoever holds an answer may go on reading it, whatever becomes of the cache. */
START_TEST(answers_outlive_the_cache)
{
	struct arena holder;
	arena_init(&holder, (size_t)1 << 20);
	put("m/a/config.json", mxfp4);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	struct roots_answer held = roots_look_up(roots, &holder, TEXT("a"), text_of(""));
	replace("m/a/config.json", gptq);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "gptq");
	assert_method(&held, "mxfp4");
	roots_free(roots);
	assert_method(&held, "mxfp4");
	assert_method(&answer, "gptq");
	arena_release(&holder);
}
END_TEST

START_TEST(keeping_is_bounded)
{
	struct roots_limits mine = roots_limits_default;
	struct root_path root = { ROOT_MODELS, below("m") };
	mine.cache_entries = 3;
	struct roots *roots = roots_new(&root, 1, &mine);
	for (int i = 0; i < 5; i++) {
		struct text path = arena_printf(&arena, "m/%d/config.json", i);
		put(path.data, mxfp4);
		look(roots, arena_printf(&arena, "%d", i).data);
		look(roots, "0");
	}
	ck_assert_uint_eq(roots_counters(roots).entries, 3);
	uint64_t misses = roots_counters(roots).misses;
	look(roots, "0"); /* was used all the time */
	look(roots, "4");
	ck_assert_uint_eq(roots_counters(roots).misses, misses);
	look(roots, "1"); /* had to go */
	ck_assert_uint_eq(roots_counters(roots).misses, misses + 1);
	roots_free(roots);
	mine.cache_bytes = 1000;
	roots = roots_new(&root, 1, &mine);
	struct roots_answer answer = look(roots, "0");
	assert_method(&answer, "mxfp4");
	ck_assert_uint_eq(roots_counters(roots).entries, 0);
	roots_free(roots);
}
END_TEST

static struct roots_answer recall(struct roots *roots, struct roots_memo *memo, const char *model)
{
	return roots_recall(roots, memo, text_of(model), text_of(""));
}

/* Within one request of many configs a model is looked at once, kept or not, there or not. */
START_TEST(answers_are_remembered)
{
	struct roots_memo memo;
	roots_memo_init(&memo, (size_t)1 << 20, NULL);
	put("m/a/config.json", mxfp4);
	put_link("m/a/quant_config.json", "nowhere"); /* so that it is not kept */
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	struct roots_answer first = recall(roots, &memo, "a");
	assert_method(&first, "mxfp4");
	ck_assert_int_eq(recall(roots, &memo, "b").status, ROOTS_NOT_FOUND);
	replace("m/a/config.json", gptq);
	put("m/b/config.json", gptq);
	ck_assert_ptr_eq(recall(roots, &memo, "a").checkpoint, first.checkpoint);
	ck_assert_int_eq(recall(roots, &memo, "b").status, ROOTS_NOT_FOUND);
	ck_assert_uint_eq(roots_counters(roots).misses, 2);
	ck_assert_int_eq(recall(roots, &memo, "..").status, ROOTS_REFUSED);
	for (int i = 0; i < ROOTS_MEMO_ENTRIES; i++)
		recall(roots, &memo, arena_printf(&arena, "none-%d", i).data);
	struct roots_answer again = recall(roots, &memo, "a");
	assert_method(&again, "gptq");
	roots_memo_end(&memo);
	roots_free(roots);
}
END_TEST

/* One thread replaces and cuts the file, the others read: always a whole state. */
static struct roots *shared;

static void *read_on(void *unused)
{
	(void)unused;
	for (int i = 0; i < 300; i++) {
		struct arena mine;
		arena_init(&mine, (size_t)16 << 20);
		struct roots_answer answer = roots_look_up(shared, &mine, TEXT("a"), text_of(""));
		if (answer.status == ROOTS_FOUND && answer.checkpoint->quantized)
			ck_assert(text_is(answer.checkpoint->quant_method, "gptq") ||
				  text_is(answer.checkpoint->quant_method, "mxfp4"));
		arena_release(&mine);
	}
	return NULL;
}

START_TEST(files_change_while_read)
{
	pthread_t readers[3];
	put("m/a/config.json", mxfp4);
	shared = open_roots(ROOT_MODELS, "m", false);
	for (int i = 0; i < 3; i++)
		pthread_create(&readers[i], NULL, read_on, NULL);
	for (int i = 0; i < 200; i++) {
		put("m/new.json", i % 2 ? gptq : mxfp4);
		rename(below("m/new.json"), below("m/a/config.json"));
		if (i % 5 == 0)
			ck_assert_int_eq(truncate(below("m/a/config.json"), i % 30), 0);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(readers[i], NULL);
	roots_free(shared);
}
END_TEST

TCase *case_keep(void)
{
	TCase *tcase = make_case("keep");
	tcase_add_checked_fixture(tcase, make_base, remove_base);
	tcase_add_test(tcase, repeated_models_are_kept);
	tcase_add_test(tcase, changes_in_a_folder_are_seen);
	tcase_add_test(tcase, other_folders_are_seen);
	tcase_add_test(tcase, changes_in_a_cache_are_seen);
	tcase_add_test(tcase, hashed_shards_are_told_by_their_links);
	tcase_add_test(tcase, earlier_roots_are_watched);
	tcase_add_test(tcase, what_changed_just_now_is_not_kept);
	tcase_add_test(tcase, answers_outlive_the_cache);
	tcase_add_test(tcase, answers_are_remembered);
	tcase_add_test(tcase, keeping_is_bounded);
	tcase_add_test(tcase, files_change_while_read);
	return tcase;
}
