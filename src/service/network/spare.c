#include "service/network/spare.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Its numbers have some hundred bytes each, of RSA some thousand; a handshake has some ten at a time. */
#define SLOT_BYTES 8192
#define SLOTS 128

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(max_align_t) char slots[SLOTS][SLOT_BYTES];
static bool taken[SLOTS];

static bool is_slot(const void *piece)
{
	const char *byte = piece;
	return byte >= slots[0] && byte < slots[0] + sizeof(slots);
}

static void *take_slot(size_t size)
{
	void *slot = NULL;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; size <= SLOT_BYTES && !slot && i < SLOTS; i++)
		if (!taken[i]) {
			taken[i] = true;
			slot = slots[i];
		}
	pthread_mutex_unlock(&lock);
	if (!slot)
		abort(); /* what GMP would have done; it cannot be told of it */
	return slot;
}

static void *take(size_t size)
{
	void *piece = malloc(size);
	return piece ? piece : take_slot(size);
}

static void drop(void *piece, size_t size)
{
	(void)size;
	if (!is_slot(piece)) {
		free(piece);
		return;
	}
	pthread_mutex_lock(&lock);
	taken[((char *)piece - slots[0]) / SLOT_BYTES] = false;
	pthread_mutex_unlock(&lock);
}

static void *resize(void *piece, size_t before, size_t size)
{
	void *moved = is_slot(piece) ? NULL : realloc(piece, size);
	if (moved)
		return moved;
	moved = take(size);
	memcpy(moved, piece, before < size ? before : size);
	drop(piece, before);
	return moved;
}

/* Looked for and not linked: it is GnuTLS's library, not ours. The name is that of GMP's interface to programs. */
void spare_for_handshakes(void)
{
	void (*set_functions)(
		void *(*)(size_t), void *(*)(void *, size_t, size_t), void (*)(void *, size_t));
	void *found = dlsym(RTLD_DEFAULT, "__gmp_set_memory_functions");
	if (!found)
		return;
	memcpy(&set_functions, &found, sizeof(found));
	set_functions(take, resize, drop);
}
