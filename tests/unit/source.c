/* Lines, nodes, the key index, and real files. */
#include "source_support.h"

#include "base/buffer.h"
#include "source/key_index.h"
#include "source/lines.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(lines_end_as_libyaml_counts_them)
{
	struct lines lines;
	struct text text = TEXT("\xEF\xBB\xBF"
				"a\nb\r\nc\rd\xC2\x85"
				"e\xE2\x80\xA8"
				"f\xE2\x80\xA9\xC3\xA9g\n");
	const char *const expected[] = { "a", "b", "c", "d", "e", "f", "\xC3\xA9g", "" };
	lines_index(&lines, &source_arena, text);
	ck_assert_uint_eq(lines.count, COUNT(expected));
	for (uint32_t i = 0; i < COUNT(expected); i++)
		source_assert(lines_text(&lines, i), expected[i]);
	source_assert(lines_text(&lines, 99), "");
	ck_assert_uint_eq(lines.starts[0], 3);
}
END_TEST

START_TEST(marks_and_offsets_agree)
{
	struct lines lines;
	struct text text = TEXT("\xEF\xBB\xBF\xC3\xA9x\r\n\n\xE2\x82\xACy");
	lines_index(&lines, &source_arena, text);
	const struct {
		struct mark mark;
		size_t offset;
	} pairs[] = { { { 0, 0 }, 3 }, { { 0, 1 }, 5 }, { { 0, 2 }, 6 }, { { 1, 0 }, 8 },
		{ { 2, 0 }, 9 }, { { 2, 1 }, 12 }, { { 2, 2 }, 13 } };
	for (size_t i = 0; i < COUNT(pairs); i++) {
		ck_assert_uint_eq(lines_offset(&lines, pairs[i].mark), pairs[i].offset);
		struct mark mark = lines_mark(&lines, pairs[i].offset);
		ck_assert_uint_eq(mark.line, pairs[i].mark.line);
		ck_assert_uint_eq(mark.column, pairs[i].mark.column);
	}
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 0, 99 }), 6);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 1, 5 }), 8);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 9, 0 }), text.length);
	ck_assert_uint_eq(lines_mark(&lines, 0).column, 0);
	ck_assert_uint_eq(lines_mark(&lines, 999).column, 2);
}
END_TEST

START_TEST(an_empty_source_has_one_line)
{
	struct lines lines;
	lines_index(&lines, &source_arena, TEXT(""));
	ck_assert_uint_eq(lines.count, 1);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 0, 0 }), 0);
	struct arena none;
	arena_init(&none, 0);
	lines_index(&lines, &none, TEXT("a\nb"));
	ck_assert_uint_eq(lines.count, 0);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 0, 1 }), 3);
	ck_assert_uint_eq(lines_mark(&lines, 2).line, 0);
	source_assert(lines_text(&lines, 0), "");
}
END_TEST

static const struct {
	const char *yaml;
	bool equal;
} pairs[] = {
	{ "a: {x: 1, y: [2]}\nb: {y: [2], x: 1}\n", true },
	{ "a: [1, 2]\nb: [2, 1]\n", false },
	{ "a: 017\nb: 15\n", true },
	{ "a: 1\nb: 1.0\n", false },
	{ "a: 1.0\nb: 1.00\n", false },
	{ "a: '1'\nb: 1\n", false },
	{ "a: 'x'\nb: x\n", true },
	{ "a: yes\nb: true\n", true },
	{ "a: ~\nb:\n", true },
	{ "a: {x: 1}\nb: {x: 1, y: 1}\n", false },
	{ "a: {x: 1}\nb: {y: 1}\n", false },
	{ "a: []\nb: {}\n", false },
};

START_TEST(nodes_compare_as_data)
{
	struct document document = source_yaml(pairs[_i].yaml);
	const struct node *a = node_get(document.root, "a");
	const struct node *b = node_get(document.root, "b");
	ck_assert_int_eq(node_equal(a, b), pairs[_i].equal);
	ck_assert_int_eq(node_equal(b, a), pairs[_i].equal);
	ck_assert(node_equal(a, a));
	ck_assert(!node_equal(a, NULL));
}
END_TEST

