#include "source/key_index.h"

#include <string.h>

#define LINEAR_MOST 8
#define FIRST_SIZE 32
#define PROBES_MOST 32

static uint32_t first_slot(const struct key_index *index, struct text key, uint32_t hash)
{
	uint64_t place = index->seed ? text_hash_keyed(key, index->seed) : hash ^ hash >> 16;
	return (uint32_t)place & (index->size - 1);
}

uint32_t key_index_find(const struct key_index *index, const struct member *members, uint32_t count,
	struct text key, uint32_t hash)
{
	if (index->size == 0) {
		for (uint32_t i = 0; i < count; i++)
			if (members[i].hash == hash && text_equal(members[i].key, key))
				return i;
		return KEY_INDEX_NONE;
	}
	uint32_t mask = index->size - 1;
	for (uint32_t at = first_slot(index, key, hash); index->slots[at] != 0;
		at = (at + 1) & mask) {
		uint32_t i = index->slots[at] - 1;
		if (members[i].hash == hash && text_equal(members[i].key, key))
			return i;
	}
	return KEY_INDEX_NONE;
}

/* False when the chain is too long. */
static bool place(struct key_index *index, const struct member *members, uint32_t position)
{
	uint32_t mask = index->size - 1;
	uint32_t at = first_slot(index, members[position].key, members[position].hash);
	uint32_t probes = 0;
	while (index->slots[at] != 0) {
		at = (at + 1) & mask;
		probes++;
	}
	index->slots[at] = position + 1;
	return probes <= PROBES_MOST;
}

static void rebuild(struct key_index *index, struct arena *arena, const struct member *members,
	uint32_t count, uint32_t size)
{
	index->slots = ARENA_ARRAY(arena, uint32_t, size);
	index->size = index->slots ? size : 0;
	bool fine = index->slots != NULL;
	for (uint32_t i = 0; i < count && fine; i++)
		fine = place(index, members, i) || index->seed;
	if (fine || !index->slots)
		return;
	/* The address of the table differs from process to process and is never shown. */
	index->seed = (uintptr_t)index->slots;
	memset(index->slots, 0, size * sizeof(*index->slots));
	for (uint32_t i = 0; i < count; i++)
		place(index, members, i);
}

void key_index_add(
	struct key_index *index, struct arena *arena, const struct member *members, uint32_t count)
{
	if (count <= LINEAR_MOST)
		return;
	if (count > index->size / 2)
		rebuild(index, arena, members, count, index->size ? index->size * 4 : FIRST_SIZE);
	else if (!place(index, members, count - 1) && !index->seed)
		rebuild(index, arena, members, count, index->size);
}
