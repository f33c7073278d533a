/* Whose turn it is among those who wait. */
#include <check.h>
#include <stdlib.h>

#include "service/requests/backlog.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ROOM 100

static struct backlog backlog;

static void setup(void)
{
	backlog = (struct backlog){ .first = NULL };
}

static bool any(const void *context, const struct job *job)
{
	(void)context;
	(void)job;
	return true;
}

static bool not_of_model(const void *model, const struct job *job)
{
	return job->model != *(const uint32_t *)model;
}

static struct job *take(void)
{
	return backlog_take(&backlog, any, NULL);
}

START_TEST(each_line_has_its_turn)
{
	struct job jobs[] = { { .line = 1 }, { .line = 1 }, { .line = 1 }, { .line = 2 },
		{ .line = 3 }, { .line = 2 } };
	static const size_t order[] = { 0, 3, 4, 1, 5, 2 };
	for (size_t i = 0; i < COUNT(jobs); i++)
		ck_assert_ptr_null(backlog_add(&backlog, &jobs[i], ROOM));
	for (size_t i = 0; i < COUNT(order); i++)
		ck_assert_ptr_eq(take(), &jobs[order[i]]);
	ck_assert_ptr_null(take());
	ck_assert_uint_eq(backlog.count, 0);
}
END_TEST

/* Neither does who was idle for long come before all others, nor does who was busy wait for it later. */
START_TEST(the_past_does_not_count)
{
	struct job jobs[20] = { { .line = 0 } };
	for (size_t i = 0; i < 15; i++) {
		jobs[i].line = 1;
		backlog_add(&backlog, &jobs[i], ROOM);
		ck_assert_ptr_eq(take(), &jobs[i]);
	}
	for (size_t i = 15; i < 20; i++) {
		jobs[i].line = 2 - (unsigned)i % 2;
		backlog_add(&backlog, &jobs[i], ROOM);
	}
	for (size_t i = 15; i < 20; i++)
		ck_assert_ptr_eq(take(), &jobs[i]);
}
END_TEST

START_TEST(the_last_one_has_no_place)
{
	struct job jobs[] = { { .line = 1 }, { .line = 1 }, { .line = 1 }, { .line = 1 },
		{ .line = 2 } };
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_null(backlog_add(&backlog, &jobs[i], 3));
	ck_assert_ptr_eq(backlog_add(&backlog, &jobs[3], 3), &jobs[3]);
	ck_assert_ptr_eq(backlog_add(&backlog, &jobs[4], 3), &jobs[2]);
	ck_assert_uint_eq(backlog.count, 3);
	ck_assert_ptr_eq(take(), &jobs[0]);
	ck_assert_ptr_eq(take(), &jobs[4]);
	ck_assert_ptr_eq(take(), &jobs[1]);
}
END_TEST

START_TEST(what_cannot_begin_is_passed_over)
{
	static const uint32_t busy = 7;
	struct job jobs[] = { { .line = 1, .model = 7 }, { .line = 2 }, { .line = 1, .model = 8 } };
	for (size_t i = 0; i < COUNT(jobs); i++)
		backlog_add(&backlog, &jobs[i], ROOM);
	ck_assert_ptr_eq(backlog_take(&backlog, not_of_model, &busy), &jobs[1]);
	ck_assert_ptr_eq(backlog_take(&backlog, not_of_model, &busy), &jobs[2]);
	ck_assert_ptr_null(backlog_take(&backlog, not_of_model, &busy));
	ck_assert_ptr_eq(take(), &jobs[0]);
}
END_TEST

START_TEST(what_is_withdrawn_is_gone)
{
	struct job jobs[] = { { .line = 1 }, { .line = 1 }, { .line = 1 } };
	for (size_t i = 0; i < COUNT(jobs); i++)
		backlog_add(&backlog, &jobs[i], ROOM);
	ck_assert(backlog_remove(&backlog, &jobs[1]));
	ck_assert(!backlog_remove(&backlog, &jobs[1]));
	ck_assert_uint_eq(backlog.count, 2);
	ck_assert_ptr_eq(take(), &jobs[0]);
	ck_assert_ptr_eq(take(), &jobs[2]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backlog");
	TCase *cases = tcase_create("backlog");
	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, each_line_has_its_turn);
	tcase_add_test(cases, the_past_does_not_count);
	tcase_add_test(cases, the_last_one_has_no_place);
	tcase_add_test(cases, what_cannot_begin_is_passed_over);
	tcase_add_test(cases, what_is_withdrawn_is_gone);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
