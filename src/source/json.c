#include "source/document.h"

#include "base/utf8.h"
#include "source/encoding.h"
#include "source/json_scan.h"
#include "source/lines.h"
#include "source/tree.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* cJSON writes a global at each parse, has one allocator for all, and takes no memory for a fault of the text. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;
static bool starved; /* of the parse under way: memory was refused */

/* Goes over the source beside cJSON's tree, for the places and digits that cJSON forgets. */
struct walk {
	struct tree *tree;
	struct cursor cursor;
	bool ascii; /* each character of the source is one byte, and no line ends but LF and CR */
};

static void step(struct walk *walk)
{
	cursor_step(&walk->cursor);
}

/* Over visible characters of ASCII. */
static void pass(struct walk *walk, size_t count)
{
	walk->cursor.at += count;
	walk->cursor.mark.column += (uint32_t)count;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct walk *walk)
{
	struct cursor *cursor = &walk->cursor;
	while (cursor->at < cursor->source.length && is_blank(cursor->source.data[cursor->at]))
		cursor_step(cursor);
}

/* Most of a string is plain ASCII: over that without looking at each step. */
static void skip_plain(struct walk *walk)
{
	pass(walk, utf8_plain_run(text_from(walk->cursor.source, walk->cursor.at)));
}

static bool at_byte(const struct walk *walk, char byte)
{
	const struct cursor *cursor = &walk->cursor;
	return cursor->at < cursor->source.length && cursor->source.data[cursor->at] == byte;
}

static bool at_end(const struct walk *walk)
{
	return walk->cursor.at >= walk->cursor.source.length;
}

/* Whether it stands there as it is, without escapes. */
static bool is_verbatim(const struct walk *walk, struct text string)
{
	struct text rest = text_from(walk->cursor.source, walk->cursor.at + 1);
	return rest.length > string.length && rest.data[string.length] == '"' &&
	       memcmp(rest.data, string.data, string.length) == 0;
}

/* Over `string` in its quotes. */
static struct span walk_string(struct walk *walk, struct text string)
{
	struct span span = { .start = walk->cursor.mark };
	if (walk->ascii && is_verbatim(walk, string)) {
		pass(walk, string.length + 2);
		span.end = walk->cursor.mark;
		return span;
	}
	step(walk);
	skip_plain(walk);
	while (!at_end(walk) && !at_byte(walk, '"')) {
		if (at_byte(walk, '\\'))
			step(walk);
		step(walk);
		skip_plain(walk);
	}
	step(walk);
	span.end = walk->cursor.mark;
	return span;
}

static bool ends_bare(char c)
{
	return is_blank(c) || c == ',' || c == ']' || c == '}';
}

/* A number or a literal: up to a blank, a comma or a bracket. */
static struct text walk_bare(struct walk *walk, struct span *span)
{
	size_t start = walk->cursor.at;
	const char *data = walk->cursor.source.data;
	span->start = walk->cursor.mark;
	while (!at_end(walk) && !ends_bare(data[walk->cursor.at]))
		step(walk);
	span->end = walk->cursor.mark;
	struct text bare = { .data = data + start, .length = walk->cursor.at - start };
	return arena_copy(walk->tree->arena, bare);
}

static bool is_float(struct text digits)
{
	for (size_t i = 0; i < digits.length; i++)
		if (digits.data[i] == '.' || digits.data[i] == 'e' || digits.data[i] == 'E')
			return true;
	return false;
}

/* "NaN", "Infinity" or "-Infinity", as json_scan() let through */
static bool is_not_finite(struct text bare)
{
	return text_starts_with(bare, "N") || text_ends_with(bare, "y");
}

static bool walk_scalar(struct walk *walk, const cJSON *item)
{
	struct node *node = ARENA_NEW(walk->tree->arena, struct node);
	if (!node)
		return false;
	node->weight = 1;
	node->written = TEXT("");
	if (cJSON_IsString(item)) {
		node->kind = NODE_STRING;
		node->quoted = true;
		node->text = arena_copy(walk->tree->arena, text_of(item->valuestring));
		node->span = walk_string(walk, node->text);
		return tree_add(walk->tree, node, node->span, VIA_DIRECT);
	}
	node->written = node->text = walk_bare(walk, &node->span);
	if (cJSON_IsNumber(item) && is_not_finite(node->text))
		node->kind = NODE_STRING;
	else if (cJSON_IsNumber(item))
		node->kind = is_float(node->text) ? NODE_FLOAT : NODE_INTEGER;
	else
		node->kind = cJSON_IsBool(item) ? NODE_BOOLEAN : NODE_NULL;
	node->boolean = cJSON_IsTrue(item);
	return tree_add(walk->tree, node, node->span, VIA_DIRECT);
}

