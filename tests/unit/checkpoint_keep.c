/* What is kept of models that were inspected, and files that change. */
#include "checkpoint_tree.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

START_TEST(repeated_models_are_kept)
{
	put("m/a/config.json", mxfp4);
	struct roots *roots = open_roots(ROOT_MODELS, "m", false);
	for (int i = 0; i < 3; i++) {
		struct roots_answer answer = look(roots, "a");
		assert_method(&answer, "mxfp4");
		ck_assert_ptr_nonnull(node_get(answer.checkpoint->block, "quant_method"));
	}
	struct roots_counters counters = roots_counters(roots);
	ck_assert_uint_eq(counters.misses, 1);
	ck_assert_uint_eq(counters.hits, 2);
	ck_assert_uint_eq(counters.entries, 1);
	/* Another file under the same name is another state. */
	put("m/new.json", gptq);
	ck_assert_int_eq(rename(below("m/new.json"), below("m/a/config.json")), 0);
	struct roots_answer answer = look(roots, "a");
	assert_method(&answer, "gptq");
	ck_assert_uint_eq(roots_counters(roots).entries, 1);
	/* So is a file more beside it, and a file less. */
	put("m/a/quant_config.json", "{}");
	look(roots, "a");
	ck_assert_uint_eq(roots_counters(roots).misses, 3);
	ck_assert_int_eq(unlink(below("m/a/config.json")), 0);
	ck_assert_int_eq(look(roots, "a").status, ROOTS_NOT_FOUND);
	roots_free(roots);
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
	tcase_add_test(tcase, keeping_is_bounded);
	tcase_add_test(tcase, files_change_while_read);
	return tcase;
}
