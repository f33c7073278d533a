#include "resolve/reshape.h"

#include <string.h>

/* A line that stood among entries at column `old`, which now stand at `new`. */
struct shift {
	size_t old;
	size_t new;
};

static bool is_blank(const struct layout *layout, size_t from, size_t to)
{
	struct text text = { layout->source.data + from, to > from ? to - from : 0 };
	return text_trim(text).length == 0;
}

static bool heads_line(const struct layout *layout, size_t offset)
{
	size_t start = layout_line_start(layout, offset);
	return start + layout_blanks_at(layout, start) == offset;
}

/* SIZE_MAX for a line that cannot be moved. Blanks of a blank line may belong to a block scalar. */
static size_t column_of(const struct layout *layout, size_t start, struct shift shift)
{
	size_t blanks = layout_blanks_at(layout, start);
	bool blank = is_blank(layout, start, layout_line_end(layout, start));
	bool comment = layout_is_comment_line(layout, start);
	if (blank ? blanks > shift.old : blanks >= shift.old)
		return blanks + shift.new - shift.old;
	/* A column or two off, but right of the key above: it is one of these lines. */
	if (comment && blanks + shift.new > 2 * shift.old)
		return blanks + shift.new - shift.old;
	if (blank || comment)
		return blanks < shift.new ? blanks : shift.new > shift.old ? blanks : shift.new;
	return SIZE_MAX;
}

static bool shift_lines(
	const struct reshaping *reshaping, size_t from, size_t to, struct shift shift)
{
	const struct layout *layout = reshaping->layout;
	for (size_t at = from; at < to; at = layout_line_end(layout, at)) {
		size_t blanks = layout_blanks_at(layout, at);
		size_t column = column_of(layout, at, shift);
		if (column == SIZE_MAX)
			return false;
		if (column < blanks)
			edits_add(reshaping->edits, at, blanks - column, TEXT(""));
		else if (column > blanks)
			edits_add(reshaping->edits, at, 0,
				arena_printf(reshaping->edits->arena, "%*s", (int)(column - blanks),
					""));
	}
	return true;
}

/* Behind the entry's lines, and comments that are indented as those of its value are. */
static size_t lines_end(const struct layout *layout, const struct member *member, size_t column)
{
	size_t end = layout_line_end(layout, layout_offset(layout, member_span(member).end));
	for (;;) {
		size_t next = layout_skip_blank_lines(layout, end);
		if (next >= layout->source.length || !layout_is_comment_line(layout, next) ||
			layout_blanks_at(layout, next) < column)
			return end;
		end = layout_line_end(layout, next);
	}
}

bool reshape_is_as_written(const struct layout *layout, const struct node *mapping)
{
	if (mapping->kind != NODE_MAPPING || mapping->count == 0 ||
		layout_as_written(layout, mapping) != mapping)
		return false;
	for (uint32_t i = 0; i < mapping->count; i++)
		if (mapping->members[i].via == VIA_MERGE)
			return false;
	return true;
}

size_t reshape_behind_colon(const struct layout *layout, const struct member *member)
{
	size_t at = layout_offset(layout, member->key_span.start);
	if (strchr("&!", layout->source.data[at]))
		return 0;
	at = layout_offset(layout, member->key_span.end);
	while (at < layout->source.length && layout->source.data[at] == ' ')
		at++;
	return at < layout->source.length && layout->source.data[at] == ':' ? at + 1 : 0;
}

/* Nothing but a comment follows on the line. */
static bool ends_line(const struct layout *layout, size_t at)
{
	size_t end = layout_line_end(layout, at);
	struct text comment = layout_comment(layout, at, end);
	return is_blank(layout, at,
		comment.length > 0 ? (size_t)(comment.data - layout->source.data) : end);
}

/* Behind an anchor that nobody refers to; it stays where it is. */
static size_t behind_anchor(const struct layout *layout, const struct member *member, size_t at)
{
	size_t value = at + layout_blanks_at(layout, at);
	struct text rest = text_from(layout->source, value);
	if (!text_starts_with(rest, "&") || layout_has_properties(layout, member))
		return at;
	while (value < layout->source.length && !strchr(" \t\r\n", layout->source.data[value]))
		value++;
	return value;
}

bool reshape_opens_block(const struct layout *layout, const struct member *member)
{
	size_t behind = reshape_behind_colon(layout, member);
	behind = behind > 0 ? behind_anchor(layout, member, behind) : 0;
	return behind > 0 && ends_line(layout, behind) &&
	       heads_line(layout, layout_offset(layout, member->key_span.start));
}

bool reshape_is_plain_line(const struct layout *layout, const struct member *member)
{
	struct span span = member_span(member);
	size_t value = layout_offset(layout, member->value_span.start);
	return member->via == VIA_DIRECT && span.start.line == span.end.line &&
	       value < layout->source.length && !strchr("&!|>*", layout->source.data[value]) &&
	       reshape_behind_colon(layout, member) > 0;
}

