/* What plain and tagged scalars are: the tables follow the expressions of PyYAML's resolver. */
#include "source_support.h"

#include "source/scalar.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *written;
	const char *expected; /* as source_dump() shows it; NULL: the string itself */
} plain[] = {
	{ "", "null" },
	{ "~", "null" },
	{ "null", "null" },
	{ "Null", "null" },
	{ "NULL", "null" },
	{ "nULL", NULL },
	{ "~~", NULL },
	{ "yes", "true" },
	{ "Yes", "true" },
	{ "YES", "true" },
	{ "yEs", NULL },
	{ "on", "true" },
	{ "On", "true" },
	{ "ON", "true" },
	{ "oN", NULL },
	{ "true", "true" },
	{ "True", "true" },
	{ "TRUE", "true" },
	{ "tRUE", NULL },
	{ "no", "false" },
	{ "No", "false" },
	{ "NO", "false" },
	{ "off", "false" },
	{ "OFF", "false" },
	{ "false", "false" },
	{ "False", "false" },
	{ "FALSE", "false" },
	{ "y", NULL },
	{ "N", NULL },
	{ "none", NULL },
	{ "0", "0" },
	{ "-0", "0" },
	{ "+0", "0" },
	{ "00", "0" },
	{ "0_", "0" },
	{ "7", "7" },
	{ "-12", "-12" },
	{ "+12", "12" },
	{ "017", "15" },
	{ "-017", "-15" },
	{ "0_1_7", "15" },
	{ "08", NULL },
	{ "0o17", NULL },
	{ "0x1f", "31" },
	{ "-0x1_F", "-31" },
	{ "0X1f", NULL },
	{ "0x", NULL },
	{ "0x_", NULL },
	{ "0b101", "5" },
	{ "0b", NULL },
	{ "0b2", NULL },
	{ "1_000", "1000" },
	{ "1__0_", "10" },
	{ "_1", NULL },
	{ "9007199254740993", "9007199254740993" },
	{ "123456789012345678901234567890", "123456789012345678901234567890" },
	{ "0xFFFFFFFFFFFFFFFFFFFFFFFF", "79228162514264337593543950335" },
	{ "0x10000000000000000", "18446744073709551616" },
	{ "0x3B9ACA00", "1000000000" },
	{ "0777777777777777777777777", "4722366482869645213695" },
	{ "12:30:45", "45045" },
	{ "-1:30", "-90" },
	{ "1:5", "65" },
	{ "1:60", NULL },
	{ "0:30", NULL },
	{ "1:", NULL },
	{ "1_0:30", "630" },
	{ "99999999999999999999:59", "5999999999999999999999" },
	{ "1.5", "1.5f" },
	{ "0.00020", "0.00020f" },
	{ "-1.50", "-1.50f" },
	{ "+1.5", "1.5f" },
	{ "1.", "1.0f" },
	{ "0.", "0.0f" },
	{ "-0.0", "-0.0f" },
	{ ".5", "0.5f" },
	{ "-.5", "-0.5f" },
	{ "00.5", "0.5f" },
	{ "012.5", "12.5f" },
	{ "1_0.5_0", "10.50f" },
	{ "._5", NULL },
	{ "-._5", NULL },
	{ "1e-5", "1e-5f" },
	{ "1E5", "1E5f" },
	{ "1.5e3", "1.5e3f" },
	{ "1.5e+3", "1.5e+3f" },
	{ ".5e-3", "0.5e-3f" },
	{ "1.e5", "1.0e5f" },
	{ "1_0e5", NULL },
	{ "1_0.0e5", NULL },
	{ "1_0.0e+5", "10.0e+5f" },
	{ "e5", NULL },
	{ "1e", NULL },
	{ "1e+", NULL },
	{ "1e5x", NULL },
	{ "1:30.5", "90.5f" },
	{ "0:30.", "30.0f" },
	{ "-1:30.5", "-90.5f" },
	{ "1:60.5", NULL },
	{ "1:30.5e1", NULL },
	{ ".inf", NULL },
	{ "-.INF", NULL },
	{ ".nan", NULL },
	{ "2001-01-01", NULL },
	{ "1.2.3", NULL },
	{ "1,000", NULL },
	{ ".", NULL },
	{ "-", NULL },
	{ "+", NULL },
	{ "--1", NULL },
	{ "+-1", NULL },
	{ "5 0", NULL },
	{ "=", NULL },
	{ "<<", NULL },
};

START_TEST(plain_scalars_are_typed)
{
	struct node node = { .kind = NODE_SEQUENCE };
	struct text written = text_of(plain[_i].written);
	struct text expected = arena_printf(&source_arena, "\"%s\"", plain[_i].written);
	scalar_resolve(&node, &source_arena, written);
	source_assert(source_dump(&node), plain[_i].expected ? plain[_i].expected : expected.data);
	if (node.kind == NODE_NULL || node.kind == NODE_BOOLEAN)
		source_assert(node.text, plain[_i].written);
}
END_TEST

