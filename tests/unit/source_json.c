/* JSON: digits, places and everything that cJSON alone would let through. */
#include "source_support.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *json;
	const char *expected;
} trees[] = {
	{ "null", "null" },
	{ " [true, false]\n", "[true,false]" },
	{ "\"x\"", "\"x\"" },
	{ "{\"a\": {\"b\": []}, \"A\": 1}", "{a:{b:[]},A:1}" },
	{ "[9007199254740993, 0.00020, 1e5, -0.0, -0, 1E+400]",
		"[9007199254740993,0.00020f,1e5f,-0.0f,-0,1E+400f]" },
	{ "[1234567890123456789012345678901234567890123456789012345678901234567890.5]",
		"[1234567890123456789012345678901234567890123456789012345678901234567890.5f]" },
	{ "\"\\u00e9\\ud83d\\ude00\\/\\n\"", "\"\xC3\xA9\xF0\x9F\x98\x80/\n\"" },
	{ "\xEF\xBB\xBF{\"a\":1}", "{a:1}" },
	{ "{\"<<\": {\"a\": 1}, \"\": 2}", "{<<:{a:1},:2}" },
	{ "{\"a\\\"b\": 1, \"c\\u0064\": 2}", "{a\"b:1,cd:2}" },
};

START_TEST(trees_are_read)
{
	struct document document = source_json(trees[_i].json);
	ck_assert(!arena_failed(&source_arena));
	ck_assert_ptr_null(document.problems);
	source_assert(source_dump(document.root), trees[_i].expected);
}
END_TEST

START_TEST(floats_that_are_not_finite_are_strings_without_quotes)
{
	struct document document =
		source_json("{\"a\": [0.0, Infinity,-Infinity,\nNaN], \"b\": \"NaN\"}");
	ck_assert_ptr_null(document.problems);
	ck_assert(document.not_finite);
	source_assert(source_dump(document.root),
		"{a:[0.0f,\"Infinity\",\"-Infinity\",\"NaN\"],b:\"NaN\"}");
	const struct node *list = node_get(document.root, "a");
	ck_assert(!list->items[1]->quoted);
	ck_assert(node_get(document.root, "b")->quoted);
	ck_assert_uint_eq(list->items[2]->span.start.column, 21);
	ck_assert_uint_eq(list->items[2]->span.end.column, 30);
	ck_assert_uint_eq(list->items[3]->span.start.line, 1);
	ck_assert(!source_json("[\"NaN\", 1]").not_finite);
}
END_TEST