static bool is_alias_line(const struct layout *layout, const struct member *member)
{
	struct span span = member_span(member);
	return member->via == VIA_ALIAS && span.start.line == span.end.line &&
	       reshape_behind_colon(layout, member) > 0;
}

bool reshape_is_own_line(const struct layout *layout, const struct member *member)
{
	return (reshape_is_plain_line(layout, member) || is_alias_line(layout, member)) &&
	       heads_line(layout, layout_offset(layout, member->key_span.start)) &&
	       ends_line(layout, layout_offset(layout, member->value_span.end));
}

const struct member *reshape_selector(const struct reshaping *reshaping)
{
	const struct member *selector = node_member(reshaping->outer->value, TEXT("backend"));
	return selector && reshape_is_plain_line(reshaping->layout, selector) ? selector : NULL;
}

struct text reshape_quoted_as(
	const struct reshaping *reshaping, const struct member *member, struct text name)
{
	struct text key = layout_slice(reshaping->layout, member->key_span);
	char quote = text_starts_with(key, "\"") ? '"' : text_starts_with(key, "'") ? '\'' : '\0';
	return quote ? arena_printf(reshaping->edits->arena, "%c%.*s%c", quote,
			       TEXT_ARGUMENTS(name), quote)
		     : name;
}

static void rename_outer(const struct reshaping *reshaping)
{
	const struct member *outer = reshaping->outer;
	size_t from = layout_offset(reshaping->layout, outer->key_span.start);
	size_t to = layout_offset(reshaping->layout, outer->key_span.end);
	if (!text_equal(outer->key, reshaping->name))
		edits_add(reshaping->edits, from, to - from,
			reshape_quoted_as(reshaping, outer, reshaping->name));
}

bool reshape_respell(const struct reshaping *reshaping)
{
	const struct node *mapping = reshaping->outer->value;
	for (uint32_t i = 0; i < mapping->count; i++) {
		const struct member *written = &mapping->members[i];
		const struct member *wanted = node_member(reshaping->body, written->key);
		if (!wanted || wanted->value == written->value || text_is(written->key, "backend"))
			continue;
		if (!reshape_is_plain_line(reshaping->layout, written))
			return false;
		edits_replace_scalar(
			reshaping->edits, reshaping->layout, written, wanted->value->text);
	}
	return true;
}

/* The selector is not the first entry: it goes up, with the comments above it. */
static void lift_selector(const struct reshaping *reshaping, const struct member *selector,
	size_t top, struct shift shift)
{
	const struct layout *layout = reshaping->layout;
	size_t key = layout_offset(layout, selector->key_span.start);
	size_t start = layout_line_start(layout, key);
	size_t end = layout_line_end(layout, key);
	size_t first = layout_comments_above(layout, start, top);
	size_t value = layout_offset(layout, selector->value_span.end);
	struct text comments = { layout->source.data + first, start - first };
	struct text rest = { layout->source.data + value, end - value };
	edits_add(reshaping->edits, top, 0,
		arena_printf(reshaping->edits->arena, "%.*s%*s%s:%.*s%s", TEXT_ARGUMENTS(comments),
			(int)shift.old, "", reshaping->backend, TEXT_ARGUMENTS(rest),
			layout_line_ended(layout, end) ? "" : layout->newline));
	edits_add(reshaping->edits, first, end - first, TEXT(""));
}

/* `backend: torchao` and what stands beside it: to `torchao:` and what stands below it. */
static bool nest(const struct reshaping *reshaping, const struct member *selector)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = reshaping->outer->value;
	size_t column = mapping->members[0].key_span.start.column;
	size_t key = layout_offset(layout, selector->key_span.start);
	size_t value = layout_offset(layout, selector->value_span.end);
	size_t top =
		layout_line_end(layout, layout_offset(layout, reshaping->outer->key_span.start));
	size_t end = lines_end(layout, reshaping->outer, column);
	struct shift shift = { column, 2 * column - reshaping->outer->key_span.start.column };
	bool alone = mapping->count == 1;
	if (!heads_line(layout, key) || !ends_line(layout, value))
		return false;
	if (selector == mapping->members) {
		edits_add(reshaping->edits, key, value - key,
			arena_printf(reshaping->edits->arena, "%s:%s", reshaping->backend,
				alone ? " {}" : ""));
		return alone || shift_lines(reshaping, layout_line_end(layout, value), end, shift);
	}
	size_t line = layout_line_start(layout, key);
	size_t above = layout_comments_above(layout, line, top);
	lift_selector(reshaping, selector, top, shift);
	return shift_lines(reshaping, top, above, shift) &&
	       shift_lines(reshaping, layout_line_end(layout, key), end, shift);
}

