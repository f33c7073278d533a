/* The same within braces, whatever lines they take. */
#include "resolve/reshape.h"

#include <string.h>

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

size_t reshape_skip_spaces(const struct layout *layout, size_t at)
{
	while (at < layout->source.length && is_space(layout->source.data[at]))
		at++;
	return at;
}

static size_t skip_spaces_before(const struct layout *layout, size_t at)
{
	while (at > 0 && is_space(layout->source.data[at - 1]))
		at--;
	return at;
}

bool reshape_heads_line(const struct layout *layout, size_t at)
{
	return skip_spaces_before(layout, at) == layout_line_start(layout, at);
}

bool reshape_at_line_end(const struct layout *layout, size_t at)
{
	return at >= layout->source.length || strchr("#\r\n", layout->source.data[at]);
}

size_t reshape_closing_of(const struct layout *layout, const struct node *mapping)
{
	return layout_offset(layout, mapping->span.end) - 1;
}

bool reshape_is_braced(const struct layout *layout, const struct node *mapping)
{
	return mapping->flow &&
	       layout->source.data[layout_offset(layout, mapping->span.start)] == '{' &&
	       layout->source.data[reshape_closing_of(layout, mapping)] == '}';
}

static struct text quoted_as(
	const struct reshaping *reshaping, const struct member *member, const char *name)
{
	return reshape_quoted_as(reshaping, member, text_of(name));
}

size_t reshape_step_of(const struct layout *layout, const struct node *mapping)
{
	size_t first = layout_offset(layout, mapping->members[0].key_span.start);
	size_t closing = reshape_closing_of(layout, mapping);
	size_t entry = first - layout_line_start(layout, first);
	size_t brace = closing - layout_line_start(layout, closing);
	bool heads = reshape_heads_line(layout, first) && reshape_heads_line(layout, closing);
	return heads && entry > brace ? entry - brace : layout->step;
}

static struct text blanks(const struct reshaping *reshaping, size_t count)
{
	return arena_printf(reshaping->edits->arena, "%*s", (int)count, "");
}

/* The lines that begin between two offsets go to the right. */
static void indent(const struct reshaping *reshaping, size_t from, size_t to, size_t step)
{
	const struct layout *layout = reshaping->layout;
	size_t at = layout_line_start(layout, from);
	for (at = at < from ? layout_line_end(layout, from) : at; at < to && at >= from;) {
		size_t next = layout_line_end(layout, at);
		if (!reshape_at_line_end(layout, reshape_skip_spaces(layout, at)) ||
			layout->source.data[reshape_skip_spaces(layout, at)] == '#')
			edits_add(reshaping->edits, at, 0, blanks(reshaping, step));
		if (next == at)
			break;
		at = next;
	}
}

/* … or to the left, as far as there are blanks. */
static void outdent(const struct reshaping *reshaping, size_t from, size_t to, size_t step)
{
	const struct layout *layout = reshaping->layout;
	for (size_t at = layout_line_end(layout, from); at < to;) {
		size_t next = layout_line_end(layout, at);
		size_t count = 0;
		while (count < step && layout->source.data[at + count] == ' ')
			count++;
		if (count > 0)
			edits_add(reshaping->edits, at, count, TEXT(""));
		if (next == at)
			break;
		at = next;
	}
}

/* The brace that ends the inner mapping. */
static void close_inner(const struct reshaping *reshaping, const struct node *mapping, size_t step)
{
	const struct layout *layout = reshaping->layout;
	size_t closing = reshape_closing_of(layout, mapping);
	size_t line = layout_line_start(layout, closing);
	size_t first = layout_offset(layout, mapping->members[0].key_span.start);
	if (reshape_heads_line(layout, closing) && line > first)
		edits_add(reshaping->edits, line, 0,
			arena_printf(reshaping->edits->arena, "%*s}%s",
				(int)(closing - line + step), "", layout->newline));
	else
		edits_add(reshaping->edits, skip_spaces_before(layout, closing), 0, TEXT("}"));
}

