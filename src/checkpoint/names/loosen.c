/*
 * Patterns in which every digit may be any other: what such a pattern does not match with a class's name, the pattern
 * itself matches with no name of the class. So it may accept more, but never less; constructs for which that is not plain
 * are left alone: lookarounds, atomic groups, possessive quantifiers, back references, sets that are negated.
 */
#include "base/buffer.h"
#include "checkpoint/names/digits.h"
#include "checkpoint/names/pattern.h"

#include <string.h>

#define ANY_DIGIT "0-9"

struct loosening {
	struct text source;
	size_t at;
	struct buffer out;
};

static char peek(const struct loosening *loosening, size_t ahead)
{
	size_t i = loosening->at + ahead;
	return i < loosening->source.length ? loosening->source.data[i] : '\0';
}

static void copy(struct loosening *loosening, size_t count)
{
	while (count-- > 0)
		buffer_add_byte(&loosening->out, loosening->source.data[loosening->at++]);
}

/* Of letters and digits only those that stand for a kind of letter, or for a border of words. */
static bool copy_escape(struct loosening *loosening)
{
	char c = peek(loosening, 1);
	bool letter = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	if (c == '\0' || (letter && !strchr("dDwWsSbB", c)))
		return false;
	copy(loosening, 2);
	return true;
}

static bool copy_set(struct loosening *loosening)
{
	bool digits = false;
	copy(loosening, 1);
	if (peek(loosening, 0) == '^' || peek(loosening, 0) == ']')
		return false;
	while (peek(loosening, 0) != ']') {
		char c = peek(loosening, 0);
		if (c == '\0' || c == '[')
			return false;
		digits |= is_digit(c);
		if (c != '\\')
			copy(loosening, 1);
		else if (!copy_escape(loosening))
			return false;
	}
	if (digits)
		buffer_add_string(&loosening->out, ANY_DIGIT);
	copy(loosening, 1);
	return true;
}

/* "{2,3}"; its digits count. Whether "{,3}" is one depends on the library's age. */
static bool copy_count(struct loosening *loosening)
{
	copy(loosening, 1);
	if (!is_digit(peek(loosening, 0)))
		return false;
	while (is_digit(peek(loosening, 0)) || peek(loosening, 0) == ',')
		copy(loosening, 1);
	if (peek(loosening, 0) != '}')
		return false;
	copy(loosening, 1);
	return peek(loosening, 0) != '+';
}

static bool copy_next(struct loosening *loosening)
{
	char c = peek(loosening, 0), next = peek(loosening, 1);
	switch (c) {
	case '\0':
		return false;
	case '\\':
		return copy_escape(loosening);
	case '[':
		return copy_set(loosening);
	case '{':
		return copy_count(loosening);
	case '(':
		if (next == '*' || (next == '?' && peek(loosening, 2) != ':'))
			return false;
		break;
	case '*':
	case '+':
	case '?':
		if (next == '+')
			return false;
		break;
	default:
		break;
	}
	if (is_digit(c)) {
		buffer_add_string(&loosening->out, "[" ANY_DIGIT "]");
		loosening->at++;
	} else {
		copy(loosening, 1);
	}
	return true;
}

struct text pattern_loosened(struct arena *arena, struct text source)
{
	struct loosening loosening = { .source = source };
	buffer_init(&loosening.out, arena, source.length + 64);
	while (loosening.at < source.length)
		if (!copy_next(&loosening))
			return TEXT("");
	return buffer_text(&loosening.out);
}
