/* Templates of messages, pointers, and finding the keys that Axolotl knows. */
#include <check.h>
#include <stdlib.h>

#include "schema/diagnostic.h"

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena, (size_t)1 << 20);
}

static void tear_down(void)
{
	arena_release(&arena);
}

static void expect(struct text text, const char *expected)
{
	ck_assert_msg(
		text_is(text, expected), "\"%.*s\" is not \"%s\"", TEXT_ARGUMENTS(text), expected);
}

static const struct {
	const char *format;
	const char *expected;
} templates[] = {
	{ "", "" },
	{ "nothing in it", "nothing in it" },
	{ "{a}", "one" },
	{ "{a}{b.c}{a}", "one{two}one" },
	{ "a {a} b {b.c} c", "a one b {two} c" },
	{ "{empty}", "" },
	{ "{unknown} stays, {a} does not", "{unknown} stays, one does not" },
	{ "{bnb: {weight_dtype: {a}}}", "{bnb: {weight_dtype: one}}" },
	{ "{} {a", "{} {a" },
	{ "{{a}}", "{one}" },
	{ "{A} {a-b} }{", "{A} {a-b} }{" },
};

START_TEST(fills_templates)
{
	const struct word words[] = {
		{ "a", TEXT("one") },
		{ "b.c", TEXT("{two}") },
		{ "empty", TEXT("") },
	};
	expect(message_expand(&arena, templates[_i].format, words, 3), templates[_i].expected);
}
END_TEST

START_TEST(walks_over_placeholders)
{
	struct text rest = TEXT("x {first} {no: {second}, z"), before, name;
	ck_assert(placeholder_next(&rest, &before, &name));
	expect(before, "x ");
	expect(name, "first");
	ck_assert(placeholder_next(&rest, &before, &name));
	expect(before, " {no: ");
	expect(name, "second");
	ck_assert(!placeholder_next(&rest, &before, &name));
	expect(rest, ", z");
}
END_TEST

START_TEST(escapes_pointers)
{
	expect(pointer_join(&arena, TEXT(""), TEXT("")), "/");
	expect(pointer_join(&arena, TEXT("/a"), TEXT("b")), "/a/b");
	expect(pointer_join(&arena, TEXT("/a"), TEXT("~b/c~1/")), "/a/~0b~1c~01~1");
}
END_TEST

START_TEST(finds_every_known_key)
{
	for (size_t i = 0; i < known_key_count; i++) {
		struct text name = known_keys[i].name;
		ck_assert_ptr_eq(known_key_find(name, text_hash(name)), &known_keys[i]);
		struct text longer = arena_printf(&arena, "%s!", name.data);
		ck_assert_ptr_null(known_key_find(longer, text_hash(longer)));
	}
}
END_TEST

START_TEST(finds_no_other_key)
{
	static const struct text others[] = {
		TEXT(""),
		TEXT("adapte"),
		TEXT("Adapter"),
		TEXT("adapter\0"),
		TEXT("adapter\0x"),
		TEXT("\0"),
		TEXT("\xff"),
		TEXT("zzzz"),
	};
	ck_assert_ptr_null(known_key_find(others[_i], text_hash(others[_i])));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tcase = tcase_create("schema");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(
		tcase, fills_templates, 0, (int)(sizeof(templates) / sizeof(templates[0])));
	tcase_add_test(tcase, walks_over_placeholders);
	tcase_add_test(tcase, escapes_pointers);
	tcase_add_test(tcase, finds_every_known_key);
	tcase_add_loop_test(tcase, finds_no_other_key, 0, 8);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
