/* Where the comments of a text stand: between its scalars, found in one pass over the tree. */
#include "resolve/edits.h"

#include <string.h>

struct scan {
	const struct layout *layout;
	struct layout_memory *memory;
	size_t at; /* how far the text is known */
};

static bool comment_begins(struct text source, size_t offset)
{
	if (source.data[offset] != '#')
		return false;
	return offset == 0 || strchr(" \t\r\n", source.data[offset - 1]) != NULL;
}

static size_t comment_end(struct text source, size_t offset)
{
	while (offset < source.length && line_end_length(source, offset) == 0)
		offset++;
	return offset;
}

static void scan_gap(struct scan *scan, size_t to)
{
	struct text source = scan->layout->source;
	for (size_t i = scan->at; i < to; i++) {
		if (!comment_begins(source, i))
			continue;
		size_t end = comment_end(source, i);
		scan->memory->comments[scan->memory->comment_count++] =
			(struct text){ source.data + i, end - i };
		i = end;
	}
	if (to > scan->at)
		scan->at = to;
}

/* Text in which a number sign is one; an alias leads back to what was passed before. */
static void scan_opaque(struct scan *scan, struct span span)
{
	size_t from = layout_offset(scan->layout, span.start);
	size_t to = layout_offset(scan->layout, span.end);
	if (from < scan->at)
		return;
	scan_gap(scan, from);
	scan->at = to > from ? to : from;
}

/* A block scalar's first line may hold a comment. */
static void scan_scalar(struct scan *scan, const struct node *node)
{
	struct text text = layout_slice(scan->layout, node->span);
	bool block = node->quoted && (text_starts_with(text, "|") || text_starts_with(text, ">"));
	size_t from = layout_offset(scan->layout, node->span.start);
	if (block && from >= scan->at)
		scan_gap(scan, comment_end(scan->layout->source, from));
	scan_opaque(scan, node->span);
	size_t to = layout_offset(scan->layout, node->span.end);
	if (block && to > scan->at)
		scan->at = to;
}

static void scan_node(struct scan *scan, const struct node *node);

static void scan_member(struct scan *scan, const struct member *member)
{
	scan_opaque(scan, member->key_span);
	if (member->via == VIA_DIRECT)
		scan_node(scan, member->value);
	else
		scan_opaque(scan, member->value_span);
}

static void scan_node(struct scan *scan, const struct node *node)
{
	if (node->kind != NODE_MAPPING && node->kind != NODE_SEQUENCE) {
		scan_scalar(scan, node);
		return;
	}
	if (layout_offset(scan->layout, node->span.start) < scan->at)
		return;
	const struct node *written = layout_as_written(scan->layout, node);
	for (uint32_t i = 0; written && i < written->count; i++)
		if (written->kind == NODE_MAPPING)
			scan_member(scan, &written->members[i]);
		else
			scan_node(scan, written->items[i]);
}

static void find(const struct layout *layout)
{
	size_t signs = 0;
	for (size_t i = 0; i < layout->source.length; i++)
		signs += layout->source.data[i] == '#';
	struct scan scan = { .layout = layout, .memory = layout->memory };
	scan.memory->comments = ARENA_ARRAY(layout->arena, struct text, signs);
	if (!scan.memory->comments)
		return;
	scan_node(&scan, layout->root);
	scan_gap(&scan, layout->source.length);
}

struct text layout_comment(const struct layout *layout, size_t from, size_t to)
{
	const struct layout_memory *memory = layout->memory;
	if (!memory->comments)
		find(layout);
	size_t low = 0, high = memory->comment_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((size_t)(memory->comments[middle].data - layout->source.data) < from)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < memory->comment_count &&
		     memory->comments[low].data < layout->source.data + to;
	return found ? memory->comments[low] : TEXT("");
}

bool layout_is_comment_line(const struct layout *layout, size_t start)
{
	struct text comment = layout_comment(layout, start, layout_line_end(layout, start));
	return comment.length > 0 &&
	       comment.data == layout->source.data + start + layout_blanks_at(layout, start);
}

size_t layout_comments_above(const struct layout *layout, size_t start, size_t top)
{
	while (start > top) {
		size_t above = layout_line_start(layout, start - 1);
		/* The first line begins behind a byte order mark. */
		if (above < top || above >= start || !layout_is_comment_line(layout, above))
			break;
		start = above;
	}
	return start;
}

void layout_put_comments(
	const struct layout *layout, struct buffer *out, struct text lines, size_t column)
{
	size_t at = (size_t)(lines.data - layout->source.data);
	for (size_t to = at + lines.length; at < to;) {
		size_t own = at + layout_blanks_at(layout, at);
		at = layout_line_end(layout, at);
		buffer_add_repeated(out, ' ', column);
		buffer_add(out, (struct text){ layout->source.data + own, at - own });
	}
}
