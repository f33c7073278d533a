/* Mappings in braces that have an entry a line: entries move with their lines. */
#include "resolve/reshape.h"

bool braced_entry_of(const struct layout *layout, const struct node *mapping,
	const struct member *member, struct braced_entry *ret_entry)
{
	size_t key = layout_offset(layout, member->key_span.start);
	size_t top = layout_line_end(layout, layout_offset(layout, mapping->span.start));
	size_t line = layout_line_start(layout, key);
	size_t behind = reshape_skip_spaces(layout, layout_offset(layout, member->value_span.end));
	bool comma = behind < layout->source.length && layout->source.data[behind] == ',';
	size_t rest = comma ? behind + 1 : layout_offset(layout, member->value_span.end);
	if (!reshape_is_plain_line(layout, member) || !reshape_heads_line(layout, key) ||
		line < top || !reshape_at_line_end(layout, reshape_skip_spaces(layout, rest)))
		return false;
	*ret_entry = (struct braced_entry){
		.member = member,
		.above = layout_comments_above(layout, line, top),
		.line = line,
		.rest = rest,
		.end = layout_line_end(layout, key),
		.comma = comma,
	};
	/* Without a comma it is the last one, or its comma heads another line. */
	return comma || member == &mapping->members[mapping->count - 1];
}

static void put_rest(
	const struct reshaping *reshaping, struct buffer *out, const struct braced_entry *entry)
{
	buffer_add(out, (struct text){ reshaping->layout->source.data + entry->rest,
				entry->end - entry->rest });
}

void braced_put_opening(const struct reshaping *reshaping, struct buffer *out,
	const struct braced_entry *selector, size_t column)
{
	struct text name =
		reshape_quoted_as(reshaping, selector->member, text_of(reshaping->backend));
	buffer_add_repeated(out, ' ', column);
	buffer_printf(out, "%.*s: {", TEXT_ARGUMENTS(name));
	put_rest(reshaping, out, selector);
}

static void put_comments(const struct layout *layout, struct buffer *out,
	const struct braced_entry *entry, size_t column)
{
	struct text lines = { layout->source.data + entry->above, entry->line - entry->above };
	layout_put_comments(layout, out, lines, column);
}

static void put_entry(const struct reshaping *reshaping, struct buffer *out,
	const struct braced_entry *entry, size_t column, bool comma)
{
	const struct layout *layout = reshaping->layout;
	const struct member *written = entry->member;
	const struct member *wanted = node_member(reshaping->body, written->key);
	bool respelt =
		wanted && wanted->value != written->value && !text_is(written->key, "backend");
	size_t from = layout_offset(layout, written->key_span.start);
	size_t value = layout_offset(layout, written->value_span.start);
	size_t end = layout_offset(layout, written->value_span.end);
	size_t quote = written->value->quoted;
	put_comments(layout, out, entry, column);
	buffer_add_repeated(out, ' ', column);
	buffer_add(out, (struct text){ layout->source.data + from,
				(respelt ? value + quote : end) - from });
	if (respelt) {
		buffer_add(out, wanted->value->text);
		buffer_add(out, (struct text){ layout->source.data + end - quote, quote });
	}
	buffer_add_string(out, comma ? "," : "");
	put_rest(reshaping, out, entry);
}

static bool is_among(const struct member *member, const struct braced_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].member == member)
			return true;
	return false;
}

void braced_remove(
	const struct reshaping *reshaping, const struct braced_entry *entries, size_t count)
{
	const struct layout *layout = reshaping->layout;
	const struct node *mapping = reshaping->outer->value;
	uint32_t kept = mapping->count;
	bool comma = true;
	for (size_t i = 0; i < count; i++) {
		edits_add(reshaping->edits, entries[i].above, entries[i].end - entries[i].above,
			TEXT(""));
		comma &= entries[i].comma;
	}
	while (kept > 0 && is_among(&mapping->members[kept - 1], entries, count))
		kept--;
	if (comma || kept == 0)
		return;
	size_t before = edits_comma_behind(
		layout, layout_offset(layout, member_span(&mapping->members[kept - 1]).end));
	if (before != SIZE_MAX)
		edits_add(reshaping->edits, before, 1, TEXT(""));
}

#define MOVES_MAXIMUM 3

/* The selector and what it reads, in their order; 0 where one of them does not stand on a line of its own. */
static size_t find_entries(const struct reshaping *reshaping, struct braced_entry *ret_entries)
{
	static const char *const names[] = { "backend", "weight_dtype", "group_size" };
	const struct node *peft = reshaping->outer->value;
	size_t count = 0;
	for (uint32_t i = 0; i < peft->count; i++) {
		bool moves = false;
		for (size_t j = 0; j < MOVES_MAXIMUM; j++)
			moves |= text_is(peft->members[i].key, names[j]);
		if (moves &&
			(count == MOVES_MAXIMUM || !braced_entry_of(reshaping->layout, peft,
							   &peft->members[i], &ret_entries[count])))
			return 0;
		count += moves;
	}
	return count;
}

static void put_entries(const struct reshaping *reshaping, struct buffer *out,
	const struct braced_entry *entries, size_t count, size_t column)
{
	bool skips_last = reshaping->nests && text_is(entries[count - 1].member->key, "backend");
	size_t last = count - 1 - skips_last;
	for (size_t i = 0; i <= last; i++)
		if (!reshaping->nests || !text_is(entries[i].member->key, "backend"))
			put_entry(reshaping, out, &entries[i], column, i < last);
}

static void put_block(const struct reshaping *reshaping, struct buffer *out,
	const struct braced_entry *entries, size_t count)
{
	const struct layout *layout = reshaping->layout;
	const struct member *outer = reshaping->outer;
	struct text name = reshape_quoted_as(reshaping, outer, reshaping->name);
	size_t column = layout_indentation(layout, outer);
	size_t step = reshape_step_of(layout, outer->value);
	buffer_printf(out, "%.*s: {%s", TEXT_ARGUMENTS(name), layout->newline);
	for (size_t i = 0; i < count && reshaping->nests; i++) {
		if (!text_is(entries[i].member->key, "backend"))
			continue;
		put_comments(layout, out, &entries[i], column + step);
		braced_put_opening(reshaping, out, &entries[i], column + step);
	}
	put_entries(reshaping, out, entries, count, column + step * (reshaping->nests ? 2 : 1));
	if (reshaping->nests)
		buffer_printf(out, "%*s}%s", (int)(column + step), "", layout->newline);
	buffer_add_repeated(out, ' ', column);
	buffer_printf(
		out, "}%s%s%*s", layout->root->flow ? "," : "", layout->newline, (int)column, "");
}

bool reshape_out_of_braces(const struct reshaping *reshaping)
{
	const struct layout *layout = reshaping->layout;
	const struct member *outer = reshaping->outer;
	size_t key = layout_offset(layout, outer->key_span.start);
	struct braced_entry entries[MOVES_MAXIMUM];
	struct buffer out;
	if (!reshape_is_braced(layout, outer->value) || reshape_behind_colon(layout, outer) == 0 ||
		layout_line_start(layout, key) + layout_indentation(layout, outer) != key ||
		!reshape_selector(reshaping))
		return false;
	size_t count = find_entries(reshaping, entries);
	if (count < 2)
		return false;
	buffer_init(&out, reshaping->edits->arena, 256);
	put_block(reshaping, &out, entries, count);
	edits_add(reshaping->edits, key, 0, buffer_text(&out));
	braced_remove(reshaping, entries, count);
	return true;
}
