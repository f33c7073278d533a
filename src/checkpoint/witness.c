#include "checkpoint/witness.h"

#include <string.h>

#define COARSEST_STAMP ((int64_t)2000000000)

struct witnesses witnesses_begin(struct arena *arena)
{
	return (struct witnesses){ .arena = arena };
}

void witnesses_add(
	struct witnesses *witnesses, const char *path, int error, const struct identity *identity)
{
	if (witnesses->count == witnesses->room) {
		size_t room = witnesses->room > 0 ? witnesses->room * 2 : 16;
		struct witness *list = ARENA_ARRAY(witnesses->arena, struct witness, room);
		if (!list)
			return;
		if (witnesses->count > 0)
			memcpy(list, witnesses->list, witnesses->count * sizeof(*list));
		witnesses->list = list;
		witnesses->room = room;
	}
	witnesses->list[witnesses->count++] =
		(struct witness){ .path = path, .error = error, .identity = *identity };
}

void witnesses_look(struct witnesses *witnesses, const char *path)
{
	struct identity identity = { 0 };
	int error = beneath_look(path, &identity);
	witnesses_add(witnesses, path, error, &identity);
}

struct witnesses witnesses_copy(struct arena *arena, const struct witnesses *witnesses)
{
	struct witnesses copy = witnesses_begin(arena);
	for (size_t i = 0; i < witnesses->count; i++) {
		const struct witness *witness = &witnesses->list[i];
		witnesses_add(&copy, arena_copy(arena, text_of(witness->path)).data, witness->error,
			&witness->identity);
	}
	return copy;
}

bool witnesses_agree(const struct witnesses *witnesses)
{
	for (size_t i = 0; i < witnesses->count; i++) {
		const struct witness *witness = &witnesses->list[i];
		struct identity now = { 0 };
		if (beneath_look(witness->path, &now) != witness->error ||
			!identity_equal(&now, &witness->identity))
			return false;
	}
	return true;
}

bool witnesses_settled(const struct witnesses *witnesses, int64_t now)
{
	for (size_t i = 0; i < witnesses->count; i++) {
		int64_t age = now - witnesses->list[i].identity.changed;
		if (age > -COARSEST_STAMP && age < COARSEST_STAMP)
			return false;
	}
	return true;
}
