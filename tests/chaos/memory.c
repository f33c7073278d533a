#include "chaos/memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* A sanitizer's, where there is one, else those of the C library, under names that nobody else can have taken. */
#define REAL(type, name, ...)                                                                      \
	extern type __interceptor_##name(__VA_ARGS__) __attribute__((weak));                       \
	extern type __libc_##name(__VA_ARGS__);

REAL(void *, malloc, size_t size)
REAL(void *, calloc, size_t count, size_t size)
REAL(void *, realloc, void *piece, size_t size)
REAL(void, free, void *piece)

static atomic_size_t asked, refused, refuse_at, refuse_every;
static atomic_bool refuse_later;
static atomic_long held;

void memory_refuse(size_t nth, bool for_good)
{
	refuse_at = nth;
	refuse_later = for_good;
	asked = refused = 0;
}

void memory_refuse_every(size_t nth)
{
	refuse_every = nth;
}

size_t memory_asked(void)
{
	return asked;
}

size_t memory_refused(void)
{
	return refused;
}

bool memory_is_watched(void)
{
	return __interceptor_malloc;
}

long memory_held(void)
{
	return memory_is_watched() ? 0 : held;
}

static bool is_first_thread(void)
{
	static _Thread_local pid_t thread;
	if (thread == 0)
		thread = gettid();
	return thread == getpid();
}

/* Whether this request is to be refused. */
static bool ask(void)
{
	size_t nth = atomic_fetch_add(&asked, 1) + 1, at = refuse_at;
	bool no = at > 0 && (nth == at || (nth > at && refuse_later));
	if (refuse_every > 0 && nth % refuse_every == 0)
		no = !is_first_thread();
	if (!no)
		return false;
	atomic_fetch_add(&refused, 1);
	errno = ENOMEM;
	return true;
}

static void *taken(void *piece)
{
	if (piece)
		atomic_fetch_add(&held, 1);
	return piece;
}

void *malloc(size_t size)
{
	if (ask())
		return NULL;
	return taken(__interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (ask())
		return NULL;
	return taken(__interceptor_calloc ? __interceptor_calloc(count, size)
					  : __libc_calloc(count, size));
}

void *realloc(void *piece, size_t size)
{
	if (ask())
		return NULL;
	void *moved = __interceptor_realloc ? __interceptor_realloc(piece, size)
					    : __libc_realloc(piece, size);
	return piece ? moved : taken(moved);
}

void free(void *piece)
{
	if (piece)
		atomic_fetch_sub(&held, 1);
	if (__interceptor_free)
		__interceptor_free(piece);
	else
		__libc_free(piece);
}
