/* YAML trees: structure, merges, places. */
#include "source_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *yaml;
	const char *expected;
} trees[] = {
	{ "a: 1\nb: [x, 'y', {c: }]\n", "{a:1,b:[\"x\",\"y\",{c:null}]}" },
	{ "---\na: 1\n...\n", "{a:1}" },
	{ "%YAML 1.2\n---\na: 1\n", "{a:1}" },
	{ "# c\na: \"017\"\nb: '~'\nc: \"yes\"\n", "{a:\"017\",b:\"~\",c:\"yes\"}" },
	{ "a: |\n  true\nb: >-\n  1\n  2\n", "{a:\"true\n\",b:\"1 2\"}" },
	{ "a: x\n  y\n", "{a:\"x y\"}" },
	{ "1: a\ntrue: b\n~: c\n1.50: d\n", "{1:\"a\",true:\"b\",~:\"c\",1.50:\"d\"}" },
	{ "{}", "{}" },
	{ "{a, b: 1}", "{a:null,b:1}" },
	{ "? a\n? b\n: c\n", "{a:null,b:\"c\"}" },
	{ "a: &x [1]\nb: *x\n", "{a:[1],*b:[1]}" },
	{ "&k a: 1\nb: *k\n", "{a:1,*b:\"a\"}" },
	{ "a: &k b\n*k : 1\n", "{a:\"b\",b:1}" },
	{ "a: &k 017\n*k : 1\n", "{a:15,017:1}" },
	{ "a: !!str 1\nb: !!int '2'\n!!str c: !!float 3\n", "{a:\"1\",b:2,c:3.0f}" },
	{ "a: ! 1\nb: ! [1]\nc: ! 'x'\n", "{a:1,b:[1],c:\"x\"}" },
	{ "a: !!seq [1]\nb: !!map {c: 1}\nd: !!set {e}\n", "{a:[1],b:{c:1},d:{e:null}}" },
	{ "a: !!omap [b: 1]\nc: !!pairs [d: 1]\n", "{a:[{b:1}],c:[{d:1}]}" },
	{ "%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 1\n", "{a:\"1\"}" },
	{ "\xEF\xBB\xBF"
	  "a: 1\n",
		"{a:1}" },
	/* Tabs, where PyYAML takes them. */
	{ "a: 'b\tc' # \t\nd: \"\te\"\nf: |2 # \t\n  \tg\t\n\n\nh: 1 #\ti",
		"{a:\"b\tc\",d:\"\te\",f:\"\tg\t\n\",h:1}" },
	{ "a: 'b\n\tc'\nd: !!str \"\t\"\n# \t\n", "{a:\"b c\",d:\"\t\"}" },
	/* Merges: what is merged comes first, own keys win in its place. */
	{ "x: &x {a: 1, b: 2}\ny: {c: 3, b: 4, <<: *x}\n", "{x:{a:1,b:2},y:{<<a:1,b:4,c:3}}" },
	{ "<<: {a: 1}\nb: 2\n", "{<<a:1,b:2}" },
	{ "b: 2\n<<: {a: {c: 1}}\n", "{<<a:{c:1},b:2}" },
	{ "<<: [{a: 1, b: 1}, {b: 2, c: 2}]\n", "{<<b:1,<<c:2,<<a:1}" },
	{ "<<: {a: 1, b: 1}\n<<: {b: 2}\n", "{<<a:1,<<b:2}" },
	{ "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y}\n",
		"{x:{a:1},y:{<<a:1,b:2},z:{<<a:1,<<b:2}}" },
	{ "<<: {}\n", "{}" },
	{ "<<: []\na: 1\n", "{a:1}" },
	{ "'<<': 1\n", "{<<:1}" },
	{ "!!str <<: 1\n", "{<<:1}" },
	{ "!!merge x: {a: 1}\n", "{<<a:1}" },
};

START_TEST(trees_are_read)
{
	struct document document = source_yaml(trees[_i].yaml);
	ck_assert_ptr_null(document.problems);
	ck_assert(!arena_failed(&source_arena));
	source_assert(source_dump(document.root), trees[_i].expected);
}
END_TEST

