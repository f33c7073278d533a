/*
 * malloc() and its kin for a whole program, its libraries included, which refuse when they are told to. Linked into a
 * program, they stand before the system's own, and before a sanitizer's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What is counted from now on: the `nth` request for memory is refused (0: none is), and if `for_good`, so is every later
 * one. Of one thread at a time.
 */
void memory_refuse(size_t nth, bool for_good);
/* Every nth request of a thread other than the first is refused, for good; 0: none is. */
void memory_refuse_every(size_t nth);
/* Whether a sanitizer is there, which makes all of this slow. */
bool memory_is_watched(void);
/* Requests since then, and those among them that were refused. */
size_t memory_asked(void);
size_t memory_refused(void);
/*
 * Pieces that were taken and not given back, since the program began; always 0 with a sanitizer, whose strdup() takes
 * others, and which looks for leaks itself.
 */
long memory_held(void);
