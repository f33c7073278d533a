#include "resolve/emit.h"

#include <string.h>

/* Made by the resolver, so that it stands nowhere in the source. */
static bool made(const struct node *node)
{
	return node->span.start.line == node->span.end.line &&
	       node->span.start.column == node->span.end.column && node->kind != NODE_NULL;
}

static bool plain_safe(struct text text)
{
	if (text.length == 0)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
			    text.data[i]))
			return false;
	return true;
}

/* NEL, LS and PS end lines in YAML 1.1. */
static const char *line_end_escape(struct text rest)
{
	if (text_starts_with(rest, "\xc2\x85"))
		return "\\N";
	if (text_starts_with(rest, "\xe2\x80\xa8"))
		return "\\L";
	return text_starts_with(rest, "\xe2\x80\xa9") ? "\\P" : NULL;
}

/* YAML's double-quoted scalar. */
static void emit_quoted(struct buffer *out, struct text text)
{
	buffer_add_byte(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		const char *escape = line_end_escape(text_from(text, i));
		if (escape) {
			buffer_add_string(out, escape);
			i += byte == 0xc2 ? 1 : 2;
		} else if (byte == '"' || byte == '\\') {
			buffer_printf(out, "\\%c", byte);
		} else if (byte < 0x20 || byte == 0x7f) {
			buffer_printf(out, "\\x%02x", byte);
		} else {
			buffer_add_byte(out, (char)byte);
		}
	}
	buffer_add_byte(out, '"');
}

static void emit_key(struct buffer *out, const struct layout *layout, struct text key)
{
	if (layout->json || !plain_safe(key))
		emit_quoted(out, key);
	else
		buffer_add(out, key);
}

static bool is_quoted_there(const struct layout *layout, const struct node *node)
{
	struct text text = layout_slice(layout, node->span);
	return !made(node) && node->quoted &&
	       (text_starts_with(text, "\"") || text_starts_with(text, "'"));
}

static void emit_scalar(struct buffer *out, const struct layout *layout, const struct node *node)
{
	if (is_quoted_there(layout, node)) {
		buffer_add(out, layout_slice(layout, node->span));
		return;
	}
	bool made_word = made(node) && node->kind == NODE_STRING && plain_safe(node->text);
	if (node->kind == NODE_STRING &&
		(node->quoted || layout->json || (made(node) && !made_word)))
		emit_quoted(out, node->text);
	else if (node->kind == NODE_BOOLEAN && made(node))
		buffer_add_string(out, node->boolean ? "true" : "false");
	else if (node->kind == NODE_NULL && node->written.length == 0)
		buffer_add_string(out, "null");
	else
		buffer_add(out, node->written.length > 0 ? node->written : node->text);
}

static bool is_scalar(const struct node *node)
{
	return node->kind != NODE_MAPPING && node->kind != NODE_SEQUENCE;
}

static void emit_copy(
	struct buffer *out, struct edits *edits, const struct layout *layout, struct text text)
{
	size_t from = (size_t)(text.data - layout->source.data);
	edits_moved(edits, from, from + text.length);
	buffer_add(out, text);
}

static void emit_flow_member(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct member *member);

/* The alias of a collection, "" where it is none: a scalar is copied. */
static struct text alias_of(const struct layout *layout, const struct member *member)
{
	if (member->via != VIA_ALIAS || is_scalar(member->value))
		return TEXT("");
	struct text text = layout_slice(layout, member->value_span);
	return text_starts_with(text, "*") ? text : TEXT("");
}

static void emit_made_flow(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct node *node)
{
	buffer_add_byte(out, '{');
	for (uint32_t i = 0; i < node->count; i++) {
		buffer_add_string(out, i > 0 ? ", " : "");
		emit_flow_member(out, edits, layout, &node->members[i]);
	}
	buffer_add_byte(out, '}');
}

