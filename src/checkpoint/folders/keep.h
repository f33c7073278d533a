/*
 * Inspected checkpoints that are kept: bounded in number and bytes, the longest unused goes first.
 * Entries never change, and live until the last of their holders lets go: threads read them without
 * a lock.
 */
#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/folders/witness.h"

struct keep;
struct kept;

/* NULL without memory. */
struct keep *keep_new(size_t entries, size_t bytes);
/* Entries may still be held. NULL is allowed. */
void keep_free(struct keep *keep);
/* The answer to that question, if all that it hangs on is still as it was; else NULL. Held. `progress`: witness.h. */
struct kept *keep_take(struct keep *keep, struct text question, void (*progress)(void));
/* A question whose answer is being found, by one thread; on its stack. */
struct keep_claim {
	struct keep_claim *next;
	struct text question;
};

/*
 * As keep_take(), but waits for another thread that finds the answer, if one does. NULL: the caller is to find it, and
 * to call keep_settle() in any case; others wait for that.
 */
struct kept *keep_claim(
	struct keep *keep, struct keep_claim *claim, struct text question, void (*progress)(void));
/* The holder of a claim gets on with it, and so do those who wait for it: they call their `progress`. */
void keep_stir(struct keep *keep);
void keep_settle(struct keep *keep, struct keep_claim *claim);
/* An answer had to be found otherwise. */
void keep_count_miss(struct keep *keep);
/* A copy, kept in place of an older answer, and held; NULL when it is too large, or without memory. */
struct kept *keep_add(struct keep *keep, struct text question, const struct witnesses *witnesses,
	const struct checkpoint *checkpoint);
const struct checkpoint *kept_checkpoint(const struct kept *kept);
/* Lets go of one. In the form that arena_defer() takes. */
void kept_release(void *kept);
void keep_count(struct keep *keep, uint64_t *ret_hits, uint64_t *ret_misses, size_t *ret_entries,
	size_t *ret_bytes);
