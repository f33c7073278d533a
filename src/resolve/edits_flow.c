/* Edits in a flow mapping: entries stand between commas, perhaps with comments among them. */
#include "resolve/edits.h"
#include "source/lines.h"

#include <string.h>

size_t edits_comma_behind(const struct layout *layout, size_t offset)
{
	struct text source = layout->source;
	for (; offset < source.length; offset++) {
		if (source.data[offset] == '#')
			while (offset + 1 < source.length &&
				line_end_length(source, offset + 1) == 0)
				offset++;
		else if (source.data[offset] == ',')
			return offset;
		else if (!strchr(" \t\r\n", source.data[offset]))
			break;
	}
	return SIZE_MAX;
}

static bool is_blank(const struct layout *layout, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!strchr(" \t\r\n", layout->source.data[i]))
			return false;
	return true;
}

/* The comments of an entry that goes, so that what follows begins on a line of its own; "" when there are none. */
static struct text comments_of(
	struct edits *edits, const struct layout *layout, const struct member *member, size_t to)
{
	struct buffer text;
	buffer_init(&text, edits->arena, 0);
	edits_keep_comments(edits, layout, &text, member, to);
	if (text.length == 0)
		return TEXT("");
	size_t indentation = layout_indentation(layout, member);
	size_t from = layout_offset(layout, member->key_span.start);
	/* Where the entry stands at the head of its line, that line's blanks are there already. */
	bool head = is_blank(layout, layout_line_start(layout, from), from);
	struct text lines = head ? text_from(buffer_text(&text), indentation) : buffer_text(&text);
	return arena_printf(edits->arena, "%s%.*s%*s", head ? "" : " ", TEXT_ARGUMENTS(lines),
		(int)indentation, "");
}

void edits_replace_flow(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	if (!edits_may_change(edits, layout, member))
		return;
	struct span span = member_span(member);
	size_t from = layout_offset(layout, span.start);
	size_t to = layout_offset(layout, span.end);
	struct text comments = comments_of(edits, layout, member, to);
	edits_add(edits, from, to - from,
		arena_printf(
			edits->arena, "%.*s%.*s", TEXT_ARGUMENTS(comments), TEXT_ARGUMENTS(text)));
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t skip_blanks(const struct layout *layout, size_t offset)
{
	while (offset < layout->source.length && is_space(layout->source.data[offset]))
		offset++;
	return offset;
}

/* Back over the blanks before an entry; those at the head of a line stay. */
static size_t skip_blanks_before(const struct layout *layout, size_t offset)
{
	size_t start = layout_line_start(layout, offset), before = offset;
	while (before > start && is_space(layout->source.data[before - 1]))
		before--;
	return before > start ? before : offset;
}

/*
 * From the entry to `to`; with its lines, when nothing else stands on them. The blanks behind it go along, or before it where
 * no entry that stays comes after it.
 */
static void remove_entry(struct edits *edits, const struct layout *layout,
	const struct member *member, size_t to, bool at_end)
{
	size_t from = layout_offset(layout, member_span(member).start);
	size_t start = layout_line_start(layout, from);
	size_t end = layout_line_end(layout, to);
	struct text comments = comments_of(edits, layout, member, to);
	bool head = is_blank(layout, start, from);
	if (head && is_blank(layout, to, end) && comments.length == 0 &&
		layout_line_ended(layout, end)) {
		edits_add(edits, start, end - start, TEXT(""));
		return;
	}
	size_t next = skip_blanks(layout, to);
	bool comment = next < layout->source.length && layout->source.data[next] == '#';
	bool ends = next == layout->source.length || line_end_length(layout->source, next) > 0;
	if (!head && (at_end || (ends && comments.length == 0)))
		from = skip_blanks_before(layout, from);
	else if (!at_end || comment)
		to = next;
	edits_add(edits, from, to - from, comments);
}

struct text edits_flow_separator(const struct edits *edits, const struct layout *layout)
{
	const struct node *root = layout->root;
	for (uint32_t i = 0; i < root->count; i++) {
		size_t key = layout_offset(layout, root->members[i].key_span.start);
		if (!is_blank(layout, layout_line_start(layout, key), key))
			return TEXT(", ");
	}
	return arena_printf(edits->arena, ",%s%*s", layout->newline,
		(int)layout_indentation(layout, &root->members[0]), "");
}

bool edits_insert_line(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text)
{
	size_t key = layout_offset(layout, member->key_span.start);
	size_t value = layout_offset(layout, member_span(member).end);
	size_t comma = skip_blanks(layout, value);
	bool separated = comma < layout->source.length && layout->source.data[comma] == ',';
	size_t rest = skip_blanks(layout, separated ? comma + 1 : value);
	size_t end = layout_line_end(layout, value);
	bool ends = rest < layout->source.length &&
		    (layout->source.data[rest] == '#' || line_end_length(layout->source, rest) > 0);
	if (!is_blank(layout, layout_line_start(layout, key), key) || !ends ||
		!layout_line_ended(layout, end) ||
		(!separated && edits_comma_behind(layout, value) != SIZE_MAX))
		return false;
	/* The comma that is there comes to stand behind the new entry, for a removal of what follows may take it away. */
	size_t from = separated ? comma + 1 : value;
	struct text comment = layout_comment(layout, value, end);
	size_t to = comment.length > 0 ? rest + comment.length : from;
	struct text beside = { layout->source.data + from, to - from };
	edits_add(edits, value, 0,
		arena_printf(edits->arena, ",%.*s%s%*s%.*s", TEXT_ARGUMENTS(beside),
			layout->newline, (int)layout_indentation(layout, member), "",
			TEXT_ARGUMENTS(text)));
	if (to > from)
		edits_add(edits, from, to - from, TEXT(""));
	return true;
}

/* The position in the selection from which on no entry that stays follows. */
static uint32_t tail_of(const struct selection *selection)
{
	uint32_t i = selection->count, end = selection->mapping->count;
	while (i > 0 && selection->entries[i - 1] + 1 == end) {
		i--;
		end--;
	}
	return i;
}

void edits_remove_flow(
	struct edits *edits, const struct layout *layout, const struct selection *selection)
{
	const struct member *members = selection->mapping->members;
	uint32_t tail = tail_of(selection);
	const struct member *kept = NULL; /* before the entry */
	size_t dropped = SIZE_MAX;        /* the comma behind it, once it went */
	for (uint32_t i = 0; i < selection->count; i++) {
		uint32_t entry = selection->entries[i];
		if (i == 0 || selection->entries[i - 1] + 1 != entry)
			kept = entry > 0 ? &members[entry - 1] : NULL;
		if (!edits_may_change(edits, layout, &members[entry]))
			return;
		size_t end = layout_offset(layout, member_span(&members[entry]).end);
		size_t comma = edits_comma_behind(layout, end);
		bool joined = comma != SIZE_MAX && is_blank(layout, end, comma);
		remove_entry(edits, layout, &members[entry], joined ? comma + 1 : end, i >= tail);
		if (joined)
			continue;
		if (comma == SIZE_MAX && kept)
			comma = edits_comma_behind(
				layout, layout_offset(layout, member_span(kept).end));
		if (comma != SIZE_MAX && comma != dropped)
			edits_add(edits, comma, 1, TEXT(""));
		dropped = comma;
	}
}
