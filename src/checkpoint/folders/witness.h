/*
 * What an answer hangs on: files and folders, and places where nothing stands, each in the state in
 * which it was seen. As long as all of them are so, the answer is still the right one.
 */
#pragma once

#include "base/arena.h"
#include "checkpoint/folders/beneath.h"

struct witness {
	const char *path;
	int error; /* 0, or why there was no telling: the errno negated */
	struct identity identity;
};

struct witnesses {
	struct arena *arena;
	struct witness *list;
	size_t count;
	size_t room;
};

/* None so far; the list grows in the arena. */
struct witnesses witnesses_begin(struct arena *arena);
/* `path` must live as long as the list. */
void witnesses_add(
	struct witnesses *witnesses, const char *path, int error, const struct identity *identity);
/* Looks at the path itself: to be called before anything is read there. */
void witnesses_look(struct witnesses *witnesses, const char *path);
/* A copy with its paths; arena_failed() tells. */
struct witnesses witnesses_copy(struct arena *arena, const struct witnesses *witnesses);
/* Whether everything is still as it was seen. One system call each; `progress` after each, unless NULL. */
bool witnesses_agree(const struct witnesses *witnesses, void (*progress)(void));
/*
 * Whether each last changed so long before `now` (nanoseconds) that its next change will have
 * another stamp: time is counted in steps.
 */
bool witnesses_settled(const struct witnesses *witnesses, int64_t now);
