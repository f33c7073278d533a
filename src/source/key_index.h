/*
 * Finds a key among the members before it: by looking at each while there are few, by a hash table
 * when there are more. Hostile keys cost no more than others: a table whose chains grow long is
 * made again with a hash that nobody outside can foresee.
 */
#pragma once

#include "source/node.h"

struct key_index {
	uint32_t *slots; /* position + 1 of a member; 0: free */
	uint32_t size;   /* slots, a power of two; 0: no table, so far */
	uint64_t seed;   /* 0: members are placed by member.hash */
};

#define KEY_INDEX_NONE UINT32_MAX

/* The position of the member with that key among `count` ones, or KEY_INDEX_NONE. */
uint32_t key_index_find(const struct key_index *index, const struct member *members, uint32_t count,
	struct text key, uint32_t hash);
/* To be called for each new member, when it stands at members[count - 1]. */
void key_index_add(
	struct key_index *index, struct arena *arena, const struct member *members, uint32_t count);