static void emit_flow_value(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct node *node)
{
	struct text text = layout_slice(layout, node->span);
	if (is_scalar(node))
		emit_scalar(out, layout, node);
	else if (made(node))
		emit_made_flow(out, edits, layout, node);
	else if (node->flow && text_starts_with(text, node->kind == NODE_MAPPING ? "{" : "["))
		emit_copy(out, edits, layout, text);
	else
		edits_refuse(edits, node->span.start,
			TEXT("a block collection, or one with an anchor, cannot move into "
			     "the new block"));
}

static void emit_flow_member(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct member *member)
{
	struct text alias = alias_of(layout, member);
	emit_key(out, layout, member->key);
	buffer_add_string(out, ": ");
	if (alias.length > 0)
		buffer_add(out, alias);
	else
		emit_flow_value(out, edits, layout, member->value);
}

/* How many blanks a line begins with. */
static size_t indentation(struct text line)
{
	size_t blanks = 0;
	while (blanks < line.length && line.data[blanks] == ' ')
		blanks++;
	return blanks;
}

static bool is_blank(struct text line)
{
	return line.length == 0 || line.data[0] == '\r' || line.data[0] == '\n';
}

/* Comments above the first line, and blank lines, belong to what they stand above, down from the line of the key. */
static size_t with_comments_above(const struct layout *layout, size_t from, size_t top)
{
	while (from > top) {
		size_t above = layout_line_start(layout, from - 1);
		struct text line = { layout->source.data + above, from - above };
		line = text_trim(line);
		if (above < top || (line.length > 0 && !text_starts_with(line, "#")))
			break;
		from = above;
	}
	return from;
}

/* A collection that heads its line, and not a copy of it: under another name it is the same entry, comments and all. */
static bool takes_comments(
	const struct edits *edits, const struct layout *layout, const struct member *member)
{
	size_t key = layout_offset(layout, member->key_span.start);
	const struct member *top = layout_top(layout, member->key_span.start);
	return edits->takes_comments && member->via == VIA_DIRECT && !made(member->value) &&
	       !layout->root->flow && top && !layout_is_repeated(layout, top) &&
	       layout_line_start(layout, key) + layout_indentation(layout, member) == key;
}

/* Lines that stand elsewhere now. Those of an entry of the top level go with it, others have to be taken out. */
static void take_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, size_t from, size_t to)
{
	struct span top = member_span(layout_top(layout, member->key_span.start));
	size_t start = layout_line_start(layout, layout_offset(layout, top.start));
	size_t end = layout_line_end(layout, layout_offset(layout, top.end));
	if (from >= to)
		return;
	edits->took_comments = true;
	edits_moved(edits, from, to);
	if (to <= start || from >= end)
		edits_add(edits, from, to - from, TEXT(""));
}

/* The comments right above the entry. */
static void emit_comments_above(struct buffer *out, struct edits *edits,
	const struct layout *layout, const struct member *member, unsigned indent)
{
	size_t line = layout_line_start(layout, layout_offset(layout, member->key_span.start));
	size_t from = layout_comments_above(layout, line, 0);
	layout_put_comments(
		layout, out, (struct text){ layout->source.data + from, line - from }, indent);
	take_lines(edits, layout, member, from, line);
}

/* The comment that ends the line, as it stands there, and the line end. */
static void emit_comment_beside(
	struct buffer *out, struct edits *edits, const struct layout *layout, size_t behind)
{
	struct text comment = layout_comment(layout, behind, layout_line_end(layout, behind));
	size_t at = (size_t)(comment.data - layout->source.data);
	if (comment.length > 0) {
		edits->took_comments = true;
		edits_moved(edits, at, at + comment.length);
		buffer_add(out, (struct text){ layout->source.data + behind, at - behind });
		buffer_add(out, comment);
	}
	buffer_add_string(out, layout->newline);
}

/* Behind the comments that follow at once and are indented as the lines of the entry's value are. */
static size_t comments_below(
	const struct layout *layout, const struct member *member, size_t end, size_t column)
{
	if (layout_gap_of(layout, member->value).scalar)
		return end;
	while (end < layout->source.length && layout_is_comment_line(layout, end) &&
		layout_blanks_at(layout, end) >= column)
		end = layout_line_end(layout, end);
	return end;
}

