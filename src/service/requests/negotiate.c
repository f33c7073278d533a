#include "service/requests/negotiate.h"

#include <string.h>

/* Cuts the next piece off `rest` at `separator`, which does not count inside quotes. */
static struct text next_piece(struct text *rest, char separator)
{
	bool quoted = false;
	size_t i = 0;
	if (!rest->data)
		return *rest;
	for (; i < rest->length && (quoted || rest->data[i] != separator); i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->data[i] == '\\')
			i++;
	}
	if (i > rest->length)
		i = rest->length;
	struct text piece = { .data = rest->data, .length = i };
	*rest = text_from(*rest, i + 1);
	return text_trim(piece);
}

/* Thousandths, as the grammar has three digits at most; what is no quality counts as 1. */
static int read_quality(struct text value)
{
	if (value.length == 0 || (value.data[0] != '0' && value.data[0] != '1'))
		return 1000;
	int quality = (value.data[0] - '0') * 1000;
	int weight = 100;
	for (size_t i = 2; i < value.length && i < 5; i++, weight /= 10)
		if (value.data[i] >= '0' && value.data[i] <= '9')
			quality += weight * (value.data[i] - '0');
	return quality > 1000 ? 1000 : quality;
}

static int range_quality(struct text parameters)
{
	while (parameters.length > 0) {
		struct text parameter = next_piece(&parameters, ';');
		if (parameter.length >= 2 && (parameter.data[0] | 0x20) == 'q' &&
			parameter.data[1] == '=')
			return read_quality(text_from(parameter, 2));
	}
	return 1000;
}

/* How exactly a media range names the type: 3 exactly, 2 by its first half, 1 by everything, 0 not.
 */
static int range_match(struct text range, const char *type)
{
	size_t half = strcspn(type, "/") + 1;
	if (text_equal_nocase(range, text_of(type)))
		return 3;
	if (text_is(range, "*/*"))
		return 1;
	bool open = range.length == half + 1 && range.data[half] == '*';
	struct text begin = { .data = range.data, .length = half };
	return open && text_equal_nocase(begin, (struct text){ .data = type, .length = half }) ? 2
											       : 0;
}

static int type_quality(struct text accept, const char *type)
{
	int best_match = 0, quality = 0;
	while (accept.length > 0) {
		struct text parameters = next_piece(&accept, ',');
		struct text range = next_piece(&parameters, ';');
		int match = range_match(range, type);
		int asked = match > 0 ? range_quality(parameters) : 0;
		if (match > best_match || (match == best_match && asked > quality)) {
			best_match = match;
			quality = asked;
		}
	}
	return quality;
}

int negotiate(struct text accept, const char *const *types, size_t count)
{
	int best = -1, best_quality = 0;
	if (text_trim(accept).length == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int quality = type_quality(accept, types[i]);
		if (quality > best_quality) {
			best_quality = quality;
			best = (int)i;
		}
	}
	return best;
}

struct text media_type(struct text value)
{
	return next_piece(&value, ';');
}

static struct text unquote(struct arena *arena, struct text value)
{
	char *out = arena_alloc(arena, value.length + 1);
	size_t length = 0, i = 1;
	if (!out)
		return (struct text){ 0 };
	for (; i < value.length && value.data[i] != '"'; i++) {
		if (value.data[i] == '\\' && i + 1 < value.length)
			i++;
		out[length++] = value.data[i];
	}
	if (i + 1 != value.length)
		return (struct text){ 0 };
	return (struct text){ .data = out, .length = length };
}

struct text media_parameter(struct arena *arena, struct text value, const char *name)
{
	next_piece(&value, ';');
	while (value.length > 0) {
		struct text parameter = next_piece(&value, ';');
		struct text contents = parameter;
		struct text key = next_piece(&contents, '=');
		if (!text_equal_nocase(key, text_of(name)) || key.length == parameter.length)
			continue;
		contents = text_trim(contents);
		if (contents.length > 0 && contents.data[0] == '"')
			return unquote(arena, contents);
		return contents;
	}
	return (struct text){ 0 };
}
