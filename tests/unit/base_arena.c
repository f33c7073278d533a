/* Where an arena's memory comes from, and whose limit it met. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

/* Beyond its first blocks it takes large ones, which hold many pieces: they are not to be made longer as if they held one. */
START_TEST(arena_takes_larger_blocks_later)
{
	struct arena large;
	char *pieces[1000];
	arena_init(&large, (size_t)16 << 20);
	for (int i = 0; i < 1000; i++) {
		pieces[i] = arena_alloc(&large, 4096);
		ck_assert_ptr_nonnull(pieces[i]);
		snprintf(pieces[i], 4096, "%d", i);
		ck_assert_ptr_null(arena_extend(&large, pieces[i], (size_t)2 << 20));
	}
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq((int)strtol(pieces[i], NULL, 10), i);
		ck_assert_ptr_null(arena_extend(&large, pieces[i], (size_t)2 << 20));
	}
	ck_assert_uint_le(large.taken, (size_t)6 << 20);
	arena_reset(&large);
	ck_assert_uint_le(large.taken, (size_t)65 << 10);
	arena_release(&large);
}
END_TEST

START_TEST(arena_tells_whose_limit_it_was)
{
	static struct arena_pool pool = { .limit = 1000 };
	struct arena own, shared;
	arena_init(&own, 1000);
	ck_assert_ptr_null(arena_alloc(&own, 2000));
	ck_assert(arena_failed(&own) && arena_over_limit(&own));
	arena_init(&shared, (size_t)1 << 20);
	shared.pool = &pool;
	ck_assert_ptr_null(arena_alloc(&shared, 500000));
	ck_assert(arena_failed(&shared) && !arena_over_limit(&shared));
	arena_release(&own);
	arena_release(&shared);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *cases = tcase_create("arena");
	tcase_add_test(cases, arena_takes_larger_blocks_later);
	tcase_add_test(cases, arena_tells_whose_limit_it_was);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
