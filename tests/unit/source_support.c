#include "source_support.h"

#include <string.h>

struct arena source_arena;
const struct document_limits source_limits = { .depth = 64, .nodes = 100000 };

void source_setup(void)
{
	arena_init(&source_arena, (size_t)256 << 20);
}

void source_teardown(void)
{
	arena_release(&source_arena);
}

struct document source_yaml(const char *yaml)
{
	struct document document;
	yaml_read(&document, &source_arena, text_of(yaml), &source_limits);
	return document;
}

struct document source_json(const char *json)
{
	struct document document;
	json_read(&document, &source_arena, text_of(json), &source_limits);
	return document;
}

static void dump_member(struct buffer *out, const struct member *member);

static void dump(struct buffer *out, const struct node *node)
{
	bool mapping = node->kind == NODE_MAPPING;
	switch (node->kind) {
	case NODE_NULL:
		buffer_add_string(out, "null");
		return;
	case NODE_BOOLEAN:
		buffer_add_string(out, node->boolean ? "true" : "false");
		return;
	case NODE_INTEGER:
	case NODE_FLOAT:
		buffer_add(out, node->text);
		buffer_add_string(out, node->kind == NODE_FLOAT ? "f" : "");
		return;
	case NODE_STRING:
		buffer_printf(out, "\"%.*s\"", TEXT_ARGUMENTS(node->text));
		return;
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		buffer_add_byte(out, mapping ? '{' : '[');
		for (uint32_t i = 0; i < node->count; i++) {
			buffer_add_string(out, i > 0 ? "," : "");
			if (mapping)
				dump_member(out, &node->members[i]);
			else
				dump(out, node->items[i]);
		}
		buffer_add_byte(out, mapping ? '}' : ']');
	}
}

static void dump_member(struct buffer *out, const struct member *member)
{
	static const char *const vias[] = {
		[VIA_DIRECT] = "", [VIA_ALIAS] = "*", [VIA_MERGE] = "<<"
	};
	buffer_printf(out, "%s%.*s:", vias[member->via], TEXT_ARGUMENTS(member->key));
	dump(out, member->value);
}

struct text source_dump(const struct node *node)
{
	if (!node)
		return TEXT("nothing");
	struct buffer out;
	buffer_init(&out, &source_arena, 0);
	dump(&out, node);
	return buffer_text(&out);
}

struct text source_place(struct span span)
{
	return arena_printf(&source_arena, "%u:%u-%u:%u", span.start.line + 1,
		span.start.column + 1, span.end.line + 1, span.end.column + 1);
}

void source_assert(struct text text, const char *expected)
{
	ck_assert_msg(text_is(text, expected), "got %.*s\nnot %s", TEXT_ARGUMENTS(text), expected);
}

int source_run(const char *name, TCase *cases)
{
	Suite *suite = suite_create(name);
	tcase_add_checked_fixture(cases, source_setup, source_teardown);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
