#include "source/document.h"

#include "source/anchors.h"
#include "source/encoding.h"
#include "source/lines.h"
#include "source/scalar.h"
#include "source/tabs.h"
#include "source/tag.h"
#include "source/tree.h"

#include <string.h>
#include <yaml.h>

struct reader {
	struct tree tree;
	struct arena *arena;
	yaml_parser_t parser;
	struct lines lines;   /* made when first needed */
	struct cursor cursor; /* behind the last key whose value is empty */
	struct anchors anchors;
	struct tabs tabs;
	bool began; /* a document */
};

static struct mark mark_of(const yaml_mark_t *mark)
{
	return (struct mark){ .line = (uint32_t)mark->line, .column = (uint32_t)mark->column };
}

static struct span span_of(const yaml_event_t *event)
{
	return (struct span){ mark_of(&event->start_mark), mark_of(&event->end_mark) };
}

static struct text text_of_yaml(const yaml_char_t *string)
{
	return text_of((const char *)string);
}

static const struct lines *lines_of(struct reader *reader)
{
	if (reader->lines.count == 0)
		lines_index(&reader->lines, reader->arena, reader->tree.document->bytes);
	return &reader->lines;
}

/* At its end, libyaml adds a line to a text whose last one is open. */
static struct mark mark_within(struct reader *reader, struct mark mark)
{
	const struct lines *lines = lines_of(reader);
	return mark.line < lines->count ? mark : lines_mark(lines, lines->source.length);
}

static bool syntax_fault(struct reader *reader, struct span span, struct text detail)
{
	return tree_fault(&reader->tree, FAULT_SYNTAX, span, detail);
}

/* --- what libyaml refuses --- */

static void reader_fault(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	struct text detail =
		parser->problem_value >= 0
			? arena_printf(reader->arena, "the character U+%04X is not allowed",
				  (unsigned)parser->problem_value)
			: arena_copy(reader->arena, text_of(parser->problem));
	encoding_fault(&reader->tree, FAULT_SYNTAX, parser->problem_offset, detail);
}

static void parser_fault(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) {
		arena_fail(reader->arena);
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		reader_fault(reader);
		return;
	}
	struct mark mark = mark_within(reader, mark_of(&parser->problem_mark));
	const char *problem = parser->problem ? parser->problem : "not valid YAML";
	struct text detail;
	if (!parser->context)
		detail = arena_copy(reader->arena, text_of(problem));
	else if (parser->context_mark.line == parser->problem_mark.line)
		detail = arena_printf(reader->arena, "%s %s", problem, parser->context);
	else
		detail = arena_printf(reader->arena, "%s %s that begins in line %zu", problem,
			parser->context, parser->context_mark.line + 1);
	syntax_fault(reader, (struct span){ mark, mark }, detail);
}

/* --- anchors --- */

static bool add_anchor(
	struct reader *reader, const yaml_char_t *name, struct node *node, struct span span)
{
	if (!name)
		return true;
	struct text key = arena_copy(reader->arena, text_of_yaml(name));
	if (anchors_find(&reader->anchors, key))
		return syntax_fault(reader, span,
			arena_printf(
				reader->arena, "the anchor '&%s' stands here twice", key.data));
	return anchors_add(&reader->anchors, reader->arena, key, node);
}

static bool key_of_node(struct reader *reader, const struct node *node, struct span span)
{
	if (node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING)
		return syntax_fault(reader, span, TEXT("a list or mapping cannot be a key"));
	struct text key = node->kind == NODE_STRING ? node->text : node->written;
	return tree_key(&reader->tree, key, span);
}

static bool take_alias(struct reader *reader, const yaml_event_t *event)
{
	struct tree *tree = &reader->tree;
	struct span span = span_of(event);
	struct text name = text_of_yaml(event->data.alias.anchor);
	struct node *node = anchors_find(&reader->anchors, name);
	if (!node)
		return syntax_fault(reader, span,
			arena_printf(reader->arena, "the alias '*%s' has no anchor before it",
				name.data));
	if (node->weight == 0)
		return tree_fault(tree, FAULT_DEPTH, span,
			arena_printf(reader->arena,
				"the alias '*%s' stands inside of the value that it names",
				name.data));
	if (tree_wants_key(tree))
		return key_of_node(reader, node, span);
	return tree_count(tree, node->weight, span) && tree_fits(tree, node->height, span) &&
	       tree_add(tree, node, span, VIA_ALIAS);
}

/* --- scalars --- */