/* It is another one, on a line of its own: it goes up with its comments, and the others with theirs inside. */
static bool lift_selector(
	const struct reshaping *reshaping, const struct member *selector, size_t step)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = reshaping->outer->value;
	size_t top = layout_line_end(layout, layout_offset(layout, mapping->span.start));
	size_t first = layout_offset(layout, mapping->members[0].key_span.start);
	size_t closing = reshape_closing_of(layout, mapping);
	size_t bottom =
		reshape_heads_line(layout, closing) ? layout_line_start(layout, closing) : closing;
	struct braced_entry entry;
	struct buffer out;
	if (!reshape_heads_line(layout, first) ||
		!braced_entry_of(layout, mapping, selector, &entry))
		return false;
	buffer_init(&out, reshaping->edits->arena, 128);
	buffer_add(
		&out, (struct text){ layout->source.data + entry.above, entry.line - entry.above });
	braced_put_opening(reshaping, &out, &entry, first - layout_line_start(layout, first));
	edits_add(reshaping->edits, top, 0, buffer_text(&out));
	braced_remove(reshaping, &entry, 1);
	indent(reshaping, top, entry.above, step);
	indent(reshaping, entry.end, bottom, step);
	return true;
}

/* The selector is the first entry; false when something stands before its comma. */
static bool open_at_selector(const struct reshaping *reshaping, const struct member *selector)
{
	const struct layout *layout = reshaping->layout;
	size_t from = layout_offset(layout, selector->key_span.start);
	size_t comma = reshape_skip_spaces(layout, layout_offset(layout, selector->value_span.end));
	if (layout->source.data[comma] != ',')
		return false;
	size_t next = reshape_skip_spaces(layout, comma + 1);
	size_t to = reshape_at_line_end(layout, next) ? comma + 1 : next;
	struct text name = quoted_as(reshaping, selector, reshaping->backend);
	edits_add(reshaping->edits, from, to - from,
		arena_printf(reshaping->edits->arena, "%.*s: {", TEXT_ARGUMENTS(name)));
	return true;
}

/* It is another one: it goes, and the inner mapping begins before the first. */
static void open_at_first(const struct reshaping *reshaping, const struct node *mapping,
	const struct member *selector)
{
	const struct layout *layout = reshaping->layout;
	uint32_t entry = (uint32_t)(selector - mapping->members);
	const struct selection removed = { .mapping = mapping, .entries = &entry, .count = 1 };
	size_t first = layout_offset(layout, mapping->members[0].key_span.start);
	size_t column = first - layout_line_start(layout, first);
	struct text name = quoted_as(reshaping, selector, reshaping->backend);
	bool heads = reshape_heads_line(layout, first);
	edits_remove_flow(reshaping->edits, layout, &removed);
	edits_add(reshaping->edits, heads ? layout_line_start(layout, first) : first, 0,
		arena_printf(reshaping->edits->arena, "%*s%.*s: {%s", heads ? (int)column : 0, "",
			TEXT_ARGUMENTS(name), heads ? layout->newline : ""));
}

static bool nest(const struct reshaping *reshaping, const struct member *selector)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = reshaping->outer->value;
	size_t key = layout_offset(layout, selector->key_span.start);
	size_t value = layout_offset(layout, selector->value_span.end);
	size_t step = reshape_step_of(layout, mapping);
	if (mapping->count == 1) {
		struct text name = quoted_as(reshaping, selector, reshaping->backend);
		edits_add(reshaping->edits, key, value - key,
			arena_printf(reshaping->edits->arena, "%.*s: {}", TEXT_ARGUMENTS(name)));
		return true;
	}
	if (selector != mapping->members && lift_selector(reshaping, selector, step)) {
		close_inner(reshaping, mapping, step);
		return true;
	}
	if (selector != mapping->members)
		open_at_first(reshaping, mapping, selector);
	else if (!open_at_selector(reshaping, selector))
		return false;
	size_t closing = reshape_closing_of(layout, mapping);
	size_t first = layout_offset(layout, mapping->members[0].key_span.start);
	bool lifted = selector != mapping->members && reshape_heads_line(layout, first);
	size_t from = lifted ? layout_line_start(layout, first) : first + 1;
	indent(reshaping, from,
		reshape_heads_line(layout, closing) ? layout_line_start(layout, closing) : closing,
		step);
	close_inner(reshaping, mapping, step);
	return true;
}

