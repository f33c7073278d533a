/* Did you mean …? */
#pragma once

#include "base/text.h"

/*
 * Damerau-Levenshtein distance (adjacent transposition counts one), given up above `bound`: the
 * result is then bound + 1. Both texts may have at most 64 bytes, else bound + 1.
 */
unsigned suggestion_distance(struct text a, struct text b, unsigned bound);

/*
 * True when `written` is close to `known`: equal but for case, or at most 2 apart and at most a
 * third of the longer length, for words of 5 letters and more.
 */
bool suggestion_close(struct text written, struct text known);
/* The closest of `count` words, NULL if none is close. */
const char *suggestion_nearest(struct text written, const char *const *words, size_t count);