static const struct {
	const char *yaml;
	const char *path; /* keys and indices, separated by blanks */
	const char *key;  /* the last key's place, "" of an item */
	const char *value;
} places[] = {
	{ "a: 1\n", "a", "1:1-1:2", "1:4-1:5" },
	{ "a:\nb: 1\n", "a", "1:1-1:2", "1:3-1:3" },
	{ "? a\n? b\n", "a", "1:3-1:4", "1:4-1:4" },
	{ "x:\n  ? a\n  ? b\ny: 1\n", "x b", "3:5-3:6", "3:6-3:6" },
	{ "? a\n:\n", "a", "1:3-1:4", "2:2-2:2" },
	{ "{a, b: }", "b", "1:5-1:6", "1:7-1:7" },
	{ "{a , b: }", "a", "1:2-1:3", "1:3-1:3" },
	{ "{\"\xC3\xA9\":}", "\xC3\xA9", "1:2-1:5", "1:6-1:6" },
	{ "{? a # :\n :\n }", "a", "1:4-1:5", "2:3-2:3" },
	{ "{a: &x , b}", "a", "1:2-1:3", "1:5-1:7" },
	{ "a:\n  b: 1\n  c: 2 # c\n\nd: 3\n", "a", "1:1-1:2", "2:3-3:7" },
	{ "a:\n  b:\n    c:\nd: 3\n", "a", "1:1-1:2", "2:3-3:7" },
	{ "a:\n- x\n- y\n\nd: 3\n", "a", "1:1-1:2", "2:1-3:4" },
	{ "a: [x, \n y ] # c\n", "a", "1:1-1:2", "1:4-2:5" },
	{ "a: [x, y]\n", "a 1", "", "1:8-1:9" },
	{ "a: [b: c , d]\n", "a 0", "", "1:5-1:9" },
	{ "a: {b: 1}\nc: 1\n", "a", "1:1-1:2", "1:4-1:10" },
	{ "a: |\n  x\n  yz\n\n\nb: 1\n", "a", "1:1-1:2", "1:4-3:5" },
	{ "a: |+\n  x\n\n# c\n\nb: 1\n", "a", "1:1-1:2", "1:4-2:4" },
	{ "a: >-\n  x", "a", "1:1-1:2", "1:4-2:4" },
	{ "a: |2- # c\nb: 1\n", "a", "1:1-1:2", "1:4-1:7" },
	{ "- \n", "", "", "" },
	{ "a: 'x\n  y'\n", "a", "1:1-1:2", "1:4-2:5" },
	{ "\xC3\xA9: \xE2\x82\xAC\xF0\x9F\x98\x80 \n", "\xC3\xA9", "1:1-1:2", "1:4-1:6" },
	{ "\xEF\xBB\xBF"
	  "a: b\n",
		"a", "1:1-1:2", "1:4-1:5" },
	{ "a: 1\r\nb: 2\rc: 3\n", "c", "3:1-3:2", "3:4-3:5" },
	{ "# \xC2\x85"
	  "# \xE2\x80\xA8"
	  "# \xE2\x80\xA9"
	  "a: 1\n",
		"a", "4:1-4:2", "4:4-4:5" },
	{ "a: &x {b: 1}\nc: *x\n", "c", "2:1-2:2", "2:4-2:6" },
	{ "a: &x {b: 1}\nc:\n  <<: *x\n", "c b", "3:3-3:5", "3:7-3:9" },
	{ "a: &x {b: 1}\nc:\n  <<: *x\n", "c", "2:1-2:2", "3:3-3:9" },
	{ "a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n", "c b", "4:3-4:4", "4:6-4:7" },
	{ "a: 1\nb: 2\na: 3\n", "a", "3:1-3:2", "3:4-3:5" },
};

START_TEST(places_are_told)
{
	struct document document = source_yaml(places[_i].yaml);
	const struct node *node = document.root;
	struct span key = { 0 };
	struct span value = { 0 };
	char path[32];
	snprintf(path, sizeof(path), "%s", places[_i].path);
	if (!*path) {
		ck_assert_ptr_null(node);
		return;
	}
	char *rest = path;
	for (char *step = strsep(&rest, " "); step; step = strsep(&rest, " ")) {
		ck_assert_ptr_nonnull(node);
		if (node->kind == NODE_SEQUENCE) {
			node = node->items[strtoul(step, NULL, 10)];
			value = node->span;
			continue;
		}
		const struct member *member = node_member(node, text_of(step));
		ck_assert_ptr_nonnull(member);
		key = member->key_span;
		value = member->value_span;
		node = member->value;
	}
	if (*places[_i].key)
		source_assert(source_place(key), places[_i].key);
	source_assert(source_place(value), places[_i].value);
}
END_TEST

