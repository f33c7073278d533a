#include "resolve/edits.h"
#include "source/lines.h"

#include <stdlib.h>
#include <string.h>

void edits_init(struct edits *edits, struct arena *arena)
{
	*edits = (struct edits){ .arena = arena };
}

void edits_refuse(struct edits *edits, struct mark at, struct text why)
{
	if (edits->refusal.length > 0)
		return;
	edits->refusal = why;
	edits->refused_at = at;
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
	edits->items[edits->count++] =
		(struct edit){ .offset = offset, .length = length, .text = text };
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
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

bool edits_sort(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		edits->items[i].order = i;
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

/* Before a key nothing but blanks may stand on its line, and the question mark of an explicit key. */
static bool begins_line(struct text source, size_t from, size_t to)
{
	const char *mark = memchr(source.data + from, '?', to - from);
	size_t middle = mark ? (size_t)(mark - source.data) : to;
	return only_blanks(source, from, middle) && (!mark || only_blanks(source, middle + 1, to));
}

/* Behind the value nothing but a comment may follow on its line. */
static bool ends_line(struct text source, size_t offset)
{
	while (offset < source.length &&
		(source.data[offset] == ' ' || source.data[offset] == '\t'))
		offset++;
	return offset == source.length || source.data[offset] == '#' ||
	       line_end_length(source, offset) > 0;
}

bool edits_may_change(struct edits *edits, const struct layout *layout, const struct member *member)
{
	struct text name = member->key;
	const char *why = NULL;
	if (member->via == VIA_MERGE)
		why = "comes through a merge key";
	else if (layout_has_properties(layout, member))
		why = "carries an anchor or a tag";
	if (why && member->via == VIA_DIRECT)
		name = layout_properties_path(layout, member);
	if (why)
		edits_refuse(edits, member->key_span.start,
			arena_printf(edits->arena, "%.*s %s", TEXT_ARGUMENTS(name), why));
	return !edits_refused(edits);
}

static bool lines_are_own(
	struct edits *edits, const struct layout *layout, const struct member *member)
{
	struct span span = member_span(member);
	size_t key = layout_offset(layout, span.start);
	if (edits_may_change(edits, layout, member) &&
		(!begins_line(layout->source, layout_line_start(layout, key), key) ||
			!ends_line(layout->source, layout_offset(layout, span.end))))
		edits_refuse(edits, span.start,
			arena_printf(edits->arena, "the entry %.*s shares its lines with others",
				TEXT_ARGUMENTS(member->key)));
	return !edits_refused(edits);
}

void edits_keep_comments(const struct edits *edits, const struct layout *layout, struct buffer *out,
	const struct member *member, size_t to)
{
	size_t from = layout_offset(layout, member->key_span.start);
	struct text comment = layout_comment(layout, from, to);
	while (comment.length > 0) {
		size_t offset = (size_t)(comment.data - layout->source.data);
		if (!was_moved(edits, offset)) {
			buffer_add_repeated(out, ' ', layout_indentation(layout, member));
			buffer_add(out, comment);
			buffer_add_string(out, layout->newline);
		}
		comment = layout_comment(layout, offset + comment.length, to);
	}
}

/* Blank lines whose blanks would be the text of a block scalar before them lose these. */
static void empty_lines(struct edits *edits, const struct layout *layout, size_t from, size_t to,
	const struct gap *gap)
{
	while (from < to) {
		size_t blanks = layout_blanks_at(layout, from);
		if (blanks > gap->column)
			edits_add(edits, from, blanks, TEXT(""));
		from = layout_line_end(layout, from + blanks);
	}
}

/*
 * A block scalar stands before the gap: it would take the blank lines behind the gap when it keeps them, and a comment that is
 * indented as deep as it. The lines go, such a comment moves to the entry's column.
 */
static void close_gap(struct edits *edits, const struct layout *layout, size_t *to,
	const struct member *member, struct gap gap)
{
	size_t offset = layout_skip_blank_lines(layout, *to);
	if (gap.kept)
		*to = offset;
	else
		empty_lines(edits, layout, *to, offset, &gap);
	size_t blanks = layout_blanks_at(layout, offset);
	size_t column = layout_indentation(layout, member);
	bool comment = offset + blanks < layout->source.length &&
		       layout->source.data[offset + blanks] == '#';
	if (comment && blanks > column && blanks >= gap.column)
		edits_add(edits, offset, blanks - column, TEXT(""));
}

bool edits_remove_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text replacement, struct gap gap)
{
	if (!lines_are_own(edits, layout, member))
		return false;
	struct span span = member_span(member);
	size_t from = layout_line_start(layout, layout_offset(layout, span.start));
	size_t to = layout_line_end(layout, layout_offset(layout, span.end));
	struct buffer text;
	buffer_init(&text, edits->arena, 0);
	edits_keep_comments(edits, layout, &text, member, to);
	buffer_add(&text, replacement);
	if (gap.scalar && (text.length == 0 || replacement.length > 0))
		close_gap(edits, layout, &to, member, gap);
	edits_add(edits, from, to - from, buffer_text(&text));
	return text.length == 0;
}

struct selection selection_of(struct arena *arena, const struct node *mapping)
{
	return (struct selection){
		.mapping = mapping,
		.entries = ARENA_ARRAY(arena, uint32_t, mapping->count),
	};
}

void selection_add(struct selection *selection, uint32_t entry)
{
	if (selection->entries)
		selection->entries[selection->count++] = entry;
}

/* What the text in front of an entry would make of the lines behind it. */
static struct gap gap_before(
	const struct layout *layout, const struct node *mapping, uint32_t entry)
{
	return entry > 0 && layout_adjoins(layout, mapping, entry - 1)
		       ? layout_gap_behind(layout, &mapping->members[entry - 1])
		       : NO_GAP;
}

struct gap edits_remove(
	struct edits *edits, const struct layout *layout, const struct selection *selection)
{
	const struct node *mapping = selection->mapping;
	struct gap gap = NO_GAP;
	uint32_t next = 0;
	if (mapping->flow) {
		edits_remove_flow(edits, layout, selection);
		return NO_GAP;
	}
	for (uint32_t i = 0; i < selection->count; i++) {
		uint32_t entry = selection->entries[i];
		if (i == 0 || entry != next)
			gap = gap_before(layout, mapping, entry);
		if (!edits_remove_lines(edits, layout, &mapping->members[entry], TEXT(""), gap) ||
			!layout_adjoins(layout, mapping, entry))
			gap = NO_GAP;
		next = entry + 1;
	}
	return next == mapping->count ? gap : gap_before(layout, mapping, mapping->count);
}

/* `key: >- # comment` and its lines: the word stands in place of the header's indicator. */
static void replace_block_scalar(
	struct edits *edits, const struct layout *layout, struct text written, struct text text)
{
	size_t from = (size_t)(written.data - layout->source.data);
	size_t to = layout_line_end(layout, from + written.length);
	size_t header = from;
	size_t line = layout_line_end(layout, from);
	while (header < line && strchr("|>+-0123456789", layout->source.data[header]))
		header++;
	edits_add(edits, from, header - from, text);
	edits_add(edits, line, to > line ? to - line : 0, TEXT(""));
}

/* The value behind an anchor to which nobody refers; "" when it does not stand in the same line. */
static struct text behind_anchor(struct text written)
{
	size_t i = 0;
	if (!text_starts_with(written, "&"))
		return written;
	while (i < written.length && !strchr(" \r\n", written.data[i]))
		i++;
	while (i < written.length && written.data[i] == ' ')
		i++;
	written = text_from(written, i);
	return written.length > 0 && strchr("#\r\n", written.data[0]) ? TEXT("") : written;
}

/* `key:` without a value, where one goes then; false where something else is in the way. */
static bool put_value(struct edits *edits, const struct layout *layout, const struct member *member,
	struct text text)
{
	size_t at = layout_offset(layout, member->key_span.end);
	while (at < layout->source.length && layout->source.data[at] == ' ')
		at++;
	if (at == layout->source.length || layout->source.data[at] != ':')
		return false;
	edits_add(edits, at + 1, 0, arena_printf(edits->arena, " %.*s", TEXT_ARGUMENTS(text)));
	return true;
}

static void replace_value(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text, bool quotes_stay)
{
	if (!edits_may_change(edits, layout, member))
		return;
	struct text written = behind_anchor(layout_slice(layout, member->value_span));
	bool empty = member->via == VIA_DIRECT && node_is_null(member->value) &&
		     member->value->written.length == 0;
	if (empty && layout_slice(layout, member->value_span).length == 0 &&
		put_value(edits, layout, member, text))
		return;
	if (written.length == 0) {
		edits_refuse(edits, member->key_span.start,
			arena_printf(edits->arena, "the value of %.*s stands apart from its anchor",
				TEXT_ARGUMENTS(member->key)));
		return;
	}
	bool quoted = member->via == VIA_DIRECT && member->value->quoted;
	if (quoted && written.data[0] != '"' && written.data[0] != '\'') {
		replace_block_scalar(edits, layout, written, text);
		return;
	}
	size_t from = (size_t)(written.data - layout->source.data);
	size_t quote = quoted && quotes_stay;
	edits_add(edits, from + quote, written.length - 2 * quote, text);
}

void edits_replace_scalar(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	replace_value(edits, layout, member, text, true);
}

void edits_replace_quoted(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	replace_value(edits, layout, member, text, false);
}

void edits_insert_behind(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	if (member->via == VIA_MERGE) {
		edits_may_change(edits, layout, member);
		return;
	}
	size_t end = layout_offset(layout, member_span(member).end);
	if (layout->root->flow && edits_insert_line(edits, layout, member, text))
		return;
	if (layout->root->flow) {
		edits_add(
			edits, end, 0, arena_printf(edits->arena, ", %.*s", TEXT_ARGUMENTS(text)));
		return;
	}
	size_t line = layout_line_end(layout, end);
	if (!layout_line_ended(layout, line))
		text = arena_printf(edits->arena, "%s%.*s", layout->newline, TEXT_ARGUMENTS(text));
	edits_add(edits, line, 0, text);
}
