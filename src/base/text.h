/* A view of bytes that somebody else owns: not terminated, may hold NULs, usually UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	const char *data;
	size_t length; /* bytes */
};

/* For string literals and char arrays only: the length is taken from the type. */
#define TEXT(literal) ((struct text){ .data = (literal), .length = sizeof(literal) - 1 })

/* For printf's "%.*s". */
#define TEXT_ARGUMENTS(view) (int)(view).length, (view).data

/* A view of a terminated string; NULL gives the empty text. */
static inline struct text text_of(const char *string)
{
	return (struct text){ .data = string ? string : "", .length = string ? strlen(string) : 0 };
}

static inline bool text_equal(struct text a, struct text b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool text_is(struct text a, const char *string)
{
	return text_equal(a, text_of(string));
}

static inline bool text_starts_with(struct text a, const char *prefix)
{
	size_t length = strlen(prefix);
	return a.length >= length && memcmp(a.data, prefix, length) == 0;
}

static inline bool text_ends_with(struct text a, const char *suffix)
{
	size_t length = strlen(suffix);
	return a.length >= length && memcmp(a.data + a.length - length, suffix, length) == 0;
}

/* ASCII letters compare without case; other bytes exactly. */
bool text_equal_nocase(struct text a, struct text b);
bool text_contains(struct text a, const char *part);

/* Bytewise order, a shorter prefix first: below, equal to or above zero. */
int text_compare(struct text a, struct text b);

/*
 * For tables: the same on every machine. With a key that nobody outside can foresee (an address,
 * say) hostile texts do not collide more often than others.
 */
uint64_t text_hash_keyed(struct text a, uint64_t key);
/* The same with a key that everybody knows: for tables that bear collisions. */
uint32_t text_hash(struct text a);

/* The bytes from `from` (clamped) to the end. */
struct text text_from(struct text a, size_t from);
/* Without ASCII blanks and line ends on both sides. */
struct text text_trim(struct text a);