START_TEST(a_shared_value_tells_where_it_was_written)
{
	struct document document = source_yaml("a: &x {b: 1}\nc: *x\nd: {<<: *x}\n");
	const struct node *c = node_get(document.root, "c");
	ck_assert_ptr_eq(c, node_get(document.root, "a"));
	source_assert(source_place(c->span), "1:4-1:13");
	const struct node *merged = node_get(node_get(document.root, "d"), "b");
	ck_assert_ptr_eq(merged, node_get(c, "b"));
	const struct member *member = node_member(document.root, TEXT("c"));
	source_assert(source_place(member_span(member)), "2:1-2:6");
}
END_TEST

START_TEST(weights_and_heights_count_aliases)
{
	struct document document = source_yaml("a: &x [1, [2]]\nb: *x\nc: {d: *x, e: {}}\n");
	ck_assert_uint_eq(node_get(document.root, "a")->weight, 4);
	ck_assert_uint_eq(node_get(document.root, "a")->height, 2);
	ck_assert_uint_eq(node_get(document.root, "c")->weight, 6);
	ck_assert_uint_eq(document.root->weight, 15);
	ck_assert_uint_eq(document.root->height, 4);
	ck_assert_uint_eq(node_get(node_get(document.root, "c"), "e")->height, 1);
}
END_TEST

START_TEST(styles_are_kept)
{
	struct document document =
		source_yaml("a: '1'\nb: |\n  x\nc: x\nd: [1]\ne:\n- 017\nf: {}\n");
	const struct node *root = document.root;
	ck_assert(node_get(root, "a")->quoted && node_get(root, "b")->quoted);
	ck_assert(!node_get(root, "c")->quoted);
	ck_assert(node_get(root, "d")->flow && node_get(root, "f")->flow);
	ck_assert(!node_get(root, "e")->flow && !root->flow);
	source_assert(node_get(root, "e")->items[0]->written, "017");
	source_assert(node_get(root, "e")->items[0]->text, "15");
	source_assert(node_get(root, "a")->written, "");
}
END_TEST

START_TEST(utf16_is_read_as_utf8)
{
	struct text utf16 = TEXT("\xFF\xFE"
				 "a\0:\0 \0\xE9\0\n\0");
	struct document document;
	yaml_read(&document, &source_arena, utf16, &source_limits);
	source_assert(source_dump(document.root), "{a:\"\xC3\xA9\"}");
	source_assert(document.bytes, "a: \xC3\xA9\n");
}
END_TEST

START_TEST(many_keys_are_found)
{
	struct buffer yaml;
	buffer_init(&yaml, &source_arena, 0);
	for (unsigned i = 0; i < 99998; i++)
		buffer_printf(&yaml, "key%u: %u\n", i, i);
	buffer_add_string(&yaml, "key4711: x\n");
	struct document document;
	yaml_read(&document, &source_arena, buffer_text(&yaml), &source_limits);
	ck_assert_ptr_nonnull(document.root);
	ck_assert_uint_eq(document.root->count, 99998);
	source_assert(node_get(document.root, "key4711")->text, "x");
	source_assert(node_get(document.root, "key99997")->text, "99997");
	ck_assert_ptr_null(node_get(document.root, "key99998"));
	ck_assert_ptr_nonnull(document.problems);
	ck_assert_ptr_null(document.problems->next);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("yaml");
	tcase_add_loop_test(cases, trees_are_read, 0, COUNT(trees));
	tcase_add_loop_test(cases, places_are_told, 0, COUNT(places));
	tcase_add_test(cases, a_shared_value_tells_where_it_was_written);
	tcase_add_test(cases, weights_and_heights_count_aliases);
	tcase_add_test(cases, styles_are_kept);
	tcase_add_test(cases, utf16_is_read_as_utf8);
	tcase_add_test(cases, many_keys_are_found);
	return source_run("yaml", cases);
}
