#include "base/utf8.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080ull

static bool continues(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* As utf8_sequence(), of what is no ASCII. */
static size_t sequence_length(const unsigned char *s, size_t left)
{
	unsigned char first = s[0];
	if (first < 0xC2 || first > 0xF4 || left < 2 || !continues(s[1]))
		return 0;
	if (first < 0xE0)
		return 2;
	if (left < 3 || !continues(s[2]))
		return 0;
	if (first < 0xF0) {
		bool overlong = first == 0xE0 && s[1] < 0xA0;
		bool surrogate = first == 0xED && s[1] > 0x9F;
		return overlong || surrogate ? 0 : 3;
	}
	bool overlong = first == 0xF0 && s[1] < 0x90;
	bool too_high = first == 0xF4 && s[1] > 0x8F;
	return left < 4 || !continues(s[3]) || overlong || too_high ? 0 : 4;
}

size_t utf8_sequence(struct text text)
{
	const unsigned char *s = (const unsigned char *)text.data;
	if (text.length == 0 || s[0] < 0x80)
		return text.length > 0;
	return sequence_length(s, text.length);
}

size_t utf8_first_fault(struct text text)
{
	const unsigned char *s = (const unsigned char *)text.data;
	size_t at = 0;
	while (at < text.length) {
		uint64_t eight;
		if (text.length - at >= sizeof(eight)) {
			memcpy(&eight, s + at, sizeof(eight));
			if ((eight & HIGH_BITS) == 0) {
				at += sizeof(eight);
				continue;
			}
		}
		size_t length = s[at] < 0x80 ? 1 : sequence_length(s + at, text.length - at);
		if (length == 0)
			return at;
		at += length;
	}
	return text.length;
}

/* Whether all eight bytes are so. Of those that are not, the first one sets its highest bit. */
static bool eight_plain(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t eight;
	memcpy(&eight, bytes, sizeof(eight));
	uint64_t blanks = eight - ones * ' ';
	uint64_t quotes = (eight ^ ones * '"') - ones;
	uint64_t slashes = (eight ^ ones * '\\') - ones;
	uint64_t deletes = (eight ^ ones * 0x7f) - ones;
	return ((eight | blanks | quotes | slashes | deletes) & HIGH_BITS) == 0;
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

size_t utf8_plain_run(struct text text)
{
	size_t at = 0;
	while (text.length - at >= 8 && eight_plain(text.data + at))
		at += 8;
	/* What is left mostly is plain, too: once more eight, some of which were looked at already. */
	if (text.length >= 8 && text.length - at < 8 && eight_plain(text.data + text.length - 8))
		return text.length;
	while (at < text.length && is_plain(text.data[at]))
		at++;
	return at;
}

bool utf8_is_ascii(struct text text)
{
	size_t at = 0;
	uint64_t seen = 0;
	for (; text.length - at >= sizeof(seen); at += sizeof(seen)) {
		uint64_t eight;
		memcpy(&eight, text.data + at, sizeof(eight));
		seen |= eight;
	}
	for (; at < text.length; at++)
		seen |= (unsigned char)text.data[at];
	return (seen & HIGH_BITS) == 0;
}

/* How many of the eight bytes begin a character. */
static unsigned starts_in(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t eight;
	memcpy(&eight, bytes, sizeof(eight));
	uint64_t continuing = (eight >> 7) & ~(eight >> 6) & ones;
	return 8 - (unsigned)(continuing * ones >> 56);
}

size_t utf8_count(struct text text)
{
	size_t count = 0, at = 0;
	for (; text.length - at >= 8; at += 8)
		count += starts_in(text.data + at);
	for (; at < text.length; at++)
		count += !continues((unsigned char)text.data[at]);
	return count;
}

size_t utf8_offset(struct text text, size_t index)
{
	size_t at = 0;
	/* Whole words, as long as the character cannot begin in the next one: lines may be very long. */
	while (text.length - at >= 8 && index >= 8) {
		index -= starts_in(text.data + at);
		at += 8;
	}
	for (; at < text.length; at++)
		if (!continues((unsigned char)text.data[at]) && index-- == 0)
			return at;
	return text.length;
}

struct text utf8_shortened(struct text text, size_t bytes, const char **ret_rest)
{
	*ret_rest = "";
	if (text.length <= bytes)
		return text;
	while (bytes > 0 && continues((unsigned char)text.data[bytes]))
		bytes--;
	*ret_rest = "…";
	return (struct text){ text.data, bytes };
}

size_t utf8_encode(uint32_t scalar, char out[4])
{
	if (scalar < 0x80) {
		out[0] = (char)scalar;
		return 1;
	}
	if (scalar < 0x800) {
		out[0] = (char)(0xC0 | scalar >> 6);
		out[1] = (char)(0x80 | (scalar & 0x3F));
		return 2;
	}
	if (scalar > 0x10FFFF || (scalar >= 0xD800 && scalar <= 0xDFFF))
		return 0;
	if (scalar < 0x10000) {
		out[0] = (char)(0xE0 | scalar >> 12);
		out[1] = (char)(0x80 | (scalar >> 6 & 0x3F));
		out[2] = (char)(0x80 | (scalar & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | scalar >> 18);
	out[1] = (char)(0x80 | (scalar >> 12 & 0x3F));
	out[2] = (char)(0x80 | (scalar >> 6 & 0x3F));
	out[3] = (char)(0x80 | (scalar & 0x3F));
	return 4;
}

bool utf8_looks_like_utf16(struct text text)
{
	return text.length >= 2 &&
	       (memcmp(text.data, "\xFF\xFE", 2) == 0 || memcmp(text.data, "\xFE\xFF", 2) == 0);
}

size_t utf8_length_in_utf16(struct text text)
{
	size_t units = 0;
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		units += !continues(byte);
		units += byte >= 0xF0; /* a surrogate pair */
	}
	return 2 * units;
}

static uint32_t unit_at(struct text utf16, size_t at, bool little)
{
	uint32_t first = (unsigned char)utf16.data[at];
	uint32_t second = (unsigned char)utf16.data[at + 1];
	return little ? second << 8 | first : first << 8 | second;
}

/* The scalar value at *at, which is moved behind it; UINT32_MAX for half a surrogate pair. */
static uint32_t scalar_at(struct text utf16, size_t *at, bool little)
{
	uint32_t unit = unit_at(utf16, *at, little);
	*at += 2;
	if (unit < 0xD800 || unit > 0xDFFF)
		return unit;
	if (unit > 0xDBFF || *at >= utf16.length)
		return UINT32_MAX;
	uint32_t low = unit_at(utf16, *at, little);
	*at += 2;
	if (low < 0xDC00 || low > 0xDFFF)
		return UINT32_MAX;
	return 0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00));
}

struct text utf8_from_utf16(struct arena *arena, struct text utf16)
{
	const struct text nothing = { 0 };
	if (!utf8_looks_like_utf16(utf16) || utf16.length % 2 != 0)
		return nothing;
	/* One unit becomes three bytes at most. */
	char *out = arena_array(arena, utf16.length / 2, 3);
	if (!out)
		return nothing;
	bool little = utf16.data[0] == '\xFF';
	size_t used = 0;
	for (size_t at = 2; at < utf16.length;) {
		size_t length = utf8_encode(scalar_at(utf16, &at, little), out + used);
		if (length == 0)
			return nothing;
		used += length;
	}
	return (struct text){ .data = out, .length = used };
}
