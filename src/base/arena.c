#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
/* From ARENA_UNCOUNTED on; an allocation of which the system gets back as soon as it is freed. */
#define LATER_BLOCK_BYTES ((size_t)1024 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
	struct arena_block *older;
	size_t size; /* bytes behind the header */
	bool large;  /* has one piece only */
	_Alignas(max_align_t) char bytes[];
};

struct arena_deferred {
	void (*end)(void *thing);
	void *thing;
	struct arena_deferred *older;
};

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){ .limit = limit };
}

void arena_fail(struct arena *arena)
{
	arena->failed = true;
}

static void *fail(struct arena *arena)
{
	arena_fail(arena);
	return NULL;
}

/* False when the pool has not so much left. */
static bool count_in(struct arena *arena, size_t size)
{
	struct arena_pool *pool = arena->pool;
	if (!pool || arena->taken + size <= ARENA_UNCOUNTED)
		return true;
	size_t before = atomic_fetch_add(&pool->taken, size);
	if (before + size > atomic_load(&pool->limit)) {
		atomic_fetch_sub(&pool->taken, size);
		return false;
	}
	arena->counted += size;
	return true;
}

static void count_out(struct arena *arena, size_t size)
{
	if (size > 0)
		atomic_fetch_sub(&arena->pool->taken, size);
	arena->counted -= size;
}

/* Empty, and otherwise as it was set up. */
static void begin_again(struct arena *arena)
{
	count_out(arena, arena->counted);
	*arena = (struct arena){ .limit = arena->limit, .pool = arena->pool };
}

static struct arena_block *take_block(struct arena *arena, size_t size)
{
	size_t whole = sizeof(struct arena_block) + size;
	if (whole < size || whole > arena->limit || arena->taken > arena->limit - whole) {
		arena->over_limit = true;
		return NULL;
	}
	size_t counted = arena->counted;
	struct arena_block *block = count_in(arena, whole) ? malloc(whole) : NULL;
	if (!block) {
		count_out(arena, arena->counted - counted);
		return NULL;
	}
	block->size = size;
	block->large = false;
	arena->taken += whole;
	return block;
}

/* A large piece gets a block of its own behind the current one, so that the current one stays in
 * use. */
static void *alloc_large(struct arena *arena, size_t size)
{
	struct arena_block *block = take_block(arena, size);
	if (!block)
		return fail(arena);
	block->large = true;
	struct arena_block **slot = arena->blocks ? &arena->blocks->older : &arena->blocks;
	block->older = *slot;
	*slot = block;
	if (slot == &arena->blocks)
		arena->next = arena->end = block->bytes + size;
	return block->bytes;
}

/* Small blocks near the limit, so that it can be reached. */
static bool grow(struct arena *arena)
{
	bool later = arena->taken > ARENA_UNCOUNTED &&
		     arena->limit - arena->taken > 2 * LATER_BLOCK_BYTES;
	struct arena_block *block = later ? take_block(arena, LATER_BLOCK_BYTES) : NULL;
	if (!block)
		block = take_block(arena, BLOCK_BYTES);
	if (!block)
		return false;
	block->older = arena->blocks;
	arena->blocks = block;
	arena->next = block->bytes;
	arena->end = block->bytes + block->size;
	return true;
}

void *arena_take(struct arena *arena, size_t size)
{
	if (arena->failed || size > SIZE_MAX - ALIGNMENT)
		return fail(arena);
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > BLOCK_BYTES / 4)
		return alloc_large(arena, size);
	if ((size_t)(arena->end - arena->next) < size || !arena->next)
		if (!grow(arena))
			return fail(arena);
	void *piece = arena->next;
	arena->next += size;
	return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *piece = arena_take(arena, size);
	return piece ? memset(piece, 0, size) : NULL;
}

/* The newest large piece stands behind the current block, or alone where there was none. */
static struct arena_block **newest_large(struct arena *arena)
{
	if (!arena->blocks)
		return NULL;
	return arena->blocks->older ? &arena->blocks->older : &arena->blocks;
}

void *arena_extend(struct arena *arena, void *piece, size_t size)
{
	struct arena_block **slot = newest_large(arena);
	struct arena_block *block = slot ? *slot : NULL;
	if (!block || piece != block->bytes || !block->large || block->size <= BLOCK_BYTES ||
		arena->failed || size < block->size ||
		size - block->size > arena->limit - arena->taken)
		return NULL;
	bool current = arena->end == block->bytes + block->size;
	size_t more = size - block->size, counted = arena->counted;
	block = count_in(arena, more) ? realloc(block, sizeof(*block) + size) : NULL;
	if (!block) {
		count_out(arena, arena->counted - counted);
		return NULL;
	}
	*slot = block;
	block->size = size;
	arena->taken += more;
	if (current)
		arena->next = arena->end = block->bytes + size;
	return block->bytes;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return fail(arena);
	return arena_alloc(arena, bytes);
}

struct text arena_copy(struct arena *arena, struct text text)
{
	char *copy = arena_take(arena, text.length + 1);
	if (!copy)
		return TEXT("");
	if (text.length > 0)
		memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	return (struct text){ .data = copy, .length = text.length };
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
	/* Mostly there is room, so that it need not be done twice. */
	char *draft = arena->next;
	size_t room = draft ? (size_t)(arena->end - draft) : 0;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(draft, room, format, arguments);
	va_end(arguments);
	char *out = length < 0 ? fail(arena) : arena_take(arena, (size_t)length + 1);
	if (!out)
		return TEXT("");
	if ((size_t)length >= room) {
		va_start(arguments, format);
		vsnprintf(out, (size_t)length + 1, format, arguments);
		va_end(arguments);
	} else if (out != draft) {
		memcpy(out, draft, (size_t)length + 1);
	}
	return (struct text){ .data = out, .length = (size_t)length };
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}

bool arena_over_limit(const struct arena *arena)
{
	return arena->over_limit;
}

bool arena_defer(struct arena *arena, void (*end)(void *thing), void *thing)
{
	struct arena_deferred *deferred = arena_take(arena, sizeof(*deferred));
	if (!deferred)
		return false;
	*deferred = (struct arena_deferred){ .end = end, .thing = thing, .older = arena->deferred };
	arena->deferred = deferred;
	return true;
}

static void end_deferred(struct arena *arena)
{
	for (struct arena_deferred *each = arena->deferred; each; each = each->older)
		each->end(each->thing);
}

void arena_reset(struct arena *arena)
{
	end_deferred(arena);
	struct arena_block *kept = NULL;
	for (struct arena_block *block = arena->blocks, *older; block; block = older) {
		older = block->older;
		if (!kept && block->size == BLOCK_BYTES)
			kept = block;
		else
			free(block);
	}
	begin_again(arena);
	if (!kept)
		return;
	kept->older = NULL;
	arena->blocks = kept;
	arena->taken = sizeof(struct arena_block) + kept->size;
	arena->next = kept->bytes;
	arena->end = kept->bytes + kept->size;
}

void arena_release(struct arena *arena)
{
	end_deferred(arena);
	for (struct arena_block *block = arena->blocks, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	begin_again(arena);
}
