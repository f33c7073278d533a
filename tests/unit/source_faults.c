/* What keeps YAML from being read, and where it is told to stand; limits; memory that runs out. */
#include "source_support.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	struct text yaml;
	enum document_fault fault;
	const char *place;
	const char *detail; /* a part of it */
} faults[] = {
	{ TEXT("a: [1\nb: 2\n"), FAULT_SYNTAX, "2:2-2:2", "flow sequence that begins in line 1" },
	{ TEXT("a: [1"), FAULT_SYNTAX, "1:6-1:6", "did not find expected" },
	{ TEXT("a: 'x\n"), FAULT_SYNTAX, "2:1-2:1", "quoted scalar that begins in line 1" },
	{ TEXT("a: 1\n b: 2\n"), FAULT_SYNTAX, "2:3-2:3", "mapping values are not allowed" },
	{ TEXT("a:\n\tb: 1\n"), FAULT_SYNTAX, "2:1-2:1", "cannot start any token" },
	{ TEXT("a:\tb\n"), FAULT_SYNTAX, "1:3-1:3", "a tab stands" },
	{ TEXT("a: b\t# c\n"), FAULT_SYNTAX, "1:5-1:5", "a tab stands" },
	{ TEXT("\xC3\xA9: x\ty\n"), FAULT_SYNTAX, "1:5-1:5", "a tab stands" },
	{ TEXT("a: {\n\tb: 1}\n"), FAULT_SYNTAX, "2:1-2:1", "a tab stands" },
	{ TEXT("a: |\t# c\n  x\n"), FAULT_SYNTAX, "1:5-1:5", "a tab stands" },
	{ TEXT("a: &x\t'b'\n"), FAULT_SYNTAX, "1:6-1:6", "a tab stands" },
	{ TEXT("a: 'b'\n...\t\n"), FAULT_SYNTAX, "2:4-2:4", "a tab stands" },
	{ TEXT("a: 1\nb: *x\n"), FAULT_SYNTAX, "2:4-2:6", "'*x'" },
	{ TEXT("a: &x 1\nb: &x 2\n"), FAULT_SYNTAX, "2:4-2:8", "'&x'" },
	{ TEXT("a: 1\n<<: 2\n"), FAULT_SYNTAX, "2:5-2:6", "merge key" },
	{ TEXT("<<: [{a: 1}, 2]\n"), FAULT_SYNTAX, "1:5-1:16", "merge key" },
	{ TEXT("<<:\n"), FAULT_SYNTAX, "1:4-1:4", "merge key" },
	{ TEXT("? [a]\n: 1\n"), FAULT_SYNTAX, "1:3-1:4", "cannot be a key" },
	{ TEXT("{{a: 1}: 2}"), FAULT_SYNTAX, "1:2-1:3", "cannot be a key" },
	{ TEXT("a: &x [1]\n*x : 2\n"), FAULT_SYNTAX, "2:1-2:3", "cannot be a key" },
	{ TEXT("a: !!int x\n"), FAULT_SYNTAX, "1:4-1:11", "'!!int'" },
	{ TEXT("a: !!seq {}\n"), FAULT_SYNTAX, "1:4-1:11", "'!!seq'" },
	{ TEXT("a: !!str []\n"), FAULT_SYNTAX, "1:4-1:11", "'!!str'" },
	{ TEXT("a: !!map x\n"), FAULT_SYNTAX, "1:4-1:11", "'!!map'" },
	{ TEXT("a: 1\nb: x\0y\n"), FAULT_SYNTAX, "2:5-2:5", "U+0000" },
	{ TEXT("\xC3\xA9: x\x01\n"), FAULT_SYNTAX, "1:5-1:5", "U+0001" },
	{ TEXT("\xEF\xBB\xBF"
	       "a: \x02\n"),
		FAULT_SYNTAX, "1:4-1:4", "U+0002" },
	{ TEXT("%YAML 2.0\n---\na: 1\n"), FAULT_SYNTAX, "1:1-1:1", "incompatible" },
	{ TEXT("a: !x!y 1\n"), FAULT_SYNTAX, "1:4-1:4", "tag" },
	{ TEXT("a: \xC3\xA9\nb: \xFF\n"), FAULT_ENCODING, "2:4-2:4", "0xFF" },
	{ TEXT("\xFF\xFE"
	       "a"),
		FAULT_ENCODING, "1:1-1:1", "UTF-16" },
	{ TEXT("a: &a\n  b: *a\n"), FAULT_DEPTH, "2:6-2:8", "'*a'" },
	{ TEXT("a: &a\n  <<: *a\n"), FAULT_DEPTH, "2:7-2:9", "'*a'" },
	{ TEXT("a: 1\n---\nb: 2\n"), FAULT_MULTIPLE_DOCUMENTS, "2:1-2:4", "" },
	{ TEXT("---\n---\n"), FAULT_MULTIPLE_DOCUMENTS, "2:1-2:4", "" },
	{ TEXT(""), FAULT_EMPTY, "1:1-1:1", "" },
	{ TEXT("# only\n"), FAULT_EMPTY, "1:1-1:1", "" },
	{ TEXT("---\n~\n"), FAULT_EMPTY, "2:1-2:2", "" },
	{ TEXT("- a\n"), FAULT_NOT_A_MAPPING, "1:1-1:4", "list" },
	{ TEXT("abc\n"), FAULT_NOT_A_MAPPING, "1:1-1:4", "single value" },
	{ TEXT("a: !x 1\n"), FAULT_UNKNOWN_TAG, "1:4-1:8", "!x" },
	{ TEXT("a: !!python/tuple [1]\n"), FAULT_UNKNOWN_TAG, "1:4-1:20", "!!python/tuple" },
	{ TEXT("!x a: 1\n"), FAULT_UNKNOWN_TAG, "1:1-1:5", "!x" },
	{ TEXT("a: =\n"), FAULT_UNKNOWN_TAG, "1:4-1:5", "!!value" },
	{ TEXT("a: <<\n"), FAULT_UNKNOWN_TAG, "1:4-1:6", "!!merge" },
};