/* Right behind the colon, or behind the key where there is none. */
static struct span empty_span(struct reader *reader, struct span span)
{
	const struct tree *tree = &reader->tree;
	const struct node *parent = tree_innermost(tree);
	if (!parent || parent->kind != NODE_MAPPING || tree_wants_key(tree) ||
		mark_before(span.start, span.end))
		return span;
	struct mark key_end = tree_key_span(tree).end;
	struct mark mark = span.start;
	if (parent->flow)
		mark = cursor_behind_colon(&reader->cursor, key_end, mark);
	else if (mark.line > key_end.line && mark.column <= parent->span.start.column)
		mark = key_end;
	return (struct span){ mark, mark };
}

static struct span scalar_span(struct reader *reader, const yaml_event_t *event)
{
	struct span span = span_of(event);
	yaml_scalar_style_t style = event->data.scalar.style;
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		span.end = lines_block_scalar_end(lines_of(reader), span);
	else if (event->data.scalar.length == 0 && style == YAML_PLAIN_SCALAR_STYLE)
		span = empty_span(reader, span);
	return span;
}

static bool unknown_tag(struct reader *reader, struct span span, struct text tag)
{
	tree_problem(&reader->tree, FAULT_UNKNOWN_TAG, span, tag_short(reader->arena, tag));
	return true;
}

static bool unfit_tag(struct reader *reader, struct span span, const char *tag)
{
	struct text name = tag_short(reader->arena, text_of(tag));
	return syntax_fault(reader, span,
		arena_printf(reader->arena, "what stands here cannot be read as '%s'", name.data));
}

/* NULL for none and for `!`, which PyYAML takes for none. */
static const char *real_tag(const yaml_char_t *tag)
{
	const char *string = (const char *)tag;
	return string && strcmp(string, "!") == 0 ? NULL : string;
}

static bool resolve_tagged(struct reader *reader, struct node *node, const char *tag)
{
	if (tag_kind(tag) == TAG_UNKNOWN) {
		node->kind = NODE_STRING;
		return unknown_tag(reader, node->span, text_of(tag));
	}
	return scalar_resolve_as(node, reader->arena, node->text, tag);
}

/* PyYAML has a tag, but no constructor, for these two. */
static void refuse_specials(struct reader *reader, const struct node *node)
{
	if (node->text.length > 2)
		return;
	if (text_is(node->text, "="))
		unknown_tag(reader, node->span, TEXT("tag:yaml.org,2002:value"));
	else if (text_is(node->text, "<<"))
		unknown_tag(reader, node->span, TEXT("tag:yaml.org,2002:merge"));
}

static struct node *scalar_node(struct reader *reader, const yaml_event_t *event, struct span span)
{
	size_t length = event->data.scalar.length;
	struct node *node = arena_take(reader->arena, sizeof(*node) + length + 1);
	if (!node)
		return NULL;
	/* libyaml's value has a NUL behind it. */
	const char *copy = memcpy(node + 1, event->data.scalar.value, length + 1);
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	*node = (struct node){ .kind = NODE_STRING, .weight = 1, .span = span, .quoted = quoted };
	node->text = (struct text){ copy, length };
	node->written = quoted ? TEXT("") : node->text;
	return node;
}

/* A key that needs no node: a string, or a plain scalar that is not anchored. */
static bool take_plain_key(struct reader *reader, const yaml_event_t *event, struct span span)
{
	struct text key = {
		.data = (const char *)event->data.scalar.value,
		.length = event->data.scalar.length,
	};
	if (event->data.scalar.plain_implicit && key.length == 2 && text_is(key, "<<")) {
		tree_merge_key(&reader->tree, span);
		return true;
	}
	return tree_key(&reader->tree, arena_copy(reader->arena, key), span);
}

static bool take_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct span span = scalar_span(reader, event);
	const char *tag = real_tag(event->data.scalar.tag);
	bool is_key = tree_wants_key(&reader->tree);
	if (is_key && !tag && !event->data.scalar.anchor)
		return take_plain_key(reader, event, span);
	if (is_key && tag && tag_kind(tag) == TAG_MERGE) {
		tree_merge_key(&reader->tree, span);
		return true;
	}
	if (!is_key && !tree_count(&reader->tree, 1, span))
		return false;
	struct node *node = scalar_node(reader, event, span);
	if (!node || !add_anchor(reader, event->data.scalar.anchor, node, span))
		return false;
	if (tag) {
		if (!resolve_tagged(reader, node, tag))
			return unfit_tag(reader, span, tag);
	} else if (event->data.scalar.plain_implicit) {
		scalar_resolve(node, reader->arena, node->text);
		if (!is_key)
			refuse_specials(reader, node);
	}
	return is_key ? key_of_node(reader, node, span)
		      : tree_add(&reader->tree, node, span, VIA_DIRECT);
}

/* --- collections --- */

