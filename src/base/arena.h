/*
 * One request's memory: bump allocation, freed all at once.
 *
 * Failure sticks: once an allocation was refused (the limit, or no memory), every later one is
 * refused too and returns NULL, so a stage may build on and ask arena_failed() once at its end. It is
 * the one place for this: whoever meets a want of memory elsewhere (in a library, say) calls
 * arena_fail(), and nothing that was made with a failed arena is to be believed. An arena belongs to
 * one thread at a time.
 */
#pragma once

#include <stdatomic.h>

#include "base/text.h"

struct arena_block;
struct arena_deferred;

/* A bound on what many arenas have together; what each takes first does not count. May be shared by threads. */
struct arena_pool {
	atomic_size_t taken; /* bytes */
	atomic_size_t limit;
};

/* Bytes that an arena may have beside its pool, so that small requests work when large ones have it all. */
#define ARENA_UNCOUNTED ((size_t)256 * 1024)

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;
	char *end;
	size_t taken; /* bytes asked from malloc */
	size_t limit; /* bytes; what `taken` may not exceed */
	bool failed;
	bool over_limit;                 /* that is why: its own limit, not a want of memory */
	struct arena_deferred *deferred; /* the latest first */
	struct arena_pool *pool;         /* NULL: none; to be set before anything is allocated */
	size_t counted;                  /* bytes of it */
};

/* Takes no memory yet; without a pool. */
void arena_init(struct arena *arena, size_t limit);
/* Zeroed, aligned for any type; NULL after failure. A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, not zeroed: for whoever writes all of it. */
void *arena_take(struct arena *arena, size_t size);
/*
 * Makes the newest piece of more than 64 KiB longer; it may move, and what is new in it is not zeroed. NULL, and nothing
 * has changed, when `piece` is another one or the memory cannot be had.
 */
void *arena_extend(struct arena *arena, void *piece, size_t size);
/* Zeroed, for an array; an overflow of count * size is a failure. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy with a NUL behind it (not counted in its length); the empty text after failure. */
struct text arena_copy(struct arena *arena, struct text text);
/* printf into the arena; the empty text after failure. */
struct text arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool arena_failed(const struct arena *arena);
/* Whether it failed at its own limit, so that trying again is of no use. */
bool arena_over_limit(const struct arena *arena);
/* Makes it fail: memory that this work needs was refused by somebody else. */
void arena_fail(struct arena *arena);
/*
 * Calls `end` with `thing` when the arena is reset or released, the latest first. False after
 * failure: it will not be called.
 */
bool arena_defer(struct arena *arena, void (*end)(void *thing), void *thing);
/* Makes everything allocated invalid, but keeps one ordinary block for the next request. */
void arena_reset(struct arena *arena);
/* Gives all back. The arena may be initialised again; releasing twice does nothing. */
void arena_release(struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))