START_TEST(faults_are_placed)
{
	struct document document;
	yaml_read(&document, &source_arena, faults[_i].yaml, &source_limits);
	ck_assert(!arena_failed(&source_arena));
	ck_assert_ptr_null(document.root);
	const struct document_problem *problem = document.problems;
	ck_assert_ptr_nonnull(problem);
	ck_assert_ptr_null(problem->next);
	ck_assert_int_eq(problem->fault, faults[_i].fault);
	source_assert(source_place(problem->span), faults[_i].place);
	ck_assert_msg(!*faults[_i].detail || text_contains(problem->detail, faults[_i].detail),
		"%.*s", TEXT_ARGUMENTS(problem->detail));
	ck_assert_int_eq(problem->offset != SIZE_MAX, problem->fault == FAULT_ENCODING);
}
END_TEST

START_TEST(the_byte_of_bad_utf8_is_told)
{
	struct document document = source_yaml("a: \xC3\xA9\nb: \xFF\n");
	ck_assert_uint_eq(document.problems->offset, 9);
}
END_TEST

START_TEST(problems_found_before_a_fault_are_kept)
{
	struct document document = source_yaml("a: 1\na: 2\nb: !x 1\nc: [\n");
	const struct document_problem *problem = document.problems;
	ck_assert_int_eq(problem->fault, FAULT_DUPLICATE_KEY);
	ck_assert_int_eq(problem->next->fault, FAULT_UNKNOWN_TAG);
	ck_assert_int_eq(problem->next->next->fault, FAULT_SYNTAX);
	ck_assert_ptr_null(problem->next->next->next);
	ck_assert_ptr_null(document.root);
}
END_TEST

static const struct {
	const char *yaml;
	const char *path; /* NULL: no duplicate */
	const char *span;
	const char *other;
	bool differ;
	const char *tree;
} duplicates[] = {
	{ "a: 1\nb: 2\na: 3\n", "/a", "3:1-3:2", "1:1-1:2", true, "{a:3,b:2}" },
	{ "a: 1\na: 0x1\n", "/a", "2:1-2:2", "1:1-1:2", false, "{a:1}" },
	{ "a: {b: 1, c: 2}\na: {c: 2, b: 1}\n", "/a", "2:1-2:2", "1:1-1:2", false,
		"{a:{c:2,b:1}}" },
	{ "a: 1\na: '1'\n", "/a", "2:1-2:2", "1:1-1:2", true, "{a:\"1\"}" },
	{ "1: a\n'1': a\n", "/1", "2:1-2:4", "1:1-1:2", false, "{1:\"a\"}" },
	{ "x:\n- y\n- a/b~: {c: 1, c: 2}\n", "/x/1/a~1b~0/c", "3:16-3:17", "3:10-3:11", true,
		"{x:[\"y\",{a/b~:{c:2}}]}" },
	{ "x: [[0, {a: 1, a: 1}]]\n", "/x/0/1/a", "1:16-1:17", "1:10-1:11", false,
		"{x:[[0,{a:1}]]}" },
	{ "<<: {a: 1}\na: 2\n", NULL, "", "", false, "{a:2}" },
	{ "<<: {a: 1}\na: 2\na: 3\n", "/a", "3:1-3:2", "2:1-2:2", true, "{a:3}" },
	{ "a: 1\nA: 1\n", NULL, "", "", false, "{a:1,A:1}" },
};

START_TEST(duplicates_are_told)
{
	struct document document = source_yaml(duplicates[_i].yaml);
	const struct document_problem *problem = document.problems;
	source_assert(source_dump(document.root), duplicates[_i].tree);
	ck_assert_int_eq(problem != NULL, duplicates[_i].path != NULL);
	if (!problem)
		return;
	ck_assert_int_eq(problem->fault, FAULT_DUPLICATE_KEY);
	source_assert(problem->path, duplicates[_i].path);
	source_assert(source_place(problem->span), duplicates[_i].span);
	source_assert(source_place(problem->other), duplicates[_i].other);
	ck_assert_int_eq(problem->value != NULL, duplicates[_i].differ);
	ck_assert_ptr_null(problem->next);
}
END_TEST