static bool open_collection(struct reader *reader, const yaml_event_t *event, enum node_kind kind)
{
	struct span span = span_of(event);
	if (tree_wants_key(&reader->tree))
		return syntax_fault(reader, span, TEXT("a list or mapping cannot be a key"));
	bool mapping = kind == NODE_MAPPING;
	bool flow = mapping ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			    : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	const char *tag =
		real_tag(mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
	const yaml_char_t *anchor =
		mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct node *node = tree_open(&reader->tree, kind, flow, span);
	if (!node || !add_anchor(reader, anchor, node, span))
		return false;
	if (!tag)
		return true;
	if (tag_kind(tag) == TAG_UNKNOWN)
		return unknown_tag(reader, span, text_of(tag));
	return tag_suits(tag, kind) || unfit_tag(reader, span, tag);
}

/* --- the stream --- */

static bool take_document(struct reader *reader, const yaml_event_t *event)
{
	if (reader->began)
		return tree_fault(&reader->tree, FAULT_MULTIPLE_DOCUMENTS, span_of(event),
			TEXT("a second document begins here"));
	reader->began = true;
	return true;
}

/* False after a tab that libyaml takes and PyYAML does not. */
static bool pass_tabs(struct reader *reader, const yaml_event_t *event)
{
	struct tabs *tabs = &reader->tabs;
	bool end = event->type == YAML_STREAM_END_EVENT;
	bool scalar = event->type == YAML_SCALAR_EVENT;
	struct mark start = end ? (struct mark){ UINT32_MAX, 0 } : mark_of(&event->start_mark);
	bool plain = scalar && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!tabs->any || (!end && !scalar))
		return true;
	if (tabs_pass_gap(tabs, start) &&
		(plain ? tabs_pass_plain : tabs_pass_quoted)(tabs, mark_of(&event->end_mark)))
		return true;
	struct mark mark = tabs->cursor.mark;
	return syntax_fault(reader, (struct span){ mark, mark },
		TEXT("a tab stands where PyYAML, by which Axolotl reads, takes only spaces"));
}

/* Whether there is more to read. */
static bool take_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(reader, event);
	case YAML_MAPPING_START_EVENT:
		return open_collection(reader, event, NODE_MAPPING);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(reader, event, NODE_SEQUENCE);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return tree_close(&reader->tree, span_of(event));
	case YAML_ALIAS_EVENT:
		return take_alias(reader, event);
	case YAML_DOCUMENT_START_EVENT:
		return take_document(reader, event);
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return true;
	case YAML_STREAM_END_EVENT:
	case YAML_NO_EVENT:
		return false;
	}
	return false;
}

static void read_events(struct reader *reader)
{
	bool more = true;
	while (more && !arena_failed(reader->arena)) {
		yaml_event_t event;
		if (!yaml_parser_parse(&reader->parser, &event)) {
			parser_fault(reader);
			return;
		}
		more = pass_tabs(reader, &event) && take_event(reader, &event);
		yaml_event_delete(&event);
	}
}

static void check_root(struct reader *reader)
{
	struct tree *tree = &reader->tree;
	const struct node *root = tree->root;
	if (tree->unusable || arena_failed(reader->arena) || (root && root->kind == NODE_MAPPING))
		return;
	struct span span = root ? root->span : (struct span){ 0 };
	span.start = mark_within(reader, span.start);
	span.end = mark_within(reader, span.end);
	if (node_is_null(root))
		tree_fault(tree, FAULT_EMPTY, span, TEXT("there is nothing in it"));
	else if (root->kind == NODE_SEQUENCE)
		tree_fault(tree, FAULT_NOT_A_MAPPING, span, TEXT("a list stands at the top"));
	else
		tree_fault(
			tree, FAULT_NOT_A_MAPPING, span, TEXT("a single value stands at the top"));
}

void yaml_read(struct document *document, struct arena *arena, struct text bytes,
	const struct document_limits *limits)
{
	*document = (struct document){ .bytes = bytes };
	struct reader reader = { .arena = arena };
	tree_init(&reader.tree, document, arena, limits);
	if (encoding_check_or_convert(&reader.tree) && encoding_check_directives(&reader.tree)) {
		if (yaml_parser_initialize(&reader.parser)) {
			yaml_parser_set_input_string(&reader.parser,
				(const unsigned char *)document->bytes.data,
				document->bytes.length);
			reader.cursor = cursor_at_start(document->bytes);
			reader.tabs = tabs_at_start(document->bytes);
			read_events(&reader);
			check_root(&reader);
		} else {
			arena_fail(arena);
		}
		yaml_parser_delete(&reader.parser);
	}
	tree_finish(&reader.tree);
}
