#include "checkpoint/keep.h"

#include "checkpoint/copy.h"

#include <pthread.h>
#include <stdlib.h>

struct kept {
	struct arena arena; /* all of the entry but this struct */
	struct text name;
	struct folder folder;
	struct checkpoint *checkpoint;
	size_t bytes;
	unsigned holders;  /* and one for being listed */
	uint64_t last_use; /* a count of uses, not a time */
	struct kept *next;
};

struct keep {
	pthread_mutex_t lock;
	struct kept *first;
	size_t entry_limit;
	size_t byte_limit;
	size_t entries;
	size_t bytes;
	uint64_t uses;
	uint64_t hits;
	uint64_t misses;
};

struct keep *keep_new(size_t entries, size_t bytes)
{
	struct keep *keep = calloc(1, sizeof(*keep));
	if (!keep)
		return NULL;
	keep->entry_limit = entries;
	keep->byte_limit = bytes;
	pthread_mutex_init(&keep->lock, NULL);
	return keep;
}

static void destroy(struct kept *kept)
{
	arena_release(&kept->arena);
	free(kept);
}

/* With the lock. Returns the entry when nobody needs it any more: to be destroyed without it. */
static struct kept *let_go(struct kept *kept)
{
	return --kept->holders == 0 ? kept : NULL;
}

static struct kept *unlist(struct keep *keep, struct kept **slot)
{
	struct kept *kept = *slot;
	*slot = kept->next;
	keep->entries--;
	keep->bytes -= kept->bytes;
	return let_go(kept);
}

void keep_free(struct keep *keep)
{
	if (!keep)
		return;
	while (keep->first) {
		struct kept *gone = unlist(keep, &keep->first);
		if (gone)
			destroy(gone);
	}
	pthread_mutex_destroy(&keep->lock);
	free(keep);
}

static struct kept **slot_of(struct keep *keep, struct text name)
{
	struct kept **slot = &keep->first;
	while (*slot && !text_equal((*slot)->name, name))
		slot = &(*slot)->next;
	return slot;
}

struct kept *keep_take(struct keep *keep, struct text name, const struct folder *folder)
{
	pthread_mutex_lock(&keep->lock);
	struct kept *kept = *slot_of(keep, name);
	if (kept && !folder_equal(&kept->folder, folder))
		kept = NULL;
	if (kept) {
		kept->holders++;
		kept->last_use = ++keep->uses;
		keep->hits++;
	} else {
		keep->misses++;
	}
	pthread_mutex_unlock(&keep->lock);
	return kept;
}

void keep_give_back(struct keep *keep, struct kept *kept)
{
	pthread_mutex_lock(&keep->lock);
	struct kept *gone = let_go(kept);
	pthread_mutex_unlock(&keep->lock);
	if (gone)
		destroy(gone);
}

const struct checkpoint *kept_checkpoint(const struct kept *kept)
{
	return kept->checkpoint;
}

static struct kept *make(struct keep *keep, struct text name, const struct folder *folder,
	const struct checkpoint *checkpoint)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	arena_init(&kept->arena, keep->byte_limit);
	kept->name = arena_copy(&kept->arena, name);
	kept->checkpoint = checkpoint_copy(&kept->arena, checkpoint);
	if (!folder_copy(&kept->folder, &kept->arena, folder) || !kept->checkpoint) {
		destroy(kept);
		return NULL;
	}
	kept->bytes = kept->arena.taken + sizeof(*kept);
	kept->holders = 1;
	return kept;
}

static struct kept **longest_unused(struct keep *keep)
{
	struct kept **oldest = &keep->first;
	for (struct kept **slot = &keep->first; *slot; slot = &(*slot)->next)
		if ((*slot)->last_use < (*oldest)->last_use)
			oldest = slot;
	return oldest;
}

/* Entries that have to go are chained at `gone`, to be destroyed without the lock. */
static void drop(struct keep *keep, struct kept **slot, struct kept **gone)
{
	struct kept *kept = unlist(keep, slot);
	if (!kept)
		return;
	kept->next = *gone;
	*gone = kept;
}

static void list(struct keep *keep, struct kept *kept, struct kept **gone)
{
	struct kept **same = slot_of(keep, kept->name);
	if (*same)
		drop(keep, same, gone);
	while (keep->first && (keep->entries >= keep->entry_limit ||
				      keep->bytes + kept->bytes > keep->byte_limit))
		drop(keep, longest_unused(keep), gone);
	kept->last_use = ++keep->uses;
	kept->next = keep->first;
	keep->first = kept;
	keep->entries++;
	keep->bytes += kept->bytes;
}

void keep_add(struct keep *keep, struct text name, const struct folder *folder,
	const struct checkpoint *checkpoint)
{
	struct kept *gone = NULL;
	struct kept *kept = keep->entry_limit > 0 ? make(keep, name, folder, checkpoint) : NULL;
	if (kept && kept->bytes > keep->byte_limit) {
		destroy(kept);
		return;
	}
	if (!kept)
		return;
	pthread_mutex_lock(&keep->lock);
	list(keep, kept, &gone);
	pthread_mutex_unlock(&keep->lock);
	while (gone) {
		struct kept *next = gone->next;
		destroy(gone);
		gone = next;
	}
}

void keep_count(struct keep *keep, uint64_t *ret_hits, uint64_t *ret_misses, size_t *ret_entries,
	size_t *ret_bytes)
{
	pthread_mutex_lock(&keep->lock);
	*ret_hits = keep->hits;
	*ret_misses = keep->misses;
	*ret_entries = keep->entries;
	*ret_bytes = keep->bytes;
	pthread_mutex_unlock(&keep->lock);
}