static const struct {
	const char *yaml;
	uint32_t depth; /* the least that is enough */
	uint32_t nodes;
} limits[] = {
	{ "a: 1\n", 1, 2 },
	{ "a: [1, [2, {b: 3}]]\n", 4, 7 },
	{ "a: &a [1, 2]\nb: *a\n", 2, 7 },
	{ "a: &a [[1]]\nb: [*a]\n", 4, 8 },
	{ "a: &a {b: 1}\nc: {<<: *a}\n", 3, 6 },
};

START_TEST(limits_hold_to_the_last_one)
{
	const struct document_limits enough = { limits[_i].depth, limits[_i].nodes };
	const struct document_limits shallow = { limits[_i].depth - 1, limits[_i].nodes };
	const struct document_limits few = { limits[_i].depth, limits[_i].nodes - 1 };
	struct document document;
	yaml_read(&document, &source_arena, text_of(limits[_i].yaml), &enough);
	ck_assert_ptr_nonnull(document.root);
	yaml_read(&document, &source_arena, text_of(limits[_i].yaml), &shallow);
	ck_assert_int_eq(document.problems->fault, FAULT_DEPTH);
	ck_assert_ptr_null(document.root);
	yaml_read(&document, &source_arena, text_of(limits[_i].yaml), &few);
	ck_assert_int_eq(document.problems->fault, FAULT_NODES);
	ck_assert_ptr_null(document.root);
}
END_TEST

static struct text repeated(const char *before, const char *part, size_t count)
{
	struct buffer out;
	buffer_init(&out, &source_arena, 0);
	buffer_add_string(&out, before);
	for (size_t i = 0; i < count; i++)
		buffer_add_string(&out, part);
	return buffer_text(&out);
}

static const struct {
	const char *before;
	const char *part;
	size_t count;
	enum document_fault fault;
} hostile[] = {
	{ "", "[", 80000, FAULT_DEPTH },
	{ "", "a: {", 80000, FAULT_DEPTH },
	{ "", "- ", 500000, FAULT_DEPTH },
	{ "a: &a [x]\nb: [", "*a,", 60000, FAULT_NODES },
	{ "", "%TAG !a! b\n", 60000, FAULT_SYNTAX },
	{ "a: 1\n...\n", "%TAG !a! b\n", 60000, FAULT_SYNTAX },
	{ "a: &a [1,1,1,1,1,1,1,1,1]\n"
	  "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	  "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	  "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
		"", 0, FAULT_NODES },
};

START_TEST(hostile_texts_stop_soon)
{
	struct text yaml = repeated(hostile[_i].before, hostile[_i].part, hostile[_i].count);
	size_t taken = source_arena.taken;
	struct document document;
	yaml_read(&document, &source_arena, yaml, &source_limits);
	ck_assert_ptr_nonnull(document.problems);
	ck_assert_int_eq(document.problems->fault, hostile[_i].fault);
	ck_assert_ptr_null(document.root);
	ck_assert_uint_lt(source_arena.taken - taken, (size_t)32 << 20);
}
END_TEST

START_TEST(endless_problems_are_cut_off)
{
	struct document document;
	yaml_read(&document, &source_arena, repeated("", "a: 1\n", 50000), &source_limits);
	size_t count = 0;
	for (const struct document_problem *p = document.problems; p; p = p->next)
		count++;
	ck_assert_uint_eq(count, 1000);
	source_assert(source_dump(document.root), "{a:1}");
}
END_TEST

/* Every allocation fails once. */
START_TEST(memory_that_runs_out_is_told)
{
	struct text many = repeated("x: &x {a: 1}\n'y': [0x1f, !!int 1]\nz: {<<: *x, b: 1, b: 2}\n",
		"k: |\n  text\n  of some length to fill the blocks of the arena sooner or later\n",
		3000);
	bool succeeded = false;
	for (size_t limit = 0; !succeeded && limit < ((size_t)8 << 20); limit += 30011) {
		struct arena small;
		struct document document;
		arena_init(&small, limit);
		yaml_read(&document, &small, many, &source_limits);
		succeeded = !arena_failed(&small);
		ck_assert_int_eq(document.root != NULL, succeeded);
		arena_release(&small);
	}
	ck_assert(succeeded);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("faults");
	tcase_add_loop_test(cases, faults_are_placed, 0, COUNT(faults));
	tcase_add_test(cases, the_byte_of_bad_utf8_is_told);
	tcase_add_test(cases, problems_found_before_a_fault_are_kept);
	tcase_add_loop_test(cases, duplicates_are_told, 0, COUNT(duplicates));
	tcase_add_loop_test(cases, limits_hold_to_the_last_one, 0, COUNT(limits));
	tcase_add_loop_test(cases, hostile_texts_stop_soon, 0, COUNT(hostile));
	tcase_add_test(cases, endless_problems_are_cut_off);
	tcase_add_test(cases, memory_that_runs_out_is_told);
	tcase_set_timeout(cases, 60);
	return source_run("faults", cases);
}
