#include "source/lines.h"

#include "base/utf8.h"

#include <string.h>

static const struct text byte_order_mark = { .data = "\xEF\xBB\xBF", .length = 3 };

size_t line_end_length(struct text source, size_t at)
{
	const char *s = source.data + at;
	size_t left = source.length - at;
	if (left == 0)
		return 0;
	if (s[0] == '\n')
		return 1;
	if (s[0] == '\r')
		return left > 1 && s[1] == '\n' ? 2 : 1;
	if (s[0] == '\xC2')
		return left > 1 && s[1] == '\x85' ? 2 : 0;
	if (s[0] != '\xE2' || left < 3 || s[1] != '\x80')
		return 0;
	return s[2] == '\xA8' || s[2] == '\xA9' ? 3 : 0;
}

size_t source_start(struct text source)
{
	bool marked = source.length >= byte_order_mark.length &&
		      memcmp(source.data, byte_order_mark.data, byte_order_mark.length) == 0;
	return marked ? byte_order_mark.length : 0;
}

/* No line end but LF can be in it: those others begin with one of these bytes. */
static bool only_line_feeds(struct text source)
{
	return !memchr(source.data, '\r', source.length) &&
	       !memchr(source.data, 0xC2, source.length) &&
	       !memchr(source.data, 0xE2, source.length);
}

/* Behind the next line end, or the end of the source. */
static size_t next_line(struct text source, size_t at, bool simple)
{
	if (simple) {
		const char *end = memchr(source.data + at, '\n', source.length - at);
		return end ? (size_t)(end - source.data) + 1 : SIZE_MAX;
	}
	for (; at < source.length; at++) {
		/* Nearly every byte can be told from a line end by its value alone. */
		unsigned char byte = (unsigned char)source.data[at];
		bool ordinary = byte > '\r' && byte < 0xC2;
		size_t length = ordinary ? 0 : line_end_length(source, at);
		if (length > 0)
			return at + length;
	}
	return SIZE_MAX;
}

/* Writes the starts where there is room for them; returns how many there are. */
static size_t find_starts(struct text source, uint32_t *starts)
{
	size_t count = 0;
	bool simple = source.length > 0 && only_line_feeds(source);
	for (size_t at = source_start(source); at <= source.length;
		at = next_line(source, at, simple)) {
		if (starts)
			starts[count] = (uint32_t)at;
		count++;
	}
	return count;
}

void lines_index(struct lines *lines, struct arena *arena, struct text source)
{
	*lines = (struct lines){ .source = source, .ascii = utf8_is_ascii(source) };
	size_t count = find_starts(source, NULL);
	lines->starts = ARENA_ARRAY(arena, uint32_t, count);
	if (lines->starts)
		lines->count = find_starts(source, lines->starts);
}

struct text lines_text(const struct lines *lines, uint32_t line)
{
	if (line >= lines->count)
		return TEXT("");
	size_t start = lines->starts[line];
	size_t end = line + 1 < lines->count ? lines->starts[line + 1] : lines->source.length;
	struct text text = { .data = lines->source.data + start, .length = end - start };
	/* A line end is at most three bytes; the last line has none. */
	if (line + 1 < lines->count)
		for (size_t back = text.length < 3 ? text.length : 3; back > 0; back--)
			if (line_end_length(text, text.length - back) == back) {
				text.length -= back;
				break;
			}
	return text;
}

size_t lines_offset(const struct lines *lines, struct mark mark)
{
	if (mark.line >= lines->count)
		return lines->source.length;
	struct text line = lines_text(lines, mark.line);
	if (lines->ascii)
		return lines->starts[mark.line] +
		       (mark.column < line.length ? mark.column : line.length);
	return lines->starts[mark.line] + utf8_offset(line, mark.column);
}

struct mark lines_mark(const struct lines *lines, size_t offset)
{
	if (lines->count == 0 || offset < lines->starts[0])
		return (struct mark){ 0 };
	if (offset > lines->source.length)
		offset = lines->source.length;
	size_t low = 0;
	size_t high = lines->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (lines->starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	struct text before = {
		.data = lines->source.data + lines->starts[low],
		.length = offset - lines->starts[low],
	};
	return (struct mark){ .line = (uint32_t)low, .column = (uint32_t)utf8_count(before) };
}

struct mark lines_block_scalar_end(const struct lines *lines, struct span span)
{
	for (uint32_t line = span.end.line; line > span.start.line; line--) {
		struct text text = lines_text(lines, line);
		bool reached = line < span.end.line || span.end.column > 0;
		if (reached && text_trim(text).length > 0)
			return (struct mark){ line, (uint32_t)utf8_count(text) };
	}
	struct text header = lines_text(lines, span.start.line);
	size_t at = utf8_offset(header, span.start.column);
	size_t end = at;
	while (end < header.length && header.data[end] != '|' && header.data[end] != '>')
		end++;
	while (end < header.length && strchr("|>+-0123456789", header.data[end]))
		end++;
	header = (struct text){ header.data + at, end - at };
	return (struct mark){ span.start.line, span.start.column + (uint32_t)utf8_count(header) };
}

struct cursor cursor_at_start(struct text source)
{
	return (struct cursor){ .source = source, .at = source_start(source) };
}

void cursor_step(struct cursor *cursor)
{
	if (cursor->at >= cursor->source.length)
		return;
	unsigned char byte = (unsigned char)cursor->source.data[cursor->at];
	bool visible = byte >= ' ' && byte < 0x80;
	size_t line_end = visible ? 0 : line_end_length(cursor->source, cursor->at);
	cursor->at += line_end > 0 ? line_end : 1;
	if (line_end > 0) {
		cursor->mark = (struct mark){ .line = cursor->mark.line + 1 };
		return;
	}
	/* A character counts when its last byte is behind: what continues one comes next. */
	unsigned char next = cursor->at < cursor->source.length
				     ? (unsigned char)cursor->source.data[cursor->at]
				     : 0;
	cursor->mark.column += (next & 0xC0) != 0x80;
}

bool mark_before(struct mark a, struct mark b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

void cursor_advance(struct cursor *cursor, struct mark mark)
{
	while (cursor->at < cursor->source.length && mark_before(cursor->mark, mark))
		cursor_step(cursor);
}

struct mark cursor_behind_colon(struct cursor *cursor, struct mark key_end, struct mark limit)
{
	cursor_advance(cursor, key_end);
	struct cursor ahead = *cursor;
	while (ahead.at < ahead.source.length && mark_before(ahead.mark, limit)) {
		char byte = ahead.source.data[ahead.at];
		if (byte == '#')
			cursor_advance(&ahead, (struct mark){ .line = ahead.mark.line + 1 });
		else
			cursor_step(&ahead);
		if (byte == ':')
			return ahead.mark;
	}
	return key_end;
}