/* The comments between two offsets: the one that ends the line there follows it, others get lines of their own. */
static void put_comments_between(const struct reshaping *reshaping, struct buffer *out, size_t from,
	size_t to, size_t column)
{
	const struct layout *layout = reshaping->layout;
	size_t line = layout_line_end(layout, from);
	struct text comment = layout_comment(layout, from, to);
	while (comment.length > 0) {
		size_t at = (size_t)(comment.data - layout->source.data);
		if (at < line)
			buffer_add_byte(out, ' ');
		else
			buffer_printf(out, "%s%*s", layout->newline, (int)column, "");
		buffer_add(out, comment);
		comment = layout_comment(layout, at + comment.length, to);
	}
}

/* `torchao: {weight_dtype: int8}` within a block: an entry a line. */
static bool unfold(const struct reshaping *reshaping, const struct member *inner)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = inner->value;
	struct span span = member_span(inner);
	size_t from = layout_offset(layout, span.start), to = layout_offset(layout, span.end);
	size_t at = layout_offset(layout, mapping->span.start) + 1;
	struct buffer text;
	if (layout->source.data[to - 1] != '}' ||
		(span.start.line != span.end.line &&
			!is_blank(layout, to, layout_line_end(layout, to))))
		return false;
	buffer_init(&text, reshaping->edits->arena, 128);
	buffer_printf(&text, "backend: %s", reshaping->backend);
	for (uint32_t i = 0; i < mapping->count; i++) {
		struct span own = member_span(&mapping->members[i]);
		struct text entry = layout_slice(layout, own);
		size_t key = layout_offset(layout, own.start);
		if (own.start.line != own.end.line)
			return false;
		put_comments_between(reshaping, &text, at, key, span.start.column);
		buffer_printf(&text, "%s%*s%.*s", layout->newline, (int)span.start.column, "",
			TEXT_ARGUMENTS(entry));
		at = key + entry.length;
	}
	put_comments_between(reshaping, &text, at, to, span.start.column);
	edits_add(reshaping->edits, from, to - from, buffer_text(&text));
	return true;
}

/* `torchao:` and what stands below it: to `backend: torchao` and what stands beside it. */
static bool unnest(const struct reshaping *reshaping, const struct member *inner)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = inner->value;
	size_t key = layout_offset(layout, inner->key_span.start);
	size_t behind = reshape_behind_colon(layout, inner);
	if (mapping->kind != NODE_MAPPING || inner->via != VIA_DIRECT || behind == 0 ||
		!heads_line(layout, key))
		return false;
	if (mapping->flow)
		return unfold(reshaping, inner);
	if (!ends_line(layout, behind) || !reshape_is_as_written(layout, mapping))
		return false;
	size_t column = mapping->members[0].key_span.start.column;
	struct shift shift = { column, inner->key_span.start.column };
	edits_add(reshaping->edits, key, behind - key,
		arena_printf(reshaping->edits->arena, "backend: %s", reshaping->backend));
	return shift_lines(reshaping, layout_line_end(layout, behind),
		lines_end(layout, inner, column), shift);
}

const struct member *reshape_inner(const struct node *mapping)
{
	const struct member *inner = NULL;
	for (uint32_t i = 0; i < mapping->count; i++) {
		if (inner && !node_is_null(mapping->members[i].value))
			return NULL;
		if (!node_is_null(mapping->members[i].value))
			inner = &mapping->members[i];
	}
	return inner;
}

bool reshape_remove_others(const struct reshaping *reshaping, const struct member *inner)
{
	const struct node *mapping = reshaping->outer->value;
	struct selection others = selection_of(reshaping->edits->arena, mapping);
	for (uint32_t i = 0; i < mapping->count; i++)
		if (&mapping->members[i] != inner)
			selection_add(&others, i);
	if (others.count > 0)
		edits_remove(reshaping->edits, reshaping->layout, &others);
	return !edits_refused(reshaping->edits);
}

static bool reshape_block(const struct reshaping *reshaping)
{
	const struct member *selector = reshape_selector(reshaping);
	const struct member *inner = reshape_inner(reshaping->outer->value);
	if (!reshape_opens_block(reshaping->layout, reshaping->outer))
		return false;
	if (reshaping->from == DIALECT_NESTED)
		return inner && unnest(reshaping, inner) && reshape_remove_others(reshaping, inner);
	return selector && reshape_respell(reshaping) &&
	       (!reshaping->nests || nest(reshaping, selector));
}

bool reshape(const struct reshaping *reshaping)
{
	const struct member *outer = reshaping->outer;
	struct edits before = *reshaping->edits;
	bool safe = outer->via == VIA_DIRECT && !layout_is_repeated(reshaping->layout, outer) &&
		    reshape_is_as_written(reshaping->layout, outer->value);
	if (safe)
		rename_outer(reshaping);
	if (safe && (outer->value->flow ? reshape_flow : reshape_block)(reshaping) &&
		!edits_refused(reshaping->edits))
		return true;
	*reshaping->edits = before;
	return false;
}