static const struct {
	const char *tag;
	const char *contents;
	const char *expected; /* NULL: it cannot be that */
} tagged[] = {
	{ "str", "12", "\"12\"" },
	{ "str", "", "\"\"" },
	{ "null", "", "null" },
	{ "null", "~", "null" },
	{ "null", "x", "null" },
	{ "bool", "yes", "true" },
	{ "bool", "oFF", "false" },
	{ "bool", "1", NULL },
	{ "bool", "", NULL },
	{ "int", "0x1f", "31" },
	{ "int", "1:30", "90" },
	{ "int", "1.5", NULL },
	{ "int", "", NULL },
	{ "int", "09", NULL },
	{ "float", "1", "1.0f" },
	{ "float", "010", "10.0f" },
	{ "float", "1_0", "10.0f" },
	{ "float", "1e5", "1e5f" },
	{ "float", "1:30", "90.0f" },
	{ "float", ".inf", "\".inf\"" },
	{ "float", "-.Inf", "\"-.Inf\"" },
	{ "float", ".nan", "\".nan\"" },
	{ "float", "0x10", NULL },
	{ "float", "", NULL },
	{ "binary", "aGVs\n bG8=", "\"aGVs\n bG8=\"" },
	{ "binary", "aGV", NULL },
	{ "binary", "aG=V", NULL },
	{ "binary", "a===", NULL },
	{ "timestamp", "2001-1-1", "\"2001-1-1\"" },
	{ "timestamp", "2001-12-14t21:59:43.10-05:00", "\"2001-12-14t21:59:43.10-05:00\"" },
	{ "timestamp", "2001-12-14 21:59:43 Z", "\"2001-12-14 21:59:43 Z\"" },
	{ "timestamp", "2001-12", NULL },
	{ "timestamp", "2001-12-14 21:59", NULL },
	{ "timestamp", "2001-12-14 21:59:43 +5:3", NULL },
	{ "seq", "x", NULL },
	{ "merge", "<<", NULL },
};

START_TEST(tagged_scalars_are_what_the_tag_says)
{
	struct node node = { .kind = NODE_SEQUENCE };
	struct text tag = arena_printf(&source_arena, "tag:yaml.org,2002:%s", tagged[_i].tag);
	bool fits = scalar_resolve_as(&node, &source_arena, text_of(tagged[_i].contents), tag.data);
	ck_assert_int_eq(fits, tagged[_i].expected != NULL);
	if (fits)
		source_assert(source_dump(&node), tagged[_i].expected);
}
END_TEST

START_TEST(foreign_tags_are_refused)
{
	struct node node = { .kind = NODE_SEQUENCE };
	ck_assert(!scalar_resolve_as(&node, &source_arena, TEXT("1"), "!int"));
	ck_assert(!scalar_resolve_as(&node, &source_arena, TEXT("1"), "tag:example.org:int"));
}
END_TEST

static struct text number_of(char digit, const char *before, size_t count)
{
	struct buffer out;
	buffer_init(&out, &source_arena, 0);
	buffer_add_string(&out, before);
	buffer_add_repeated(&out, digit, count);
	return buffer_text(&out);
}

/* Decimal numbers are only copied; others are converted, up to a thousand digits. */
START_TEST(long_numbers_are_bounded)
{
	struct node node;
	struct text decimal = number_of('9', "", 100000);
	scalar_resolve(&node, &source_arena, decimal);
	ck_assert_int_eq(node.kind, NODE_INTEGER);
	ck_assert(text_equal(node.text, decimal));
	scalar_resolve(&node, &source_arena, number_of('f', "0x", 1024));
	ck_assert_int_eq(node.kind, NODE_INTEGER);
	ck_assert_uint_eq(node.text.length, 1234);
	ck_assert(
		text_starts_with(node.text, "10443888814131525066917527107166243825799642490473"));
	ck_assert(text_ends_with(node.text, "8340403154190335"));
	scalar_resolve(&node, &source_arena, number_of('f', "0x", 1025));
	ck_assert_int_eq(node.kind, NODE_STRING);
	scalar_resolve(&node, &source_arena, number_of('1', "0b", 1024));
	ck_assert_uint_eq(node.text.length, 309);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("scalar");
	tcase_add_loop_test(cases, plain_scalars_are_typed, 0, COUNT(plain));
	tcase_add_loop_test(cases, tagged_scalars_are_what_the_tag_says, 0, COUNT(tagged));
	tcase_add_test(cases, foreign_tags_are_refused);
	tcase_add_test(cases, long_numbers_are_bounded);
	return source_run("scalar", cases);
}