/* Each member is looked up in the other mapping, at the far end from where it stands. */
START_TEST(reversed_mappings_compare_quickly)
{
	struct buffer yaml;
	buffer_init(&yaml, &source_arena, 0);
	buffer_add_string(&yaml, "a:\n");
	for (unsigned i = 0; i < 40000; i++)
		buffer_printf(&yaml, " k%u: 1\n", i);
	buffer_add_string(&yaml, "b:\n");
	for (unsigned i = 40000; i > 0; i--)
		buffer_printf(&yaml, " k%u: 1\n", i - 1);
	struct document document;
	yaml_read(&document, &source_arena, buffer_text(&yaml), &source_limits);
	ck_assert(node_equal(node_get(document.root, "a"), node_get(document.root, "b")));
}
END_TEST

static const struct {
	const char *digits;
	bool fits;
	int64_t value;
} integers[] = {
	{ "0", true, 0 },
	{ "-1", true, -1 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775808", false, 0 },
	{ "-9223372036854775809", false, 0 },
	{ "99999999999999999999999999", false, 0 },
	{ "1.0", false, 0 },
	{ "x", false, 0 },
};

START_TEST(integers_fit_in_64_bits_or_not)
{
	int64_t value = 42;
	struct text yaml = arena_printf(&source_arena, "a: %s\n", integers[_i].digits);
	struct document document = source_yaml(yaml.data);
	bool fits = node_integer(node_get(document.root, "a"), &value);
	ck_assert_int_eq(fits, integers[_i].fits);
	ck_assert_int_eq(value, fits ? integers[_i].value : 42);
}
END_TEST

START_TEST(own_trees_look_like_read_ones)
{
	struct node *inner = node_mapping(&source_arena, 1);
	node_put(inner, TEXT("weight_dtype"), node_string(&source_arena, TEXT("nf4")));
	struct node *outer = node_mapping(&source_arena, 3);
	node_put(outer, TEXT("bnb"), inner);
	node_put(outer, TEXT("on"), node_boolean(&source_arena, true));
	node_put(outer, TEXT("gone"), NULL);
	node_put(NULL, TEXT("x"), inner);
	source_assert(source_dump(outer), "{bnb:{weight_dtype:\"nf4\"},on:true}");
	struct document document = source_yaml("{on: true, bnb: {weight_dtype: nf4}}");
	ck_assert(node_equal(outer, document.root));
	ck_assert_uint_eq(outer->weight, document.root->weight);
	ck_assert_uint_eq(outer->height, document.root->height);
	ck_assert(node_is_string(node_get(inner, "weight_dtype"), "nf4"));
	ck_assert(node_is_null(NULL) && !node_is_null(inner));
	ck_assert_ptr_null(node_get(NULL, "x"));
	ck_assert_ptr_null(node_member(node_get(outer, "on"), TEXT("x")));
}
END_TEST

/* Keys that share a hash: the index must still find each. */
START_TEST(the_key_index_survives_colliding_keys)
{
	struct key_index index = { 0 };
	static struct member members[5000];
	for (uint32_t i = 0; i < COUNT(members); i++) {
		struct text key = arena_printf(&source_arena, "key%u", i);
		ck_assert_uint_eq(key_index_find(&index, members, i, key, 7), KEY_INDEX_NONE);
		members[i] = (struct member){ .key = key, .hash = 7 };
		key_index_add(&index, &source_arena, members, i + 1);
	}
	ck_assert_uint_ne(index.seed, 0);
	for (uint32_t i = 0; i < COUNT(members); i++)
		ck_assert_uint_eq(
			key_index_find(&index, members, COUNT(members), members[i].key, 7), i);
}
END_TEST

static struct text file_contents(const char *path)
{
	struct buffer out;
	buffer_init(&out, &source_arena, 0);
	FILE *file = fopen(path, "rb");
	ck_assert_ptr_nonnull(file);
	char bytes[4096];
	for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
		buffer_add(&out, (struct text){ bytes, got });
	fclose(file);
	return buffer_text(&out);
}

static void read_all(const char *pattern, bool json)
{
	const char *corpus = getenv("QUANTCONF_CORPUS");
	if (!corpus)
		return;
	glob_t found;
	struct text path = arena_printf(&source_arena, "%s/%s", corpus, pattern);
	ck_assert_int_eq(glob(path.data, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct document document;
		struct text bytes = file_contents(found.gl_pathv[i]);
		(json ? json_read : yaml_read)(&document, &source_arena, bytes, &source_limits);
		ck_assert_msg(document.root != NULL, "%s", found.gl_pathv[i]);
	}
	globfree(&found);
}

START_TEST(real_files_are_read)
{
	read_all("configs/*/*.y*ml", false);
	read_all("checkpoints/*.json", true);
}
END_TEST

/* In a long line of characters of one to four bytes every place is found, both ways. */
START_TEST(places_in_long_lines)
{
	static const char *const characters[] = { "a", "é", "€", "😀" };
	struct buffer text;
	struct lines lines;
	buffer_init(&text, &source_arena, 65536);
	buffer_add_string(&text, "first é\n");
	size_t start = text.length;
	for (int i = 0; i < 5000; i++)
		buffer_add_string(&text, characters[(i * i + i / 7) % 4]);
	size_t end = text.length;
	buffer_add_string(&text, "\nlast\n");
	lines_index(&lines, &source_arena, buffer_text(&text));
	ck_assert_uint_eq(lines.count, 4);
	size_t offset = start;
	for (uint32_t column = 0; column < 5000; column++) {
		struct mark mark = { 1, column };
		ck_assert_uint_eq(lines_offset(&lines, mark), offset);
		struct mark back = lines_mark(&lines, offset);
		ck_assert_uint_eq(back.line, 1);
		ck_assert_uint_eq(back.column, column);
		offset += strlen(characters[(column * column + column / 7) % 4]);
	}
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 1, 5000 }), end);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 1, 9000 }), end);
	ck_assert_uint_eq(lines_offset(&lines, (struct mark){ 2, 2 }), end + 3);
}
END_TEST

