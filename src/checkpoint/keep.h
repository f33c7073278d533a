/*
 * Inspected checkpoints that are kept: bounded in number and bytes, the longest unused goes first.
 * Entries never change; threads copy from them without holding the lock.
 */
#pragma once

#include "checkpoint/folder.h"

struct keep;
struct kept;

/* NULL without memory. */
struct keep *keep_new(size_t entries, size_t bytes);
/* No entry may be held. NULL is allowed. */
void keep_free(struct keep *keep);
/*
 * The checkpoint of that name in exactly that state of its files, or NULL. Held until given back.
 */
struct kept *keep_take(struct keep *keep, struct text name, const struct folder *folder);
void keep_give_back(struct keep *keep, struct kept *kept);
const struct checkpoint *kept_checkpoint(const struct kept *kept);
/* Keeps a copy, in place of an older state of the name; quietly not, when it is too large. */
void keep_add(struct keep *keep, struct text name, const struct folder *folder,
	const struct checkpoint *checkpoint);
void keep_count(struct keep *keep, uint64_t *ret_hits, uint64_t *ret_misses, size_t *ret_entries,
	size_t *ret_bytes);
