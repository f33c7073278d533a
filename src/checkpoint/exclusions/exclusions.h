/* Entries against modules' names. Not for other floors, but for weights.c and the tests. */
#pragma once

#include "checkpoint/checkpoint.h"

struct pattern_pool;

/*
 * Whether the entry meets the module's name, by the entry's own grammar. A pattern that explodes
 * makes the entry broken. Takes about as much from `left` as letters are looked at (PCRE2 bounds
 * itself); at 0 the answer means nothing.
 */
bool exclusion_matches(
	struct pattern_pool *pool, struct exclusion *exclusion, struct text module, size_t *left);

/* A name or pattern of a request's list, as transformers reads it; a pattern that cannot be tried is broken. */
struct exclusion exclusion_of_request(struct pattern_pool *pool, struct text name);

/* What the whole list says of a module. */
enum exclusion_verdict {
	VERDICT_SILENT,   /* no entry is about it */
	VERDICT_EXCLUDED, /* it stays as it is */
	VERDICT_QUANTIZED,
};

/*
 * Fills in what the list says of modules; tells the verdict (enum exclusion_verdict) for each module in an array of
 * the arena. NULL when the arena failed (then modules are not known), and when some entries were too much work: they are
 * counted as untried.
 */
unsigned char *exclusions_match(struct arena *arena, struct exclusions *exclusions,
	const struct text *modules, size_t count);
