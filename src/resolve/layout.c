#include "resolve/edits.h"
#include "source/lines.h"

#include <string.h>

static const char *line_end_of(struct text source)
{
	size_t at = 0;
	while (at < source.length && source.data[at] != '\n' && source.data[at] != '\r')
		at++;
	if (at == source.length || source.data[at] == '\n')
		return "\n";
	return at + 1 < source.length && source.data[at + 1] == '\n' ? "\r\n" : "\r";
}

/* Columns by which the first nested block mapping is indented, 2 when there is none. */
static unsigned step_of(const struct node *root)
{
	for (uint32_t i = 0; root && i < root->count; i++) {
		const struct member *member = &root->members[i];
		const struct node *value = member->value;
		if (member->via != VIA_DIRECT || value->kind != NODE_MAPPING || value->flow ||
			value->count == 0)
			continue;
		uint32_t outer = member->key_span.start.column;
		uint32_t inner = value->members[0].key_span.start.column;
		if (inner > outer && inner - outer <= 8)
			return inner - outer;
	}
	return 2;
}

struct layout layout_of(
	struct arena *arena, struct text source, const struct lines *lines, const struct node *root)
{
	struct layout layout = {
		.arena = arena,
		.source = source,
		.lines = lines,
		.root = root,
		.newline = line_end_of(source),
		.step = step_of(root),
	};
	if (root->flow && root->count > 0) {
		struct text key = layout_slice(&layout, root->members[0].key_span);
		layout.json = text_starts_with(key, "\"");
	}
	return layout;
}

size_t layout_offset(const struct layout *layout, struct mark mark)
{
	return lines_offset(layout->lines, mark);
}

struct text layout_slice(const struct layout *layout, struct span span)
{
	size_t from = layout_offset(layout, span.start);
	size_t to = layout_offset(layout, span.end);
	return (struct text){ layout->source.data + from, to > from ? to - from : 0 };
}

size_t layout_line_start(const struct layout *layout, size_t offset)
{
	uint32_t line = lines_mark(layout->lines, offset).line;
	return line < layout->lines->count ? layout->lines->starts[line] : 0;
}

size_t layout_line_end(const struct layout *layout, size_t offset)
{
	uint32_t next = lines_mark(layout->lines, offset).line + 1;
	return next < layout->lines->count ? layout->lines->starts[next] : layout->source.length;
}

size_t layout_skip_blank_lines(const struct layout *layout, size_t offset)
{
	while (offset < layout->source.length) {
		size_t end = layout_line_end(layout, offset);
		struct text line = { layout->source.data + offset, end - offset };
		if (text_trim(line).length > 0)
			break;
		offset = end;
	}
	return offset;
}

size_t layout_indentation(const struct layout *layout, const struct member *member)
{
	size_t start = layout_line_start(layout, layout_offset(layout, member->key_span.start));
	size_t end = start;
	while (end < layout->source.length && layout->source.data[end] == ' ')
		end++;
	return end - start;
}

bool layout_line_ended(const struct layout *layout, size_t offset)
{
	struct mark mark = lines_mark(layout->lines, offset);
	return mark.column == 0 && mark.line > 0;
}

enum gap layout_gap_of(const struct layout *layout, const struct node *value)
{
	struct text text = layout_slice(layout, value->span);
	bool collection = value->kind == NODE_MAPPING || value->kind == NODE_SEQUENCE;
	if (collection && (value->flow || value->count == 0))
		return GAP_NONE;
	if (value->kind == NODE_MAPPING)
		return layout_gap_behind(layout, &value->members[value->count - 1]);
	if (value->kind == NODE_SEQUENCE)
		return layout_gap_of(layout, value->items[value->count - 1]);
	if (!value->quoted || !(text_starts_with(text, "|") || text_starts_with(text, ">")))
		return GAP_NONE;
	size_t header = 1;
	while (header < text.length && strchr("123456789+-", text.data[header]))
		header++;
	bool kept = text_contains((struct text){ text.data, header }, "+");
	return kept ? GAP_KEPT : GAP_SCALAR;
}

