#include "service/options/tokens.h"

#include <string.h>

#include "service/options/file.h"

#define FILE_LIMIT ((size_t)256 * 1024)
#define TOKENS_MAXIMUM 256
#define TOKEN_BYTES 512

struct tokens {
	struct text list[TOKENS_MAXIMUM];
	size_t count;
};

/* RFC 6750's b64token. */
static bool is_token(struct text text)
{
	size_t length = text.length;
	while (length > 0 && text.data[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++) {
		char c = text.data[i], lower = (char)(c | 0x20);
		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
			(c == '\0' || !strchr("-._~+/", c)))
			return false;
	}
	return length > 0 && text.length <= TOKEN_BYTES;
}

static bool take_line(struct tokens *tokens, const char *path, unsigned number, struct text line,
	struct fault *ret_fault)
{
	line = text_trim(line);
	if (line.length == 0 || line.data[0] == '#')
		return true;
	if (!is_token(line)) {
		fault_printf(ret_fault,
			"%s:%u:1: this is no token: write letters, digits and -._~+/ with = only at "
			"the end, at most 512 of them",
			path, number);
		return false;
	}
	if (tokens->count == TOKENS_MAXIMUM) {
		fault_printf(ret_fault, "%s:%u:1: at most 256 tokens are read", path, number);
		return false;
	}
	tokens->list[tokens->count++] = line;
	return true;
}

const struct tokens *tokens_read(struct arena *arena, const char *path, struct fault *ret_fault)
{
	struct tokens *tokens = ARENA_NEW(arena, struct tokens);
	struct text rest = file_read(arena, path, FILE_LIMIT, ret_fault);
	if (!rest.data)
		return NULL;
	for (unsigned number = 1; tokens && rest.length > 0; number++) {
		const char *end = memchr(rest.data, '\n', rest.length);
		size_t length = end ? (size_t)(end - rest.data) : rest.length;
		if (!take_line(tokens, path, number, (struct text){ rest.data, length }, ret_fault))
			return NULL;
		rest = text_from(rest, end ? length + 1 : length);
	}
	if (tokens && tokens->count > 0)
		return tokens;
	fault_printf(ret_fault, "%s: there is no token in it", path);
	return NULL;
}

/* Reads all of `given`, whatever it holds. */
static unsigned difference(struct text token, struct text given)
{
	unsigned differs = token.length != given.length;
	for (size_t i = 0; i < given.length; i++)
		differs |=
			(unsigned char)token.data[i % token.length] ^ (unsigned char)given.data[i];
	return differs;
}

bool tokens_admit(const struct tokens *tokens, struct text authorization)
{
	static const char scheme[] = "bearer ";
	size_t length = sizeof(scheme) - 1;
	unsigned found = 0;
	if (authorization.length <= length || authorization.length > length + TOKEN_BYTES ||
		!text_equal_nocase((struct text){ authorization.data, length }, text_of(scheme)))
		return false;
	struct text given = text_trim(text_from(authorization, length));
	for (size_t i = 0; i < tokens->count; i++) {
		unsigned differs = difference(tokens->list[i], given);
		__asm__ volatile("" : "+r"(differs)); /* no shortcut by the compiler */
		found |= differs == 0;
	}
	return found != 0;
}
