/* The values that a method takes, written in one line of its table. */
#include "checkpoint/declaration/fields.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 64

static struct text word_next(const char **at)
{
	*at += strspn(*at, " ");
	struct text word = { *at, strcspn(*at, " ") };
	*at += word.length;
	return word;
}

/* A number that a double holds well enough to be compared with a table's. */
static bool number_of(struct text digits, double *ret_number)
{
	char copy[NUMBER_BYTES];
	if (digits.length == 0 || digits.length >= sizeof(copy))
		return false;
	memcpy(copy, digits.data, digits.length);
	copy[digits.length] = '\0';
	char *end;
	*ret_number = strtod(copy, &end);
	return *end == '\0';
}

static bool is_number(const struct node *value)
{
	return value->kind == NODE_INTEGER || value->kind == NODE_FLOAT;
}

static bool in_range(struct text word, double number)
{
	double low, high, rest;
	const char *between = memchr(word.data, '<', word.length);
	if (between) {
		size_t at = (size_t)(between - word.data);
		return number_of((struct text){ word.data, at }, &low) &&
		       number_of(text_from(word, at + 1), &high) && low < number && number < high;
	}
	if (word.data[0] == '>')
		return number_of(text_from(word, 1), &low) && number > low;
	if (word.data[0] != '%')
		return number_of(word, &low) && number == low;
	if (!number_of(text_from(word, 1), &low) || number < -1e15 || number > 1e15)
		return false;
	rest = number / low - (double)(long long)(number / low);
	return rest == 0;
}

static bool word_allows(struct text word, const struct node *value, bool fold)
{
	double count;
	switch (value->kind) {
	case NODE_NULL:
		return text_equal(word, TEXT("null"));
	case NODE_BOOLEAN:
		return text_is(word, value->boolean ? "true" : "false");
	case NODE_STRING:
		return fold ? text_equal_nocase(word, value->text) : text_equal(word, value->text);
	case NODE_SEQUENCE:
		return word.length > 2 && word.data[0] == '[' &&
		       number_of((struct text){ word.data + 1, word.length - 2 }, &count) &&
		       count == value->count;
	default:
		return false;
	}
}

bool limit_allows(const char *takes, const struct node *value)
{
	double number = 0;
	bool fold = takes[0] == '~';
	const char *at = takes + fold;
	if (is_number(value) && !number_of(value->text, &number))
		number = 1e300; /* longer than anybody's limit */
	for (struct text word = word_next(&at); word.length > 0; word = word_next(&at))
		if (is_number(value) ? in_range(word, number) : word_allows(word, value, fold))
			return true;
	return false;
}

static void add_word(struct buffer *out, struct text word)
{
	const char *between = memchr(word.data, '<', word.length);
	size_t at = between ? (size_t)(between - word.data) : 0;
	if (between)
		buffer_printf(out, "a number between %.*s and %.*s", (int)at, word.data,
			TEXT_ARGUMENTS(text_from(word, at + 1)));
	else if (word.data[0] == '>')
		buffer_printf(out, "a number above %.*s", TEXT_ARGUMENTS(text_from(word, 1)));
	else if (word.data[0] == '%')
		buffer_printf(out, "a multiple of %.*s", TEXT_ARGUMENTS(text_from(word, 1)));
	else if (word.data[0] == '[')
		buffer_printf(out, "a list of %.*s", (int)word.length - 2, word.data + 1);
	else
		buffer_add(out, word);
}

const char *limit_words(struct arena *arena, const char *takes)
{
	struct buffer out;
	const char *at = takes + (takes[0] == '~');
	buffer_init(&out, arena, 96);
	struct text word = word_next(&at);
	while (word.length > 0) {
		struct text next = word_next(&at);
		const char *joint = out.length == 0 ? "" : next.length > 0 ? ", " : " or ";
		buffer_add_string(&out, joint);
		add_word(&out, word);
		word = next;
	}
	buffer_add_byte(&out, '\0');
	const char *text = buffer_text(&out).data;
	return text ? text : "";
}
