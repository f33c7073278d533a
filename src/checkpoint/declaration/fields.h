/*
 * What each method reads under each key of its block: types, values, and what transformers does with
 * anything else. Not for other floors.
 */
#pragma once

#include "checkpoint/inspector.h"

enum kinds {
	K_NULL = 1u << NODE_NULL,
	K_BOOLEAN = 1u << NODE_BOOLEAN,
	K_INTEGER = 1u << NODE_INTEGER,
	K_FLOAT = 1u << NODE_FLOAT,
	K_STRING = 1u << NODE_STRING,
	K_LIST = 1u << NODE_SEQUENCE,
	K_OBJECT = 1u << NODE_MAPPING,
	K_NUMBER = K_INTEGER | K_FLOAT,
	K_NAMES = K_LIST | K_NULL,
	K_SIZE = K_INTEGER | K_NULL,
	K_TEXT = K_STRING | K_NULL,
	K_FLAG = K_BOOLEAN | K_NULL,
	K_PART = K_OBJECT | K_NULL,
};

struct field {
	enum method method;    /* METHOD_NONE: every method that has no row of its own for it */
	const char *path;      /* "/" between steps; a step "*" is every member or item */
	unsigned kinds;        /* enum kinds: the types that are read */
	const char *takes;     /* limits of the value, as limit_allows() reads them; NULL: none */
	const char *otherwise; /* what transformers does with anything else, one clause; `refused`:
				  its class raises; NULL: it misreads a type that it does not check */
};

extern const char refused[];
extern const struct field field_rows[];
extern const size_t field_row_count;

/*
 * Whether a value is one of `takes`: words between blanks, each a string or number as it stands,
 * "null", ">N" (a number above N), "A<B" (one between), "%N" (a multiple of N) or "[N]" (a list of
 * N items). With "~" as the first word letters' case does not count.
 */
bool limit_allows(const char *takes, const struct node *value);
/* For people: "2, 3, 4 or 8". */
const char *limit_words(struct arena *arena, const char *takes);
