#include "render/excerpt.h"

#include "render/visible.h"

/* Characters that are shown before the caret at most, and in all. */
#define BEFORE 90
#define WINDOW 160
#define MARGIN "    "
#define CUT "…"

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* At most `count` characters back; a character has at most three bytes that continue it. */
static size_t step_back(struct text line, size_t at, size_t count)
{
	while (at > 0 && count-- > 0) {
		size_t start = at - 1;
		while (start > 0 && at - start < 4 && continues(line.data[start]))
			start--;
		at = start;
	}
	return at;
}

static size_t step_on(struct text line, size_t at, size_t count)
{
	struct text shown;
	while (at < line.length && count-- > 0)
		at += visible_character(text_from(line, at), &shown);
	return at;
}

/* Blanks under the characters of a text, with its own tabs. */
static void put_blanks(struct buffer *out, struct text text)
{
	struct text shown;
	while (text.length > 0) {
		buffer_add_byte(out, text.data[0] == '\t' ? '\t' : ' ');
		text = text_from(text, visible_character(text, &shown));
	}
}

static void put_underline(struct buffer *out, struct text text)
{
	struct text shown;
	char sign = '^';
	do {
		buffer_add_byte(out, sign);
		sign = '~';
		text = text_from(text, text.length > 0 ? visible_character(text, &shown) : 0);
	} while (text.length > 0);
}

static struct text slice(struct text line, size_t from, size_t to)
{
	return (struct text){ .data = line.data + from, .length = to > from ? to - from : 0 };
}

void excerpt_put(
	struct buffer *out, struct text line, size_t from, size_t to, struct excerpt_colour colour)
{
	from = from < line.length ? from : line.length;
	size_t start = step_back(line, from, BEFORE);
	size_t end = step_on(line, start, WINDOW);
	buffer_add_string(out, start > 0 ? MARGIN CUT : MARGIN);
	visible_put(out, slice(line, start, end));
	buffer_add_string(out, end < line.length ? CUT "\n" : "\n");
	buffer_add_string(out, start > 0 ? MARGIN " " : MARGIN);
	put_blanks(out, slice(line, start, from));
	buffer_add_string(out, colour.on);
	put_underline(out, slice(line, from, to < end ? to : end));
	buffer_add_string(out, colour.off);
	buffer_add_byte(out, '\n');
}
