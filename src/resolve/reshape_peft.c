/* The three entries of peft that ask for the base, where others stay in it. */
#include "resolve/reshape.h"

/* An entry with the comments right above it. */
struct piece {
	const struct member *member;
	size_t comments; /* where they begin */
	size_t line;
	size_t end;
};

static bool piece_of(
	const struct reshaping *reshaping, const struct member *member, struct piece *ret_piece)
{
	const struct layout *layout = reshaping->layout;
	size_t key = layout_offset(layout, member->key_span.start);
	size_t top =
		layout_line_end(layout, layout_offset(layout, reshaping->outer->key_span.start));
	size_t line = layout_line_start(layout, key);
	*ret_piece = (struct piece){
		.member = member,
		.line = line,
		.comments = layout_comments_above(layout, line, top),
		.end = layout_line_end(layout, key),
	};
	return reshape_is_own_line(layout, member);
}

static void put_comments(
	const struct layout *layout, struct buffer *out, const struct piece *piece, size_t column)
{
	struct text lines = { layout->source.data + piece->comments,
		piece->line - piece->comments };
	layout_put_comments(layout, out, lines, column);
}

/* What follows the value on its line. */
static void put_rest(const struct layout *layout, struct buffer *out, const struct piece *piece)
{
	size_t value = layout_offset(layout, piece->member->value_span.end);
	buffer_add(out, (struct text){ layout->source.data + value, piece->end - value });
	if (!layout_line_ended(layout, piece->end))
		buffer_add_string(out, layout->newline);
}

static void put_selector(const struct reshaping *reshaping, struct buffer *out,
	const struct piece *piece, size_t column)
{
	put_comments(reshaping->layout, out, piece, column);
	buffer_add_repeated(out, ' ', column);
	buffer_printf(out, "%s:", reshaping->backend);
	put_rest(reshaping->layout, out, piece);
}

static void put_setting(const struct reshaping *reshaping, struct buffer *out,
	const struct piece *piece, size_t column)
{
	const struct layout *layout = reshaping->layout;
	const struct member *written = piece->member;
	const struct member *wanted = node_member(reshaping->body, written->key);
	struct span before = { written->key_span.start, written->value_span.start };
	put_comments(layout, out, piece, column);
	buffer_add_repeated(out, ' ', column);
	buffer_add(out, layout_slice(layout, before));
	bool selector = text_is(written->key, "backend");
	if (!selector && wanted && wanted->value != written->value)
		buffer_add(out, wanted->value->text);
	else
		buffer_add(out, layout_slice(layout, written->value_span));
	put_rest(layout, out, piece);
}

static bool is_blank_line(const struct layout *layout, size_t start)
{
	return start < layout->source.length && layout_skip_blank_lines(layout, start) > start;
}

/* Of blank lines before and behind it, those before go along. */
static void remove_piece(const struct reshaping *reshaping, const struct piece *piece)
{
	const struct layout *layout = reshaping->layout;
	size_t key = layout_offset(layout, reshaping->outer->key_span.start);
	size_t top = layout_line_end(layout, key), from = piece->comments;
	while (is_blank_line(layout, piece->end) && from > top &&
		is_blank_line(layout, layout_line_start(layout, from - 1)))
		from = layout_line_start(layout, from - 1);
	edits_add(reshaping->edits, from, piece->end - from, TEXT(""));
}

/* Those that stay below the selector, or beside it. */
static bool moves(const struct reshaping *reshaping, const struct member *member)
{
	bool selector = text_is(member->key, "backend");
	return selector
		       ? !reshaping->nests
		       : text_is(member->key, "weight_dtype") || text_is(member->key, "group_size");
}

static bool move_pieces(const struct reshaping *reshaping, struct buffer *out, size_t column)
{
	const struct node *peft = reshaping->outer->value;
	const struct member *selector = reshape_selector(reshaping);
	struct piece piece;
	if (!selector || !piece_of(reshaping, selector, &piece))
		return false;
	remove_piece(reshaping, &piece);
	if (reshaping->nests)
		put_selector(reshaping, out, &piece, column);
	column += reshaping->nests ? reshaping->layout->step : 0;
	for (uint32_t i = 0; i < peft->count; i++) {
		if (!moves(reshaping, &peft->members[i]))
			continue;
		if (!piece_of(reshaping, &peft->members[i], &piece))
			return false;
		put_setting(reshaping, out, &piece, column);
		if (&peft->members[i] != selector)
			remove_piece(reshaping, &piece);
	}
	return true;
}

bool reshape_out_of_peft(const struct reshaping *reshaping)
{
	const struct layout *layout = reshaping->layout;
	const struct member *outer = reshaping->outer;
	struct edits before = *reshaping->edits;
	struct buffer out;
	size_t key = layout_offset(layout, outer->key_span.start);
	size_t line = layout_line_start(layout, key);
	if (outer->via != VIA_DIRECT || layout_is_repeated(layout, outer) ||
		!reshape_is_as_written(layout, outer->value))
		return false;
	if (outer->value->flow)
		return reshape_out_of_braces(reshaping);
	if (!reshape_opens_block(layout, outer))
		return false;
	buffer_init(&out, reshaping->edits->arena, 256);
	buffer_add_repeated(&out, ' ', key - line);
	buffer_printf(&out, "%.*s:%s", TEXT_ARGUMENTS(reshaping->name), layout->newline);
	if (move_pieces(reshaping, &out, key - line + layout->step)) {
		edits_add(reshaping->edits, line, 0, buffer_text(&out));
		return true;
	}
	*reshaping->edits = before;
	return false;
}
