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

static bool has_line_end(struct text source, unsigned char first)
{
	const char *at = source.data, *end = source.data + source.length;
	while ((at = memchr(at, first, (size_t)(end - at)))) {
		if (line_end_length(source, (size_t)(at - source.data)) > 0)
			return true;
		at++;
	}
	return false;
}

/* The others begin with one of these bytes. */
static bool only_line_feeds(struct text source)
{
	return !has_line_end(source, '\r') && !has_line_end(source, 0xC2) &&
	       !has_line_end(source, 0xE2);
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

static bool has_long_line(const struct lines *lines, size_t count)
{
	size_t end = lines->source.length;
	while (count > 0 && end - lines->starts[count - 1] <= LINES_BLOCK)
		end = lines->starts[--count];
	return count > 0;
}

static uint32_t *count_blocks(struct arena *arena, struct text source)
{
	size_t count = source.length / LINES_BLOCK + 1;
	uint32_t *before = ARENA_ARRAY(arena, uint32_t, count);
	for (size_t i = 1; before && i < count; i++) {
		struct text block = { source.data + (i - 1) * LINES_BLOCK, LINES_BLOCK };
		before[i] = before[i - 1] + (uint32_t)utf8_count(block);
	}
	return before;
}

void lines_index(struct lines *lines, struct arena *arena, struct text source)
{
	*lines = (struct lines){ .source = source, .ascii = utf8_is_ascii(source) };
	size_t count = find_starts(source, NULL);
	lines->starts = ARENA_ARRAY(arena, uint32_t, count);
	if (!lines->starts)
		return;
	find_starts(source, lines->starts);
	bool blocks = !lines->ascii && has_long_line(lines, count);
	if (blocks)
		lines->before = count_blocks(arena, source);
	lines->count = blocks && !lines->before ? 0 : count;
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

/* The characters before an offset, which is no further than the source's end. */
static size_t characters_before(const struct lines *lines, size_t offset)
{
	size_t block = offset / LINES_BLOCK, start = block * LINES_BLOCK;
	return lines->before[block] +
	       utf8_count((struct text){ lines->source.data + start, offset - start });
}

/* Where the character of that number begins, counted from the start of the source. */
static size_t offset_of(const struct lines *lines, size_t character)
{
	size_t low = 0, high = lines->source.length / LINES_BLOCK + 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (lines->before[middle] <= character)
			low = middle;
		else
			high = middle;
	}
	struct text rest = text_from(lines->source, low * LINES_BLOCK);
	return low * LINES_BLOCK + utf8_offset(rest, character - lines->before[low]);
}

size_t lines_offset(const struct lines *lines, struct mark mark)
{
	if (mark.line >= lines->count)
		return lines->source.length;
	struct text line = lines_text(lines, mark.line);
	size_t start = lines->starts[mark.line], end = start + line.length;
	if (mark.column >= line.length)
		return end;
	if (lines->ascii)
		return start + mark.column;
	if (mark.column < LINES_BLOCK)
		return start + utf8_offset(line, mark.column);
	size_t offset = offset_of(lines, characters_before(lines, start) + mark.column);
	return offset < end ? offset : end;
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
	size_t start = lines->starts[low], column = offset - start;
	if (lines->before)
		column = characters_before(lines, offset) - characters_before(lines, start);
	else if (!lines->ascii)
		column = utf8_count((struct text){ lines->source.data + start, column });
	return (struct mark){ .line = (uint32_t)low, .column = (uint32_t)column };
}

/* The blanks before a block scalar's first line that is not blank, which are its indentation; SIZE_MAX when all are. */
static size_t scalar_indentation(const struct lines *lines, struct span span)
{
	for (uint32_t line = span.start.line + 1; line <= span.end.line; line++) {
		struct text text = lines_text(lines, line);
		size_t blanks = 0;
		while (blanks < text.length && text.data[blanks] == ' ')
			blanks++;
		if (text_trim(text).length > 0)
			return blanks;
	}
	return SIZE_MAX;
}

struct mark lines_block_scalar_end(const struct lines *lines, struct span span)
{
	size_t indentation = scalar_indentation(lines, span);
	for (uint32_t line = span.end.line; line > span.start.line; line--) {
		struct text text = lines_text(lines, line);
		bool reached = line < span.end.line || span.end.column > 0;
		if (reached && (text_trim(text).length > 0 || text.length > indentation))
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