enum gap layout_gap_behind(const struct layout *layout, const struct member *member)
{
	return member->via == VIA_DIRECT ? layout_gap_of(layout, member->value) : GAP_NONE;
}

bool layout_adjoins(const struct layout *layout, const struct node *mapping, uint32_t entry)
{
	const struct member *member = &mapping->members[entry];
	if (entry + 1 == mapping->count || member->via == VIA_MERGE)
		return true;
	struct mark next = mapping->members[entry + 1].key_span.start;
	size_t from = layout_line_end(layout, layout_offset(layout, member_span(member).end));
	size_t to = layout_line_start(layout, layout_offset(layout, next));
	struct text between = { layout->source.data + from, to > from ? to - from : 0 };
	return text_trim(between).length == 0;
}

static bool has_property(const struct layout *layout, struct span span)
{
	struct text text = layout_slice(layout, span);
	return text_starts_with(text, "&") || text_starts_with(text, "!");
}

static bool node_has_properties(const struct layout *layout, const struct node *node)
{
	if (has_property(layout, node->span))
		return true;
	for (uint32_t i = 0; node->kind == NODE_SEQUENCE && i < node->count; i++)
		if (node_has_properties(layout, node->items[i]))
			return true;
	for (uint32_t i = 0; node->kind == NODE_MAPPING && i < node->count; i++)
		if (layout_has_properties(layout, &node->members[i]))
			return true;
	return false;
}

bool layout_has_properties(const struct layout *layout, const struct member *member)
{
	return member->via == VIA_DIRECT && (has_property(layout, member->key_span) ||
						    node_has_properties(layout, member->value));
}

/* The end of the scalar that begins at or before `offset` and reaches beyond it; `offset` itself when there is none. */
static size_t skip_scalar(const struct layout *layout, struct span span, size_t offset)
{
	size_t from = layout_offset(layout, span.start);
	size_t to = layout_offset(layout, span.end);
	return from <= offset && offset < to ? to : offset;
}

/* A block scalar's first line may hold a comment. */
static bool in_header(const struct layout *layout, const struct node *node, size_t offset)
{
	struct text text = layout_slice(layout, node->span);
	bool block = text_starts_with(text, "|") || text_starts_with(text, ">");
	return node->quoted && block &&
	       offset < layout_line_end(layout, layout_offset(layout, node->span.start));
}

static size_t skip_node(const struct layout *layout, const struct node *node, size_t offset);

static size_t skip_member(const struct layout *layout, const struct member *member, size_t offset)
{
	if (member->via == VIA_MERGE)
		return offset;
	size_t end = skip_scalar(layout, member->key_span, offset);
	if (end != offset || member->via == VIA_ALIAS)
		return end;
	return skip_node(layout, member->value, offset);
}

static size_t skip_node(const struct layout *layout, const struct node *node, size_t offset)
{
	if (node->kind != NODE_MAPPING && node->kind != NODE_SEQUENCE)
		return in_header(layout, node, offset) ? offset
						       : skip_scalar(layout, node->span, offset);
	if (skip_scalar(layout, node->span, offset) == offset)
		return offset;
	size_t end = offset;
	for (uint32_t i = 0; i < node->count && end == offset; i++)
		end = node->kind == NODE_MAPPING ? skip_member(layout, &node->members[i], offset)
						 : skip_node(layout, node->items[i], offset);
	return end;
}

static bool comment_begins(const struct layout *layout, size_t offset)
{
	const char *data = layout->source.data;
	if (data[offset] != '#')
		return false;
	return offset == 0 || strchr(" \t\r\n", data[offset - 1]) != NULL;
}

static size_t comment_end(const struct layout *layout, size_t offset, size_t to)
{
	while (offset < to && line_end_length(layout->source, offset) == 0)
		offset++;
	return offset;
}

struct text layout_comment(
	const struct layout *layout, const struct member *member, size_t from, size_t to)
{
	for (size_t i = from; i < to;) {
		size_t end = skip_member(layout, member, i);
		if (end == i && comment_begins(layout, i))
			return (struct text){ layout->source.data + i,
				comment_end(layout, i, to) - i };
		i = end > i ? end : i + 1;
	}
	return TEXT("");
}
