#include "unit/render_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "source/lines.h"

struct arena arena;

static const struct document_limits limits = { .depth = 64, .nodes = 100000 };

void fixture_setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

void fixture_teardown(void)
{
	ck_assert(!arena_failed(&arena));
	arena_release(&arena);
}

struct location place_of(const char *source, const char *part, const char *path)
{
	const char *found = strstr(source, part);
	ck_assert_ptr_nonnull(found);
	struct lines lines;
	lines_index(&lines, &arena, text_of(source));
	size_t offset = (size_t)(found - source);
	struct span span = {
		.start = lines_mark(&lines, offset),
		.end = lines_mark(&lines, offset + strlen(part)),
	};
	return location_of(&lines, span, text_of(path));
}

struct location checkpoint_place_of(const char *source, const char *part, const char *path)
{
	struct location location = place_of(source, part, path);
	location.source = LOCATION_CHECKPOINT;
	return location;
}

struct location unplaced(const char *path)
{
	return (struct location){ .path = text_of(path) };
}

const struct node *tree_of(const char *yaml)
{
	struct document document;
	yaml_read(&document, &arena, text_of(yaml), &limits);
	ck_assert_ptr_nonnull(document.root);
	return document.root;
}

void expect(struct text actual, const char *expected)
{
	ck_assert_msg(text_is(actual, expected), "\n--- expected\n%s\n--- actual\n%.*s\n", expected,
		TEXT_ARGUMENTS(actual));
}

const struct node *parsed(struct text json)
{
	struct document document;
	ck_assert_uint_gt(json.length, 1);
	const char *end = memchr(json.data, '\n', json.length);
	ck_assert_ptr_eq(end, json.data + json.length - 1);
	json_read(&document, &arena, json, &limits);
	ck_assert_msg(document.root && !document.problems, "%.*s", TEXT_ARGUMENTS(json));
	return document.root;
}

const struct node *at(const struct node *node, const char *path)
{
	struct text rest = text_of(path);
	while (node && rest.length > 0) {
		const char *slash = memchr(rest.data, '/', rest.length);
		size_t length = slash ? (size_t)(slash - rest.data) : rest.length;
		struct text name = { .data = rest.data, .length = length };
		rest = text_from(rest, length + 1);
		if (node->kind == NODE_SEQUENCE) {
			unsigned long index = strtoul(name.data, NULL, 10);
			node = index < node->count ? node->items[index] : NULL;
			continue;
		}
		const struct member *member = node_member(node, name);
		node = member ? member->value : NULL;
	}
	ck_assert_msg(node != NULL, "nothing at %s", path);
	return node;
}

int run(const char *name, TCase *cases)
{
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
