/* Did you mean …? */
#pragma once

#include "base/text.h"

/*
 * Damerau-Levenshtein distance (adjacent transposition counts one), given up above `bound`: the
 * result is then bound + 1. Both texts may have at most 64 bytes, else bound + 1.
 */
unsigned suggestion_distance(struct text a, struct text b, unsigned bound);

/*
 * How close `written` is to `known`: 0 when equal but for case, else their distance when that is at most 2 and at most a
 * third of the longer length, for words of 5 letters and more; SUGGESTION_FAR when they are not close.
 */
#define SUGGESTION_FAR 3
unsigned suggestion_closeness(struct text written, struct text known);

/*
 * Which letters a word has, without regard to case, as a set of bits. One edit changes two of them at most, so words whose
 * sets differ in more than 4 bits are not close: a test that is much cheaper than the distance.
 */
uint64_t suggestion_letters(struct text word);
static inline bool suggestion_letters_hopeless(uint64_t written, uint64_t known)
{
	uint64_t differing = written ^ known;
	for (int i = 0; i < 2 * (SUGGESTION_FAR - 1); i++)
		differing &= differing - 1;
	return differing != 0;
}

/* The same by their lengths. */
static inline bool suggestion_lengths_hopeless(size_t written, size_t known)
{
	size_t apart = written > known ? written - known : known - written;
	return apart >= SUGGESTION_FAR;
}

/* The closest of `count` words, NULL if none is close. */
const char *suggestion_nearest(struct text written, const char *const *words, size_t count);