/* The user's own lines of a block collection, moved to another column. */
static void emit_moved_lines(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct member *member, unsigned indent)
{
	const struct node *node = member->value;
	struct text source = layout->source;
	size_t first = layout_offset(layout, node->span.start);
	size_t from = layout_line_start(layout, first);
	size_t to = layout_line_end(layout, layout_offset(layout, node->span.end));
	size_t old = node->span.start.column;
	if (layout_gap_of(layout, node).kept)
		to = layout_skip_blank_lines(layout, to);
	if (takes_comments(edits, layout, member)) {
		size_t below = comments_below(layout, member, to, old);
		take_lines(edits, layout, member, to, below);
		to = below;
	}
	if (indentation((struct text){ source.data + from, to - from }) != old) {
		edits_refuse(edits, node->span.start,
			TEXT("a nested collection carries an anchor or a tag"));
		return;
	}
	size_t key = layout_offset(layout, member->key_span.end);
	from = with_comments_above(layout, from, layout_line_end(layout, key));
	edits_moved(edits, from, to);
	for (size_t i = from; i < to;) {
		size_t end = layout_line_end(layout, i);
		struct text line = { source.data + i, end - i };
		size_t blanks = indentation(line);
		line = text_from(line, blanks);
		/* Left of the first line stand comments, and lines of quoted text, whose blanks do not count. */
		/* Blanks of a blank line may belong to a block scalar, too. */
		size_t column = blanks > old ? indent + blanks - old : indent;
		bool empty = is_blank(line) && blanks < indent && blanks <= old;
		buffer_add_repeated(out, ' ', empty ? blanks : column);
		buffer_add(out, line);
		i = end;
	}
	if (!layout_line_ended(layout, to))
		buffer_add_string(out, layout->newline);
}

/* Behind the colon of a block, or behind a value in braces: what may follow there is a comment. */
static size_t behind_of(const struct layout *layout, const struct member *member, bool block)
{
	size_t end = layout_offset(layout, member->value_span.end);
	if (!block)
		return end;
	size_t at = layout_offset(layout, member->key_span.end);
	while (at < end && layout->source.data[at] == ' ')
		at++;
	return at < end && layout->source.data[at] == ':' ? at + 1 : at;
}

static void emit_entry(struct buffer *out, struct edits *edits, const struct layout *layout,
	const struct member *member, unsigned indent)
{
	const struct node *value = member->value;
	bool block = !is_scalar(value) && !value->flow && value->count > 0 &&
		     alias_of(layout, member).length == 0;
	bool takes = !is_scalar(value) && takes_comments(edits, layout, member);
	if (takes)
		emit_comments_above(out, edits, layout, member, indent);
	buffer_add_repeated(out, ' ', indent);
	if (block) {
		emit_key(out, layout, member->key);
		buffer_add_byte(out, ':');
	} else {
		emit_flow_member(out, edits, layout, member);
	}
	if (takes)
		emit_comment_beside(out, edits, layout, behind_of(layout, member, block));
	else
		buffer_add_string(out, layout->newline);
	if (!block)
		return;
	if (!made(value)) {
		emit_moved_lines(out, edits, layout, member, indent + layout->step);
		return;
	}
	for (uint32_t i = 0; i < value->count; i++)
		emit_entry(out, edits, layout, &value->members[i], indent + layout->step);
}

struct text emit_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, unsigned indent)
{
	struct buffer out;
	buffer_init(&out, edits->arena, 128);
	emit_entry(&out, edits, layout, member, indent);
	return buffer_text(&out);
}

struct text emit_flow(struct edits *edits, const struct layout *layout, const struct member *member)
{
	struct buffer out;
	buffer_init(&out, edits->arena, 128);
	emit_flow_member(&out, edits, layout, member);
	return buffer_text(&out);
}