static bool walk_key(struct walk *walk, const cJSON *child)
{
	struct text key = arena_copy(walk->tree->arena, text_of(child->string));
	struct span span = walk_string(walk, key);
	skip_blanks(walk);
	pass(walk, 1); /* the colon */
	skip_blanks(walk);
	return tree_key(walk->tree, key, span);
}

static bool walk_value(struct walk *walk, const cJSON *item);

/* As deep as json_scan() allowed. */
static bool walk_collection(struct walk *walk, const cJSON *item)
{
	bool mapping = cJSON_IsObject(item);
	struct span span = { .start = walk->cursor.mark };
	pass(walk, 1);
	span.end = walk->cursor.mark;
	if (!tree_open(walk->tree, mapping ? NODE_MAPPING : NODE_SEQUENCE, true, span))
		return false;
	for (const cJSON *child = item->child; child; child = child->next) {
		skip_blanks(walk);
		if ((mapping && !walk_key(walk, child)) || !walk_value(walk, child))
			return false;
		skip_blanks(walk);
		if (at_byte(walk, ','))
			pass(walk, 1);
	}
	skip_blanks(walk);
	pass(walk, 1);
	span.end = walk->cursor.mark;
	return tree_close(walk->tree, span);
}

static bool walk_value(struct walk *walk, const cJSON *item)
{
	if (cJSON_IsObject(item) || cJSON_IsArray(item))
		return walk_collection(walk, item);
	return walk_scalar(walk, item);
}

/* Of a key that is no string, cJSON points behind the first byte. */
static size_t fault_offset(struct text source, size_t offset)
{
	if (offset == 0 || offset > source.length || !strchr(",:]}", source.data[offset - 1]))
		return offset;
	size_t before = offset - 1;
	while (before > 0 && strchr(" \t\r\n", source.data[before - 1]))
		before--;
	char last = before > 0 ? source.data[before - 1] : '\0';
	bool empty_object = source.data[offset - 1] == '}' && last == '{';
	return (last == '{' || last == ',') && !empty_object ? offset - 1 : offset;
}

static void parse_fault(struct tree *tree, size_t stopped)
{
	size_t offset = fault_offset(tree->document->bytes, stopped);
	struct text rest = text_from(tree->document->bytes, offset);
	struct text detail = TEXT("the text ends before its value does");
	if (rest.length > 0) {
		size_t length = utf8_offset(rest, 1);
		detail = arena_printf(
			tree->arena, "'%.*s' is not expected here", (int)length, rest.data);
	}
	encoding_fault(tree, FAULT_SYNTAX, offset, detail);
}

static void *take(size_t size)
{
	void *memory = malloc(size);
	starved |= !memory;
	return memory;
}

static void take_over(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = take, .free_fn = free });
}

/* `text` is terminated. cJSON's tree, or NULL and where it stopped; without memory the arena fails. */
static cJSON *parse(struct arena *arena, struct text text, size_t *ret_offset)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *end = text.data;
	pthread_once(&once, take_over);
	pthread_mutex_lock(&parsing);
	starved = false;
	/* The terminator belongs to it, or trailing text would go unseen. */
	cJSON *json = cJSON_ParseWithLengthOpts(text.data, text.length + 1, &end, true);
	if (starved)
		arena_fail(arena);
	pthread_mutex_unlock(&parsing);
	*ret_offset = end ? (size_t)(end - text.data) : 0;
	return json;
}

static void read_value(struct tree *tree)
{
	struct text source = tree->document->bytes;
	char *copy = arena_take(tree->arena, source.length + 1);
	if (!copy)
		return;
	if (source.length > 0)
		memcpy(copy, source.data, source.length);
	copy[source.length] = '\0';
	if (!json_scan(tree, source, copy))
		return;
	size_t stopped;
	cJSON *json = parse(tree->arena, (struct text){ copy, source.length }, &stopped);
	if (!json) {
		parse_fault(tree, stopped < source.length ? stopped : source.length);
		return;
	}
	struct walk walk = {
		.tree = tree,
		.cursor = cursor_at_start(source),
		.ascii = utf8_is_ascii(source),
	};
	tree->nodes = 0;
	skip_blanks(&walk);
	walk_value(&walk, json);
	cJSON_Delete(json);
}

void json_read(struct document *document, struct arena *arena, struct text bytes,
	const struct document_limits *limits)
{
	struct tree tree;
	*document = (struct document){ .bytes = bytes };
	tree_init(&tree, document, arena, limits);
	if (encoding_check(&tree))
		read_value(&tree);
	tree_finish(&tree);
}
