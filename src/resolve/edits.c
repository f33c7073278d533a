#include "resolve/edits.h"

#include <stdlib.h>
#include <string.h>

void edits_init(struct edits *edits, struct arena *arena)
{
	*edits = (struct edits){ .arena = arena };
}

void edits_refuse(struct edits *edits, struct text why)
{
	if (edits->refusal.length == 0)
		edits->refusal = why;
}

bool edits_refused(const struct edits *edits)
{
	return edits->refusal.length > 0;
}

void edits_add(struct edits *edits, size_t offset, size_t length, struct text text)
{
	if (edits->count == edits->capacity) {
		size_t capacity = edits->capacity ? edits->capacity * 2 : 8;
		struct edit *items = ARENA_ARRAY(edits->arena, struct edit, capacity);
		if (!items)
			return;
		if (edits->count > 0)
			memcpy(items, edits->items, edits->count * sizeof(*items));
		edits->items = items;
		edits->capacity = capacity;
	}
	edits->items[edits->count++] = (struct edit){ offset, length, text };
}

void edits_moved(struct edits *edits, size_t from, size_t to)
{
	struct moved *moved = ARENA_NEW(edits->arena, struct moved);
	if (!moved)
		return;
	*moved = (struct moved){ .from = from, .to = to, .next = edits->moved };
	edits->moved = moved;
}

static bool was_moved(const struct edits *edits, size_t offset)
{
	for (const struct moved *moved = edits->moved; moved; moved = moved->next)
		if (moved->from <= offset && offset < moved->to)
			return true;
	return false;
}

static int compare(const void *left, const void *right)
{
	const struct edit *a = left, *b = right;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return (a->length > b->length) - (a->length < b->length);
}

bool edits_sort(struct edits *edits)
{
	if (edits->count > 0)
		qsort(edits->items, edits->count, sizeof(struct edit), compare);
	for (size_t i = 1; i < edits->count; i++)
		if (edits->items[i].offset <
			edits->items[i - 1].offset + edits->items[i - 1].length)
			return false;
	return true;
}

struct text edits_apply(struct edits *edits, struct text source)
{
	if (!edits_sort(edits))
		return (struct text){ .data = NULL };
	struct buffer out;
	buffer_init(&out, edits->arena, source.length + 256);
	size_t done = 0;
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->items[i];
		if (edit->offset + edit->length > source.length)
			return (struct text){ .data = NULL };
		buffer_add(&out, (struct text){ source.data + done, edit->offset - done });
		buffer_add(&out, edit->text);
		done = edit->offset + edit->length;
	}
	buffer_add(&out, text_from(source, done));
	return arena_failed(edits->arena) ? (struct text){ .data = NULL } : buffer_text(&out);
}

static bool only_blanks(struct text source, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (source.data[i] != ' ' && source.data[i] != '\t')
			return false;
	return true;
}

/* Behind the value nothing but a comment may follow on its line. */
static bool ends_line(struct text source, size_t offset)
{
	while (offset < source.length &&
		(source.data[offset] == ' ' || source.data[offset] == '\t'))
		offset++;
	return offset == source.length || strchr("#\r\n", source.data[offset]);
}

static bool lines_are_own(
	struct edits *edits, const struct layout *layout, const struct member *member)
{
	struct span span = member_span(member);
	size_t key = layout_offset(layout, span.start);
	if (member->via == VIA_MERGE)
		edits_refuse(edits, arena_printf(edits->arena, "%.*s comes through a merge key",
					    TEXT_ARGUMENTS(member->key)));
	else if (layout_has_properties(layout, member))
		edits_refuse(edits,
			arena_printf(edits->arena, "the value of %.*s carries an anchor or a tag",
				TEXT_ARGUMENTS(member->key)));
	else if (!only_blanks(layout->source, layout_line_start(layout, key), key) ||
		 !ends_line(layout->source, layout_offset(layout, span.end)))
		edits_refuse(edits,
			arena_printf(edits->arena, "the entry %.*s shares its lines with others",
				TEXT_ARGUMENTS(member->key)));
	return !edits_refused(edits);
}

/* Every comment of a removed entry, each on a line of its own. */
static void keep_comments(const struct edits *edits, const struct layout *layout,
	struct buffer *out, const struct member *member, size_t from, size_t to)
{
	struct text comment = layout_comment(layout, member, from, to);
	while (comment.length > 0) {
		size_t offset = (size_t)(comment.data - layout->source.data);
		if (!was_moved(edits, offset)) {
			buffer_add_repeated(out, ' ', member->key_span.start.column);
			buffer_add(out, comment);
			buffer_add_string(out, layout->newline);
		}
		comment = layout_comment(layout, member, offset + comment.length, to);
	}
}

