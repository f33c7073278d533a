/* How a batch is cut into its items, and what begins as an envelope. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "service/requests/envelope.h"
#include "service/requests/pieces.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define ITEMS_MAXIMUM 4
#define MARK "\xef\xbb\xbf"

static const struct {
	enum pieces_form form;
	const char *body;
	const char *items[ITEMS_MAXIMUM + 1];
	bool torn;
} batches[] = {
	{ PIECES_YAML, "", { NULL }, false },
	{ PIECES_YAML, "# nothing\n%YAML 1.1\n\n", { NULL }, false },
	{ PIECES_YAML, "a: 1", { "a: 1" }, false },
	{ PIECES_YAML, "a: 1\n---\nb: 2\n", { "a: 1\n", "---\nb: 2\n" }, false },
	{ PIECES_YAML, "# c\n---\na: 1\n--- # d\nb: 2", { "# c\n---\na: 1\n", "--- # d\nb: 2" },
		false },
	{ PIECES_YAML, "%YAML 1.1\n---\na: 1\n", { "%YAML 1.1\n---\na: 1\n" }, false },
	{ PIECES_YAML, "---\n---\n", { "---\n", "---\n" }, false },
	{ PIECES_YAML, "---\ta\n---", { "---\ta\n", "---" }, false },
	{ PIECES_YAML, "---x\n ---\n----\n", { "---x\n ---\n----\n" }, false },
	{ PIECES_YAML, "a: |\n  x\n---\nb\n", { "a: |\n  x\n", "---\nb\n" }, false },
	{ PIECES_YAML, "a: \"x\n---\ny\"\n", { "a: \"x\n", "---\ny\"\n" }, false },
	{ PIECES_YAML, "a: 1\n...\n%YAML 1.1\n---\nb: 2\n",
		{ "a: 1\n...\n", "%YAML 1.1\n---\nb: 2\n" }, false },
	{ PIECES_YAML, "a: 1\n...\nb: 2\n...\n# end\n...\n", { "a: 1\n...\n", "b: 2\n...\n" },
		false },
	{ PIECES_YAML, "...\n# c\n...\n---\na: 1\n", { "---\na: 1\n" }, false },
	{ PIECES_YAML, "a: 1\r\n---\r\nb: 2\r\n", { "a: 1\r\n", "---\r\nb: 2\r\n" }, false },
	{ PIECES_YAML, "a: 1\r---\rb: 2\r", { "a: 1\r", "---\rb: 2\r" }, false },
	{ PIECES_YAML, MARK "---\na: 1\n" MARK "---\n" MARK "# c\nb: 2\n",
		{ "---\na: 1\n", MARK "# c\nb: 2\n" }, false },
	{ PIECES_YAML, "# c\n---\t\r\n" MARK "a: 1\nb: 2\n---\n\n" MARK "c: 3\n",
		{ MARK "a: 1\nb: 2\n", "---\n\n" MARK "c: 3\n" }, false },
	{ PIECES_YAML, "---\n" MARK "---\na: 1\n", { "---\n", MARK "---\na: 1\n" }, false },
	{ PIECES_YAML, "--- a\n" MARK "b\n", { "--- a\n" MARK "b\n" }, false },
	{ PIECES_YAML, "---\n# c\n---\na: 1\n---", { "---\n# c\n", "---\na: 1\n", "---" }, false },
	{ PIECES_YAML, MARK "# c\n---\na: 1\n", { "# c\n---\na: 1\n" }, false },
	{ PIECES_LINES, "", { NULL }, false },
	{ PIECES_LINES, MARK "{}\r\n\n \n{\n", { "{}", "{" }, false },
	{ PIECES_ARRAY, " [ ] ", { NULL }, false },
	{ PIECES_ARRAY, MARK "[1]", { "1" }, false },
	{ PIECES_ARRAY, "[{\"a\": \"],}[{\\\"\"} , [1, 2]\n]\n",
		{ "{\"a\": \"],}[{\\\"\"}", "[1, 2]" }, false },
	{ PIECES_ARRAY, "[1,]", { "1", "" }, false },
	{ PIECES_ARRAY, "[1", { "1" }, true },
	{ PIECES_ARRAY, "[\"1\\", { "\"1\\" }, true },
	{ PIECES_ARRAY, "[1] 2", { "1" }, true },
	{ PIECES_ARRAY, "[] 2", { NULL }, true },
	{ PIECES_ARRAY, "[{]}", { "{]}" }, true },
	{ PIECES_ARRAY, "{\"a\": 1}\n{\n", { "{\"a\": 1}", "{" }, false },
};

START_TEST(cuts)
{
	/* A copy of just that length, so that a sanitizer sees a read past its end. */
	size_t length = strlen(batches[_i].body);
	char *copy = malloc(length > 0 ? length : 1);
	memcpy(copy, batches[_i].body, length);
	struct pieces pieces;
	struct text item;
	ck_assert(pieces_begin(&pieces, batches[_i].form, (struct text){ copy, length }));
	for (size_t i = 0; batches[_i].items[i]; i++) {
		ck_assert(pieces_next(&pieces, &item));
		ck_assert_msg(text_is(item, batches[_i].items[i]), "%s: %zu: %.*s",
			batches[_i].body, i, TEXT_ARGUMENTS(item));
	}
	ck_assert_msg(!pieces_next(&pieces, &item), "%s: one more: %.*s", batches[_i].body,
		TEXT_ARGUMENTS(item));
	ck_assert(pieces.torn == batches[_i].torn);
	free(copy);
}
END_TEST

static const char *const hopeless[] = { "", " \n", "{\n \"config\": \"a\"\n}\n", "\"a", "{[}" };

START_TEST(refuses_what_is_neither_array_nor_lines)
{
	struct pieces pieces;
	ck_assert(!pieces_begin(&pieces, PIECES_ARRAY, text_of(hopeless[_i])));
}
END_TEST

static const struct {
	const char *body;
	bool begins;
} bodies[] = {
	{ "{\"config\": 1}", true },
	{ MARK " {\n\t\"options\"\r\n:", true },
	{ "{\"checkpoint\":", true },
	{ "{\"config\"", false },
	{ "{\"config\" 1", false },
	{ "{\"configs\": 1}", false },
	{ "{\"confi\": 1}", false },
	{ "{config: 1}", false },
	{ "{'config': 1}", false },
	{ "{\"adapter\": 1, \"config\": 1}", false },
	{ "\"config\": 1", false },
	{ "config: 1", false },
	{ "{", false },
	{ "{\"", false },
	{ "", false },
};

START_TEST(tells_envelopes)
{
	size_t length = strlen(bodies[_i].body);
	char *copy = malloc(length > 0 ? length : 1);
	memcpy(copy, bodies[_i].body, length);
	ck_assert_msg(envelope_begins((struct text){ copy, length }) == bodies[_i].begins, "%s",
		bodies[_i].body);
	free(copy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pieces");
	TCase *cases = tcase_create("pieces");
	tcase_add_loop_test(cases, cuts, 0, COUNT(batches));
	tcase_add_loop_test(cases, refuses_what_is_neither_array_nor_lines, 0, COUNT(hopeless));
	tcase_add_loop_test(cases, tells_envelopes, 0, COUNT(bodies));
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