/* A comma behind the last entry, and another one behind the mapping: one of them has to go. */
static bool has_two_commas(const struct layout *layout, const struct node *mapping, size_t behind)
{
	const struct member *last = &mapping->members[mapping->count - 1];
	size_t comma = reshape_skip_spaces(layout, layout_offset(layout, member_span(last).end));
	return layout->source.data[comma] == ',' && layout->source.data[behind] == ',';
}

/* Of the inner mapping nothing but its entries is left. */
static void drop_closing(const struct reshaping *reshaping, const struct node *mapping)
{
	const struct layout *layout = reshaping->layout;
	size_t closing = reshape_closing_of(layout, mapping);
	size_t line = layout_line_start(layout, closing), end = layout_line_end(layout, closing);
	size_t behind = reshape_skip_spaces(layout, closing + 1);
	bool two = has_two_commas(layout, mapping, behind);
	size_t rest = two ? reshape_skip_spaces(layout, behind + 1) : behind;
	bool heads = reshape_heads_line(layout, closing);
	if (heads && rest < layout->source.length && layout->source.data[rest] != '#' &&
		reshape_at_line_end(layout, rest)) {
		edits_add(reshaping->edits, line, end - line, TEXT(""));
		return;
	}
	size_t from = heads ? closing : skip_spaces_before(layout, closing);
	bool comment = rest < layout->source.length && layout->source.data[rest] == '#';
	size_t to = heads && comment ? rest : (two ? behind : closing) + 1;
	edits_add(reshaping->edits, from, to - from, TEXT(""));
}

static bool unnest(const struct reshaping *reshaping, const struct member *inner)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = inner->value;
	size_t key = layout_offset(layout, inner->key_span.start);
	size_t behind = reshape_behind_colon(layout, inner);
	struct text name = quoted_as(reshaping, inner, "backend");
	struct text value = quoted_as(reshaping, inner, reshaping->backend);
	bool empty = mapping->kind == NODE_MAPPING && mapping->count == 0;
	if (inner->via != VIA_DIRECT || behind == 0 ||
		(!empty && !reshape_is_as_written(layout, mapping)) ||
		!reshape_is_braced(layout, mapping))
		return false;
	size_t open = layout_offset(layout, mapping->span.start);
	size_t to = empty ? layout_offset(layout, mapping->span.end)
			  : reshape_skip_spaces(layout, open + 1);
	bool breaks = reshape_at_line_end(layout, to);
	if (reshape_skip_spaces(layout, behind) != open)
		return false;
	edits_add(reshaping->edits, key, (breaks && !empty ? open + 1 : to) - key,
		arena_printf(reshaping->edits->arena, "%.*s: %.*s%s", TEXT_ARGUMENTS(name),
			TEXT_ARGUMENTS(value),
			empty    ? ""
			: breaks ? ","
				 : ", "));
	if (empty)
		return true;
	size_t closing = reshape_closing_of(layout, mapping);
	size_t first = mapping->members[0].key_span.start.column;
	if (reshape_heads_line(layout, key) && first > inner->key_span.start.column)
		outdent(reshaping, open, layout_line_start(layout, closing),
			first - inner->key_span.start.column);
	drop_closing(reshaping, mapping);
	return true;
}

bool reshape_flow(const struct reshaping *reshaping)
{
	const struct node *mapping = reshaping->outer->value;
	const struct member *selector = reshape_selector(reshaping);
	const struct member *inner = reshape_inner(mapping);
	if (!reshape_is_braced(reshaping->layout, mapping) ||
		reshape_behind_colon(reshaping->layout, reshaping->outer) == 0)
		return false;
	if (reshaping->from == DIALECT_NESTED)
		return inner && unnest(reshaping, inner) && reshape_remove_others(reshaping, inner);
	return selector && reshape_respell(reshaping) &&
	       (!reshaping->nests || nest(reshaping, selector));
}