void edits_remove_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text replacement)
{
	if (!lines_are_own(edits, layout, member))
		return;
	struct span span = member_span(member);
	size_t key = layout_offset(layout, span.start);
	size_t from = layout_line_start(layout, key);
	size_t to = layout_line_end(layout, layout_offset(layout, span.end));
	struct buffer text;
	buffer_init(&text, edits->arena, 0);
	keep_comments(edits, layout, &text, member, key, to);
	buffer_add(&text, replacement);
	bool unfinished =
		to == layout->source.length && (to == 0 || layout->source.data[to - 1] != '\n');
	size_t newline = strlen(layout->newline);
	if (unfinished && text.length >= newline)
		text.length -= newline;
	else if (unfinished && from >= newline)
		from -= newline;
	edits_add(edits, from, to - from, buffer_text(&text));
}

/* The comma behind an offset, past blanks and comments; SIZE_MAX when something else comes first. */
static size_t comma_behind(const struct layout *layout, size_t offset)
{
	struct text source = layout->source;
	for (; offset < source.length; offset++) {
		if (source.data[offset] == '#')
			while (offset + 1 < source.length && source.data[offset + 1] != '\n')
				offset++;
		else if (source.data[offset] == ',')
			return offset;
		else if (!strchr(" \t\r\n", source.data[offset]))
			break;
	}
	return SIZE_MAX;
}

static void remove_comma(struct edits *edits, const struct layout *layout, size_t comma)
{
	size_t end = comma + 1;
	while (end < layout->source.length && layout->source.data[end] == ' ')
		end++;
	edits_add(edits, comma, end - comma, TEXT(""));
}

static void remove_flow_entry(
	struct edits *edits, const struct layout *layout, const struct member *member)
{
	if (member->via == VIA_MERGE || layout_has_properties(layout, member)) {
		edits_refuse(edits,
			arena_printf(edits->arena,
				"%.*s comes through a merge key, or carries an anchor or a tag",
				TEXT_ARGUMENTS(member->key)));
		return;
	}
	struct span span = member_span(member);
	size_t from = layout_offset(layout, span.start);
	size_t to = layout_offset(layout, span.end);
	edits_add(edits, from, to - from, TEXT(""));
}

void edits_remove_flow(struct edits *edits, const struct layout *layout, const struct node *mapping,
	const bool *removed)
{
	const struct member *kept = NULL;
	for (uint32_t i = 0; i < mapping->count; i++) {
		const struct member *member = &mapping->members[i];
		if (!removed[i]) {
			kept = member->via == VIA_MERGE ? kept : member;
			continue;
		}
		remove_flow_entry(edits, layout, member);
		size_t comma = comma_behind(layout, layout_offset(layout, member_span(member).end));
		bool last = comma == SIZE_MAX;
		if (last && kept)
			comma = comma_behind(layout, layout_offset(layout, member_span(kept).end));
		if (comma != SIZE_MAX)
			remove_comma(edits, layout, comma);
	}
}

void edits_replace_scalar(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	struct text written = layout_slice(layout, member->value_span);
	if (member->via == VIA_MERGE || layout_has_properties(layout, member)) {
		edits_refuse(edits,
			arena_printf(edits->arena,
				"%.*s comes through a merge key, or carries an anchor or a tag",
				TEXT_ARGUMENTS(member->key)));
		return;
	}
	if (member->value->quoted && !text_starts_with(written, "\"") &&
		!text_starts_with(written, "'")) {
		edits_refuse(edits, arena_printf(edits->arena, "%.*s is written as a block scalar",
					    TEXT_ARGUMENTS(member->key)));
		return;
	}
	size_t from = layout_offset(layout, member->value_span.start);
	bool quoted = member->via == VIA_DIRECT && member->value->quoted;
	edits_add(edits, from + quoted, written.length - 2 * quoted, text);
}

void edits_insert_behind(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	if (member->via == VIA_MERGE) {
		edits_refuse(edits, arena_printf(edits->arena, "%.*s comes through a merge key",
					    TEXT_ARGUMENTS(member->key)));
		return;
	}
	size_t end = layout_offset(layout, member_span(member).end);
	if (layout->root->flow) {
		edits_add(
			edits, end, 0, arena_printf(edits->arena, ", %.*s", TEXT_ARGUMENTS(text)));
		return;
	}
	size_t line = layout_line_end(layout, end);
	bool unfinished = line == 0 || layout->source.data[line - 1] != '\n';
	size_t newline = strlen(layout->newline);
	if (unfinished)
		text = arena_printf(edits->arena, "%s%.*s", layout->newline,
			(int)(text.length - newline), text.data);
	edits_add(edits, line, 0, text);
}
