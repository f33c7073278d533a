#include "base/text.h"

#include <endian.h>
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

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The first eight bytes, or as many as there are, the first one lowest. */
static uint64_t word_of(const char *bytes, size_t length)
{
	uint64_t word = 0;
	if (length >= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		return le64toh(word);
	}
	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
	return word;
}

uint64_t text_hash_keyed(struct text a, uint64_t key)
{
	uint64_t hash = fold(key ^ a.length, 0x9E3779B97F4A7C15ull);
	for (size_t at = 0; at < a.length; at += sizeof(uint64_t))
		hash = fold(hash ^ word_of(a.data + at, a.length - at), key | 1);
	return hash ^ hash >> 32;
}

uint32_t text_hash(struct text a)
{
	return (uint32_t)text_hash_keyed(a, 0xD6E8FEB86659FD93ull);
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
