#include "render/visible.h"

#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT TEXT("\xef\xbf\xbd")

/* The control pictures, U+2400 and on, three bytes each. */
static const char pictures[] = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟";

/* What turns or hides text, as UTF-8: directional marks and overrides, separators, byte order marks. */
static const char *const hidden[] = {
	"\u061c",
	"\u200b",
	"\u200e",
	"\u200f",
	"\u2028",
	"\u2029",
	"\u202a",
	"\u202b",
	"\u202c",
	"\u202d",
	"\u202e",
	"\u2066",
	"\u2067",
	"\u2068",
	"\u2069",
	"\ufeff",
};

static size_t ascii_character(struct text text, struct text *ret_shown)
{
	unsigned char byte = (unsigned char)text.data[0];
	if (byte < 0x20 && byte != '\t')
		*ret_shown = (struct text){ .data = pictures + 3 * (size_t)byte, .length = 3 };
	else if (byte == 0x7f)
		*ret_shown = TEXT("␡");
	else
		*ret_shown = (struct text){ .data = text.data, .length = 1 };
	return 1;
}

static size_t sequence_length(struct text text)
{
	unsigned char first = (unsigned char)text.data[0];
	size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > text.length)
		return 0;
	text.length = length;
	return utf8_first_fault(text) == length ? length : 0;
}

static bool is_hidden(struct text character)
{
	unsigned char second = (unsigned char)character.data[1];
	if (character.data[0] == '\xc2' && second < 0xa0) /* C1 */
		return true;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (text_is(character, hidden[i]))
			return true;
	return false;
}

size_t visible_character(struct text text, struct text *ret_shown)
{
	if ((unsigned char)text.data[0] < 0x80)
		return ascii_character(text, ret_shown);
	size_t length = sequence_length(text);
	struct text character = { .data = text.data, .length = length };
	*ret_shown = length == 0 || is_hidden(character) ? REPLACEMENT : character;
	return length > 0 ? length : 1;
}

void visible_put(struct buffer *out, struct text text)
{
	size_t run = 0;
	while (run < text.length) {
		struct text shown, rest = text_from(text, run);
		size_t length = visible_character(rest, &shown);
		if (shown.data == rest.data) {
			run += length;
			continue;
		}
		buffer_add(out, (struct text){ .data = text.data, .length = run });
		buffer_add(out, shown);
		text = text_from(rest, length);
		run = 0;
	}
	buffer_add(out, text);
}
