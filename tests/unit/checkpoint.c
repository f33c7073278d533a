/* The checkpoint floor: what a model folder says about its own quantization. */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

struct arena arena;
const struct document_limits limits = { .depth = 64, .nodes = 400000 };

static void setup(void)
{
	arena_init(&arena, (size_t)256 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

TCase *make_case(const char *name)
{
	TCase *tcase = tcase_create(name);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	return tcase;
}

struct checkpoint *inspect(const char *json)
{
	struct checkpoint *checkpoint = checkpoint_inspect(&arena, text_of(json), NULL, &limits);
	ck_assert_ptr_nonnull(checkpoint);
	return checkpoint;
}

struct checkpoint *inspect_block(const char *block)
{
	struct text json = arena_printf(&arena, "{\"quantization_config\": %s}", block);
	return inspect(json.data);
}

size_t faults(const struct checkpoint *checkpoint, enum checkpoint_fault fault)
{
	size_t count = 0;
	const struct checkpoint_problem *problem = checkpoint->problems;
	for (; problem; problem = problem->next)
		count += problem->fault == fault;
	return count;
}

const struct checkpoint_problem *fault_at(
	const struct checkpoint *checkpoint, enum checkpoint_fault fault)
{
	const struct checkpoint_problem *problem = checkpoint->problems;
	while (problem && problem->fault != fault)
		problem = problem->next;
	return problem;
}

int main(void)
{
	Suite *suite = suite_create("checkpoint");
	suite_add_tcase(suite, case_methods());
	suite_add_tcase(suite, case_values());
	suite_add_tcase(suite, case_places());
	suite_add_tcase(suite, case_exclusions());
	suite_add_tcase(suite, case_work());
	suite_add_tcase(suite, case_weights());
	suite_add_tcase(suite, case_layouts());
	suite_add_tcase(suite, case_disagreement());
	suite_add_tcase(suite, case_roots());
	suite_add_tcase(suite, case_order());
	suite_add_tcase(suite, case_keep());
	suite_add_tcase(suite, case_corpus());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
