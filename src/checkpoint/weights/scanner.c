#include "checkpoint/weights/scanner.h"

#include "base/utf8.h"

#include <string.h>

#define DEPTH_MAXIMUM 64

void scan_begin(struct scanner *scanner, struct arena *arena, struct text source)
{
	*scanner = (struct scanner){ .start = source.data,
		.at = source.data,
		.end = source.data + source.length,
		.arena = arena };
}

bool scan_fail(struct scanner *scanner, const char *fault)
{
	if (!scanner->fault)
		scanner->fault = fault;
	return false;
}

static void skip_blanks(struct scanner *scanner)
{
	while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\n' ||
						     *scanner->at == '\r' || *scanner->at == '\t'))
		scanner->at++;
}

/* The next character that is no blank; NUL at the end. */
static char peek(struct scanner *scanner)
{
	skip_blanks(scanner);
	return scanner->at < scanner->end ? *scanner->at : '\0';
}

static bool take(struct scanner *scanner, char wanted)
{
	if (scanner->fault)
		return false;
	if (peek(scanner) != wanted || scanner->at == scanner->end)
		return scan_fail(scanner, "no JSON of the expected shape");
	scanner->at++;
	return true;
}

bool scan_open(struct scanner *scanner, char bracket)
{
	scanner->first = true;
	return take(scanner, bracket);
}

/* Behind a comma, or at the first entry; false at the end of the collection. */
static bool advance(struct scanner *scanner, char close)
{
	if (scanner->fault)
		return false;
	bool first = scanner->first;
	scanner->first = false;
	if (peek(scanner) == close && scanner->at < scanner->end) {
		scanner->at++;
		return false;
	}
	return first || take(scanner, ',');
}

bool scan_item(struct scanner *scanner, char close)
{
	return advance(scanner, close);
}

bool scan_key(struct scanner *scanner, struct text *ret_key)
{
	return advance(scanner, '}') && scan_string(scanner, ret_key) && take(scanner, ':');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex4(const char *at, const char *end, uint32_t *ret_value)
{
	if (end - at < 4)
		return false;
	*ret_value = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return false;
		*ret_value = *ret_value << 4 | (uint32_t)digit;
	}
	return true;
}

/* At the `u` of an escape: its character, with the second half of a pair; NULL for none. */
static const char *unescape_unicode(const char *at, const char *end, char **out)
{
	uint32_t unit, low;
	if (!hex4(at + 1, end, &unit))
		return NULL;
	at += 5;
	if (unit >= 0xd800 && unit < 0xdc00) {
		if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || !hex4(at + 2, end, &low) ||
			low < 0xdc00 || low > 0xdfff)
			return NULL;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
		at += 6;
	}
	size_t length = utf8_encode(unit, *out);
	*out += length;
	return length > 0 ? at : NULL;
}

/* The contents of a string with escapes; never longer than the source. */
static bool unescape(struct scanner *scanner, struct text source, struct text *ret_text)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char *start = arena_alloc(scanner->arena, source.length + 4), *out = start;
	const char *at = source.data, *end = source.data + source.length;
	if (!start)
		return scan_fail(scanner, "no memory");
	while (at && at < end) {
		const char *letter;
		if (*at != '\\') {
			*out++ = *at++;
		} else if (at[1] == 'u') {
			at = unescape_unicode(at + 1, end, &out);
		} else if (at[1] && (letter = strchr(letters, at[1]))) {
			*out++ = meant[letter - letters];
			at += 2;
		} else {
			at = NULL;
		}
	}
	*ret_text = (struct text){ start, (size_t)(out - start) };
	return at || scan_fail(scanner, "an escape that JSON does not have");
}

bool scan_string(struct scanner *scanner, struct text *ret_text)
{
	if (!take(scanner, '"'))
		return false;
	const char *start = scanner->at;
	bool escapes = false;
	while (scanner->at < scanner->end && *scanner->at != '"') {
		if ((unsigned char)*scanner->at < 0x20)
			return scan_fail(scanner, "a control character in a string");
		bool escape = *scanner->at == '\\';
		escapes |= escape;
		scanner->at += escape ? 2 : 1;
	}
	if (scanner->at >= scanner->end)
		return scan_fail(scanner, "a string without an end");
	struct text source = { start, (size_t)(scanner->at - start) };
	scanner->at++;
	if (escapes)
		return unescape(scanner, source, ret_text);
	*ret_text = source;
	return true;
}

bool scan_try_unsigned(struct scanner *scanner, uint64_t *ret_value)
{
	if (scanner->fault)
		return false;
	skip_blanks(scanner);
	const char *at = scanner->at;
	uint64_t value = 0;
	while (at < scanner->end && *at >= '0' && *at <= '9') {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
		at++;
	}
	bool ends = at == scanner->end || strchr(",]} \n\r\t", *at);
	if (at == scanner->at || !ends)
		return false;
	scanner->at = at;
	*ret_value = value;
	return true;
}

bool scan_unsigned(struct scanner *scanner, uint64_t *ret_value)
{
	return scan_try_unsigned(scanner, ret_value) ||
	       scan_fail(scanner, "a whole number is expected");
}

/* A number or a word; a loose check is enough for what nobody reads. */
static bool skip_plain(struct scanner *scanner)
{
	const char *start = scanner->at;
	while (scanner->at < scanner->end && !strchr(",]}: \n\r\t\"[{", *scanner->at))
		scanner->at++;
	return scanner->at > start || scan_fail(scanner, "no JSON of the expected shape");
}

static bool skip_value(struct scanner *scanner, int depth)
{
	struct text unused;
	char next = peek(scanner);
	if (scanner->fault || depth > DEPTH_MAXIMUM)
		return scan_fail(scanner, "too deep");
	if (next == '"')
		return scan_string(scanner, &unused);
	if (next != '{' && next != '[')
		return skip_plain(scanner);
	scan_open(scanner, next);
	if (next == '{')
		while (scan_key(scanner, &unused))
			skip_value(scanner, depth + 1);
	else
		while (scan_item(scanner, ']'))
			skip_value(scanner, depth + 1);
	scanner->first = false;
	return !scanner->fault;
}

bool scan_skip(struct scanner *scanner)
{
	return skip_value(scanner, 1);
}

bool scan_end(struct scanner *scanner)
{
	if (scanner->fault)
		return false;
	skip_blanks(scanner);
	return scanner->at == scanner->end || scan_fail(scanner, "text behind the JSON");
}
