/* What stands in the block against what its method reads there; anything else is told with its place. */
#include "checkpoint/declaration/fields.h"

#include "base/buffer.h"
#include "checkpoint/declaration/scheme.h"
#include "checkpoint/declaration/torchao.h"

#include <string.h>

static const char *const kind_names[] = {
	[NODE_NULL] = "null",
	[NODE_BOOLEAN] = "true or false",
	[NODE_INTEGER] = "a whole number",
	[NODE_FLOAT] = "a float",
	[NODE_STRING] = "a string",
	[NODE_SEQUENCE] = "a list",
	[NODE_MAPPING] = "an object",
};

#define KIND_COUNT (sizeof(kind_names) / sizeof(kind_names[0]))

/* "a string or null" */
static const char *kinds_words(struct arena *arena, unsigned kinds)
{
	struct buffer out;
	buffer_init(&out, arena, 64);
	bool first = true;
	for (size_t kind = KIND_COUNT; kind-- > 0;) {
		if (!(kinds & 1u << kind) || (kind == NODE_NULL && !first))
			continue;
		if (!first)
			buffer_add_string(&out, " or ");
		buffer_add_string(&out, kind_names[kind]);
		first = false;
	}
	if (kinds != K_NULL && (kinds & K_NULL))
		buffer_add_string(&out, " or null");
	buffer_add_byte(&out, '\0');
	const char *text = buffer_text(&out).data;
	return text ? text : "";
}

static const char *expectation(struct arena *arena, unsigned kinds, const struct node *found)
{
	if ((kinds & K_NAMES) == K_NAMES && found->kind == NODE_STRING)
		return "a list is expected; a string there is read letter by letter";
	return arena_printf(arena, "%s is expected", kinds_words(arena, kinds)).data;
}

static const char *takes_words(struct arena *arena, const struct field *field)
{
	return field->takes ? limit_words(arena, field->takes) : kinds_words(arena, field->kinds);
}

/* A block that transformers gives to the method's own class. */
static void report_refused(
	struct inspector *inspector, const struct field *field, const struct place *place)
{
	struct arena *arena = inspector->arena;
	inspector_refuse(inspector, place,
		arena_printf(arena, "%s takes %s and raises on anything else",
			inspector->checkpoint->method->config_class, takes_words(arena, field))
			.data);
}

static void report_value(
	struct inspector *inspector, const struct field *field, const struct place *place)
{
	const char *otherwise = field->otherwise == refused || !field->otherwise
					? "transformers does not read it here"
					: field->otherwise;
	inspector_report(inspector, CHECKPOINT_VALUE_ODD, place,
		arena_printf(inspector->arena, "%s is expected; %s",
			limit_words(inspector->arena, field->takes), otherwise)
			.data);
}

/* Lists have limits of their own only where their length counts. For Python 4.0 is 4. */
static bool within(const struct field *field, const struct node *node)
{
	bool typed = field->kinds & 1u << node->kind;
	bool list = node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING;
	if (!field->takes || (list && !strchr(field->takes, '[')))
		return typed;
	return (typed || node->kind == NODE_FLOAT) && limit_allows(field->takes, node);
}

static void check_value(
	struct inspector *inspector, const struct field *field, const struct place *place)
{
	bool typed = field->kinds & 1u << place->node->kind, fits = within(field, place->node);
	if (!fits && field->otherwise == refused && inspector->refusable)
		report_refused(inspector, field, place);
	else if (!typed)
		inspector_report(inspector, CHECKPOINT_WRONG_TYPE, place,
			expectation(inspector->arena, field->kinds, place->node));
	else if (!fits)
		report_value(inspector, field, place);
	else if (place->node->kind == NODE_INTEGER &&
		 place->node->text.length > SCHEME_DIGITS_MAXIMUM)
		inspector_report(inspector, CHECKPOINT_VALUE_ODD, place,
			"a number so large counts nothing, and is left out here");
}

/* As deep as the table's longest path. */
static void check_path(struct inspector *inspector, const struct field *field,
	const struct place *place, const char *path)
{
	const struct node *node = place->node;
	if (!*path) {
		check_value(inspector, field, place);
		return;
	}
	if (node->kind != NODE_MAPPING && node->kind != NODE_SEQUENCE)
		return;
	size_t length = strcspn(path, "/");
	const char *rest = path + length + (path[length] == '/');
	bool every = length == 1 && path[0] == '*';
	/* A list where an object is usual (quark's two specs): the path goes through its items. */
	if (node->kind == NODE_SEQUENCE) {
		for (uint32_t i = 0; i < node->count; i++) {
			struct place item = place_item(place, i);
			if (every || item.node->kind == NODE_MAPPING)
				check_path(inspector, field, &item, every ? rest : path);
		}
		return;
	}
	const struct member *named = node_member(node, (struct text){ path, length });
	const struct member *member = every ? node->members : named;
	for (uint32_t left = every ? node->count : named != NULL; left > 0; left--, member++) {
		struct place next = place_of_member(place, member);
		check_path(inspector, field, &next, rest);
	}
}

/* A row of the method's own stands for the one of all methods. */
static bool has_own_row(enum method method, const char *path)
{
	for (size_t i = 0; i < field_row_count; i++)
		if (field_rows[i].method == method && strcmp(field_rows[i].path, path) == 0)
			return true;
	return false;
}

static bool applies(const struct field *field, enum method method)
{
	if (field->method != METHOD_NONE)
		return field->method == method;
	return method == METHOD_NONE || !has_own_row(method, field->path);
}

void inspect_fields(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	const struct method_row *row = checkpoint->method;
	enum method method = row ? row->method : METHOD_NONE;
	inspector->refusable = checkpoint->config_class != NULL;
	for (size_t i = 0; i < field_row_count; i++)
		if (applies(&field_rows[i], method))
			check_path(inspector, &field_rows[i], inspector->block_place,
				field_rows[i].path);
	if (method == METHOD_TORCHAO && inspector->refusable)
		inspect_torchao(inspector);
}

static bool is_items_of(const char *path, struct text key)
{
	return strlen(path) == key.length + 2 && memcmp(path, key.data, key.length) == 0 &&
	       strcmp(path + key.length, "/*") == 0;
}

static bool items_within(const struct field *field, const struct node *list)
{
	for (uint32_t i = 0; list->kind == NODE_SEQUENCE && i < list->count; i++)
		if (!within(field, list->items[i]))
			return false;
	return true;
}

const char *method_refuses(
	struct arena *arena, enum method method, struct text key, const struct node *value)
{
	for (size_t i = 0; i < field_row_count; i++) {
		const struct field *field = &field_rows[i];
		bool fits = true;
		if (field->method != method || field->otherwise != refused)
			continue;
		if (text_is(key, field->path))
			fits = within(field, value);
		else if (is_items_of(field->path, key))
			fits = items_within(field, value);
		if (!fits)
			return takes_words(arena, field);
	}
	return NULL;
}

const char *method_misreads(
	struct arena *arena, enum method method, struct text key, const struct node *value)
{
	for (size_t i = 0; i < field_row_count; i++) {
		const struct field *field = &field_rows[i];
		if (!applies(field, method) || field->otherwise == refused ||
			!text_is(key, field->path) || within(field, value))
			continue;
		if (!(field->kinds & 1u << value->kind) || !field->takes)
			return expectation(arena, field->kinds, value);
		return arena_printf(arena, "%s is expected; %s", limit_words(arena, field->takes),
			field->otherwise ? field->otherwise : "it is not read as it is meant")
			.data;
	}
	return NULL;
}