/* Look-ups in a mapping that was put together find the same with an index and without. */
START_TEST(put_mappings_are_indexed)
{
	for (uint32_t count = 0; count <= 1000; count += 250) {
		struct node *mapping = node_mapping(&source_arena, count);
		for (uint32_t i = 0; i < count; i++)
			node_put(mapping, arena_printf(&source_arena, "key %u", i),
				node_boolean(&source_arena, i % 2 == 0));
		node_index(mapping, &source_arena);
		ck_assert_int_eq(mapping->index != NULL, count > 256);
		for (uint32_t i = 0; i < count; i++) {
			struct text key = arena_printf(&source_arena, "key %u", i);
			ck_assert_ptr_eq(node_member(mapping, key), &mapping->members[i]);
		}
		ck_assert_ptr_null(node_member(mapping, TEXT("key")));
	}
	node_index(NULL, &source_arena);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("source");
	tcase_add_test(cases, lines_end_as_libyaml_counts_them);
	tcase_add_test(cases, places_in_long_lines);
	tcase_add_test(cases, put_mappings_are_indexed);
	tcase_add_test(cases, marks_and_offsets_agree);
	tcase_add_test(cases, an_empty_source_has_one_line);
	tcase_add_loop_test(cases, nodes_compare_as_data, 0, COUNT(pairs));
	tcase_add_test(cases, reversed_mappings_compare_quickly);
	tcase_add_loop_test(cases, integers_fit_in_64_bits_or_not, 0, COUNT(integers));
	tcase_add_test(cases, own_trees_look_like_read_ones);
	tcase_add_test(cases, the_key_index_survives_colliding_keys);
	tcase_add_test(cases, real_files_are_read);
	tcase_set_timeout(cases, 60);
	return source_run("source", cases);
}
