#include "base/text.h"

#include <string.h>

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : (unsigned char)c;
}

bool text_equal_nocase(struct text a, struct text b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool text_contains(struct text a, const char *part)
{
	return a.length > 0 && memmem(a.data, a.length, part, strlen(part)) != NULL;
}

int text_compare(struct text a, struct text b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
	if (order != 0)
		return order;
	return (a.length > b.length) - (a.length < b.length);
}

uint32_t text_hash(struct text a)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < a.length; i++)
		hash = (hash ^ (unsigned char)a.data[i]) * 16777619u;
	return hash;
}

struct text text_from(struct text a, size_t from)
{
	if (from > a.length)
		from = a.length;
	/* Even nothing may not be added to NULL, which the empty text may have. */
	return (struct text){ .data = from > 0 ? a.data + from : a.data,
		.length = a.length - from };
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trim(struct text a)
{
	while (a.length > 0 && blank(a.data[0]))
		a = text_from(a, 1);
	while (a.length > 0 && blank(a.data[a.length - 1]))
		a.length--;
	return a;
}
