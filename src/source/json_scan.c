#include "source/json_scan.h"

#include "base/utf8.h"
#include "source/encoding.h"
#include "source/lines.h"

#include <string.h>

/* cJSON reads no more than 63 bytes of a number. */
#define NUMBER_MOST 63

struct scan {
	struct tree *tree;
	struct text source;
	char *copy;
	size_t at;
	uint32_t depth;
};

static bool refuse(struct scan *scan, size_t at, const char *detail)
{
	return encoding_fault(scan->tree, FAULT_SYNTAX, at, text_of(detail));
}

static int byte_at(const struct scan *scan, size_t at)
{
	return at < scan->source.length ? (unsigned char)scan->source.data[at] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(const struct scan *scan, size_t at)
{
	while (is_digit(byte_at(scan, at)))
		at++;
	return at;
}

/* The end of the number that begins at `at`, or `at` when there is none. */
static size_t number_end(const struct scan *scan, size_t at)
{
	size_t start = at;
	at += byte_at(scan, at) == '-';
	size_t digits = skip_digits(scan, at);
	if (digits == at || (byte_at(scan, at) == '0' && digits > at + 1))
		return start;
	at = digits;
	if (byte_at(scan, at) == '.') {
		at = skip_digits(scan, at + 1);
		if (at == digits + 1)
			return start;
	}
	if (byte_at(scan, at) != 'e' && byte_at(scan, at) != 'E')
		return at;
	size_t exponent = at + 1;
	exponent += byte_at(scan, exponent) == '+' || byte_at(scan, exponent) == '-';
	at = skip_digits(scan, exponent);
	return at > exponent ? at : start;
}

/* For cJSON it is a 0. */
static bool pass_number(struct scan *scan, size_t length)
{
	memset(scan->copy + scan->at, ' ', length);
	scan->copy[scan->at] = '0';
	scan->at += length;
	return true;
}

/* What Python's json writes for the floats that JSON has no numbers for. */
static bool scan_not_finite(struct scan *scan)
{
	static const char *const literals[] = { "NaN", "Infinity", "-Infinity" };
	struct text rest = text_from(scan->source, scan->at);
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++)
		if (text_starts_with(rest, literals[i])) {
			scan->tree->document->not_finite = true;
			return pass_number(scan, strlen(literals[i]));
		}
	return false;
}

static bool scan_number(struct scan *scan)
{
	size_t start = scan->at;
	size_t end = number_end(scan, start);
	if (end == start)
		return refuse(scan, start, "not a number as JSON writes it");
	if (end - start > NUMBER_MOST)
		return pass_number(scan, end - start);
	scan->at = end;
	return true;
}

static bool scan_literal(struct scan *scan)
{
	static const char *const literals[] = { "true", "false", "null" };
	struct text rest = text_from(scan->source, scan->at);
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++)
		if (text_starts_with(rest, literals[i])) {
			scan->at += strlen(literals[i]);
			return true;
		}
	return refuse(scan, scan->at, "no JSON value begins like this");
}

/* The number behind `\u`, or -1. */
static int32_t escaped_unit(const struct scan *scan, size_t at)
{
	int32_t unit = 0;
	if (byte_at(scan, at) != '\\' || byte_at(scan, at + 1) != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		int c = byte_at(scan, i);
		int letter = c | 0x20;
		if (is_digit(c))
			unit = unit * 16 + (c - '0');
		else if (c >= 0 && letter >= 'a' && letter <= 'f')
			unit = unit * 16 + (letter - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

static bool scan_unicode_escape(struct scan *scan)
{
	size_t start = scan->at;
	int32_t unit = escaped_unit(scan, start);
	if (unit < 0)
		return refuse(scan, start, "an escape \\u without four hexadecimal digits");
	if (unit == 0)
		return refuse(scan, start, "a string with the character U+0000");
	scan->at += 6;
	if (unit < 0xD800 || unit > 0xDFFF)
		return true;
	int32_t low = escaped_unit(scan, scan->at);
	if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
		return refuse(scan, start, "an escape \\u with half a surrogate pair");
	scan->at += 6;
	return true;
}

static bool scan_escape(struct scan *scan)
{
	int c = byte_at(scan, scan->at + 1);
	if (c == 'u')
		return scan_unicode_escape(scan);
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return refuse(scan, scan->at, "an escape that JSON does not know");
	scan->at += 2;
	return true;
}

static bool scan_string(struct scan *scan)
{
	size_t start = scan->at++;
	for (;;) {
		scan->at += utf8_plain_run(text_from(scan->source, scan->at));
		int c = byte_at(scan, scan->at);
		if (c == '"') {
			scan->at++;
			return true;
		}
		if (c < 0)
			return refuse(scan, start, "a string without its closing quote");
		if (c < ' ')
			return refuse(scan, scan->at, "a control character in a string");
		if (c != '\\')
			scan->at++;
		else if (!scan_escape(scan))
			return false;
	}
}

static bool count_value(struct scan *scan)
{
	struct tree *tree = scan->tree;
	if (++tree->nodes <= tree->nodes_most)
		return true;
	tree->nodes--;
	return tree_count(tree, 1, encoding_place(tree, scan->at));
}

static bool scan_open(struct scan *scan)
{
	struct tree *tree = scan->tree;
	scan->depth++;
	if (scan->depth > tree->depth_most)
		return tree_fits(tree, scan->depth, encoding_place(tree, scan->at));
	scan->at++;
	return true;
}

static bool scan_token(struct scan *scan)
{
	int c = byte_at(scan, scan->at);
	switch (c) {
	case ':':
		/* What was counted before it was no value. */
		scan->tree->nodes -= scan->tree->nodes > 0;
		__attribute__((fallthrough));
	case ' ':
	case '\t':
	case '\n':
	case '\r':
	case ',':
		scan->at++;
		return true;
	case ']':
	case '}':
		scan->depth -= scan->depth > 0;
		scan->at++;
		return true;
	case '[':
	case '{':
		return count_value(scan) && scan_open(scan);
	case '"':
		return count_value(scan) && scan_string(scan);
	default:
		if (!count_value(scan))
			return false;
		if ((c == 'N' || c == 'I' || c == '-') && scan_not_finite(scan))
			return true;
		return c == '-' || is_digit(c) ? scan_number(scan) : scan_literal(scan);
	}
}

bool json_scan(struct tree *tree, struct text source, char *copy)
{
	struct scan scan = {
		.tree = tree,
		.source = source,
		.copy = copy,
		.at = source_start(source),
	};
	if (scan.at > 0)
		memset(copy, ' ', scan.at);
	while (scan.at < source.length)
		if (!scan_token(&scan))
			return false;
	if (tree->nodes == 0 && text_trim(text_from(source, source_start(source))).length == 0)
		return encoding_fault(tree, FAULT_EMPTY, scan.at, TEXT("there is nothing in it"));
	return true;
}
