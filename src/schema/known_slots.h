/* Where the hashes of the known keys lead. Not for other floors. */
#pragma once

#include <stdint.h>

#define KNOWN_SLOTS 1024 /* a power of two, about twice as many as there are keys */

/* By a key's text_hash(), and from there on: the position in known_keys plus one; 0 ends the search. */
extern const uint16_t known_slots[KNOWN_SLOTS];
