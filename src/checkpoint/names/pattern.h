/*
 * Regular expressions of exclusion lists, in bounded time and memory. The lists are written for
 * Python's re; what its users write in practice means the same to PCRE2.
 */
#pragma once

#include "base/arena.h"

enum pattern_anchor {
	PATTERN_START,  /* re.match */
	PATTERN_WHOLE,  /* re.fullmatch */
	PATTERN_SEARCH, /* re.search */
};

enum pattern_outcome {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_LIMIT, /* given up: the pattern explodes on this subject, or the pool has done
			  enough */
};

/* Bytes of one pattern, and patterns of one pool. */
#define PATTERN_BYTES_MAXIMUM 1024
#define PATTERNS_MAXIMUM 4096

/* How the clause about a text begins that no reader would take for a pattern. */
#define PATTERN_WRONG "no regular expression"

struct pattern;
struct pattern_pool;

/*
 * Of all here: when PCRE2 is refused memory, the arena of the pool fails.
 *
 * NULL without memory. The patterns are the arena's and outlive their pool; any pool may match
 * them.
 */
struct pattern_pool *pattern_pool_new(struct arena *arena);
/* Gives back what the arena does not own; NULL is allowed. */
void pattern_pool_end(struct pattern_pool *pool);
/* NULL when the text does not compile, is too long or one too many; the clause tells, "" without memory. */
struct pattern *pattern_compile(struct pattern_pool *pool, struct text source,
	enum pattern_anchor anchor, struct text *reterr_detail);
enum pattern_outcome pattern_match(
	struct pattern_pool *pool, const struct pattern *pattern, struct text subject);

/* Whether anything in it is more than itself: "." counts only if `dot` is set. */
bool pattern_is_special(struct text source, bool dot);
/* Whether it means the same for names that differ only in their digits (but not in their number).
 */
bool pattern_ignores_digits(struct text source);
/*
 * loosen.c: a pattern that matches a name with every digit a 0 if the given one matches the name, but perhaps more; the
 * empty text when there is none so simple.
 */
struct text pattern_loosened(struct arena *arena, struct text source);

/* Takes some of the work that is left; false when there was not so much. */
static inline bool work_spend(size_t *left, size_t work)
{
	bool enough = *left >= work;
	*left -= enough ? work : *left;
	return enough;
}

/*
 * Shell globs as Python's fnmatch reads them, over the whole name: "*", "?", "[…]", "[!…]". `left`
 * is how many letters may still be looked at; at 0 the answer means nothing.
 */
bool glob_match(struct text glob, struct text name, size_t *left);