static const struct {
	struct text json;
	enum document_fault fault;
	const char *place;
} faults[] = {
	{ TEXT(""), FAULT_EMPTY, "1:1-1:1" },
	{ TEXT(" \n"), FAULT_EMPTY, "2:1-2:1" },
	{ TEXT("{\"a\":01}"), FAULT_SYNTAX, "1:6-1:6" },
	{ TEXT("[1.]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[.5]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[1e]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[+1]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[-]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[0x1]"), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("[nan]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[-NaN]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[+Infinity]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[Infinit]"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[NaNo]"), FAULT_SYNTAX, "1:5-1:5" },
	{ TEXT("[Infinity5]"), FAULT_SYNTAX, "1:10-1:10" },
	{ TEXT("[NaN NaN]"), FAULT_SYNTAX, "1:6-1:6" },
	{ TEXT("{NaN: 1}"), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("[truer]"), FAULT_SYNTAX, "1:6-1:6" },
	{ TEXT("[1,]"), FAULT_SYNTAX, "1:4-1:4" },
	{ TEXT("{\"a\":1,}"), FAULT_SYNTAX, "1:8-1:8" },
	{ TEXT("{,}"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("{\"a\" 1}"), FAULT_SYNTAX, "1:6-1:6" },
	{ TEXT("[1\n 2]"), FAULT_SYNTAX, "2:2-2:2" },
	{ TEXT("{\"a\":1} {"), FAULT_SYNTAX, "1:9-1:9" },
	{ TEXT("1 1"), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("[1"), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("{\"a\":"), FAULT_SYNTAX, "1:6-1:6" },
	{ TEXT("[\"a"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[\"\\"), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("[\"\xC3\xA9\\u0000\"]"), FAULT_SYNTAX, "1:4-1:4" },
	{ TEXT("\"\\ud800\""), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("\"\\ud800\\u0041\""), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("\"\\udc00\""), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("\"\\u12g4\""), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("\"\\x\""), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("\"a\nb\""), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("\"a\0b\""), FAULT_SYNTAX, "1:3-1:3" },
	{ TEXT("[1]\0"), FAULT_SYNTAX, "1:4-1:4" },
	{ TEXT("[1,\v2]"), FAULT_SYNTAX, "1:4-1:4" },
	{ TEXT("// x\n1"), FAULT_SYNTAX, "1:1-1:1" },
	{ TEXT("['a']"), FAULT_SYNTAX, "1:2-1:2" },
	{ TEXT("[\"\xC3\xA9\xFF\"]"), FAULT_ENCODING, "1:4-1:4" },
};

START_TEST(faults_are_placed)
{
	struct document document;
	json_read(&document, &source_arena, faults[_i].json, &source_limits);
	ck_assert(!arena_failed(&source_arena));
	ck_assert_ptr_null(document.root);
	ck_assert_ptr_nonnull(document.problems);
	ck_assert_int_eq(document.problems->fault, faults[_i].fault);
	source_assert(source_place(document.problems->span), faults[_i].place);
	ck_assert_uint_gt(document.problems->detail.length, 0);
	ck_assert_ptr_null(document.problems->next);
}
END_TEST

START_TEST(places_count_characters_and_all_line_ends)
{
	struct document document = source_json(
		"{\"\xC3\xA9\": [1,\r\n  {\"b\" : \"\xE2\x80\xA8\"}, -1.5e3 ],\r\"c\":null}");
	const struct member *first = &document.root->members[0];
	source_assert(source_place(first->key_span), "1:2-1:5");
	source_assert(source_place(first->value_span), "1:7-3:13");
	source_assert(source_place(first->value->items[0]->span), "1:8-1:9");
	source_assert(source_place(first->value->items[1]->span), "2:3-3:3");
	source_assert(source_place(first->value->items[1]->members[0].key_span), "2:4-2:7");
	source_assert(source_place(first->value->items[2]->span), "3:5-3:11");
	source_assert(source_place(document.root->members[1].value_span), "4:5-4:9");
	source_assert(source_place(document.root->span), "1:1-4:10");
	ck_assert(document.root->flow);
	source_assert(document.root->members[1].value->written, "null");
}
END_TEST

START_TEST(duplicates_are_told)
{
	struct document document = source_json("{\"a\":{\"b\":1,\n\"\\u0062\":2}}");
	ck_assert_int_eq(document.problems->fault, FAULT_DUPLICATE_KEY);
	source_assert(document.problems->path, "/a/b");
	source_assert(source_place(document.problems->span), "2:1-2:9");
	source_assert(source_place(document.problems->other), "1:7-1:10");
	ck_assert(document.problems->value != NULL);
	source_assert(source_dump(document.root), "{a:{b:2}}");
}
END_TEST

static const struct {
	const char *json;
	uint32_t depth; /* the least that is enough */
	uint32_t nodes;
} limits[] = {
	{ "[1]", 1, 2 },
	{ "{\"a\":[1,{\"b\":\"x\"}],\"c\":[]}", 3, 6 },
	{ "[[[]]]", 3, 3 },
};

START_TEST(limits_hold_to_the_last_one)
{
	const struct document_limits enough = { limits[_i].depth, limits[_i].nodes };
	const struct document_limits shallow = { limits[_i].depth - 1, limits[_i].nodes };
	const struct document_limits few = { limits[_i].depth, limits[_i].nodes - 1 };
	struct document document;
	json_read(&document, &source_arena, text_of(limits[_i].json), &enough);
	ck_assert_ptr_nonnull(document.root);
	ck_assert_uint_eq(document.root->weight, limits[_i].nodes);
	json_read(&document, &source_arena, text_of(limits[_i].json), &shallow);
	ck_assert_int_eq(document.problems->fault, FAULT_DEPTH);
	json_read(&document, &source_arena, text_of(limits[_i].json), &few);
	ck_assert_int_eq(document.problems->fault, FAULT_NODES);
	ck_assert_ptr_null(document.root);
}
END_TEST

static const char *const hostile[] = { "[", "{\"a\":", "[[],", "[{}" };

START_TEST(deep_texts_never_reach_the_parser)
{
	struct buffer json;
	const struct document_limits generous = { .depth = UINT32_MAX, .nodes = UINT32_MAX };
	buffer_init(&json, &source_arena, 0);
	for (size_t i = 0; i < 200000; i++)
		buffer_add_string(&json, hostile[_i]);
	struct document document;
	json_read(&document, &source_arena, buffer_text(&json), &generous);
	ck_assert_int_eq(document.problems->fault, FAULT_DEPTH);
	ck_assert_ptr_null(document.root);
}
END_TEST

START_TEST(memory_that_runs_out_is_told)
{
	struct buffer json;
	buffer_init(&json, &source_arena, 0);
	buffer_add_string(&json, "{\"k\":[0");
	for (size_t i = 0; i < 3000; i++)
		buffer_add_string(&json, ",{\"a\":[1.5,true],\"a\":\"x\"}");
	buffer_add_string(&json, "]}");
	bool succeeded = false;
	for (size_t limit = 0; !succeeded && limit < ((size_t)16 << 20); limit += 30011) {
		struct arena small;
		struct document document;
		arena_init(&small, limit);
		json_read(&document, &small, buffer_text(&json), &source_limits);
		succeeded = !arena_failed(&small);
		ck_assert_int_eq(document.root != NULL, succeeded);
		arena_release(&small);
	}
	ck_assert(succeeded);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("json");
	tcase_add_loop_test(cases, trees_are_read, 0, COUNT(trees));
	tcase_add_test(cases, floats_that_are_not_finite_are_strings_without_quotes);
	tcase_add_loop_test(cases, faults_are_placed, 0, COUNT(faults));
	tcase_add_test(cases, places_count_characters_and_all_line_ends);
	tcase_add_test(cases, duplicates_are_told);
	tcase_add_loop_test(cases, limits_hold_to_the_last_one, 0, COUNT(limits));
	tcase_add_loop_test(cases, deep_texts_never_reach_the_parser, 0, COUNT(hostile));
	tcase_add_test(cases, memory_that_runs_out_is_told);
	tcase_set_timeout(cases, 60);
	return source_run("json", cases);
}
