#include "checkpoint/folders/witness.h"

#include <string.h>

#define SECOND ((int64_t)1000000000)
#define TICK (SECOND / 50)

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

bool witnesses_agree(const struct witnesses *witnesses, void (*progress)(void))
{
	for (size_t i = 0; i < witnesses->count; i++) {
		const struct witness *witness = &witnesses->list[i];
		struct identity now = { 0 };
		int error = beneath_look(witness->path, &now);
		if (progress)
			progress();
		if (error != witness->error || !identity_equal(&now, &witness->identity))
			return false;
	}
	return true;
}

/* The kernel's clock moves some hundred times a second; some file systems keep whole seconds, or every second one. */
static int64_t step_of(int64_t stamp)
{
	return stamp % SECOND == 0 ? 2 * SECOND : TICK;
}

bool witnesses_settled(const struct witnesses *witnesses, int64_t now)
{
	for (size_t i = 0; i < witnesses->count; i++) {
		int64_t changed = witnesses->list[i].identity.changed, step = step_of(changed);
		if (now - changed > -step && now - changed < step)
			return false;
	}
	return true;
}
