/*
 * Names that differ only in their digits: the modules of one kind, in all layers. They form a class,
 * named by one of them with every digit a 0.
 */
#pragma once

#include "base/arena.h"

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The class's name; the empty text without memory. */
struct text digits_zeroed(struct arena *arena, struct text name);
/* Whether a name is of the class. */
bool digits_zeroed_equal(struct text zeroed, struct text name);
/* The same for all names of a class. With the address of its table as key nobody outside can foresee what collides. */
uint32_t digits_zeroed_hash(struct text name, const void *key);
/* Writes a name of the class into `room`, which has its length: with these digits, one for each 0. */
void digits_put(char *room, struct text zeroed, const char *digits);
