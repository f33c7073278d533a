#include "checkpoint/folders/keep.h"

#include "checkpoint/folders/copy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct kept {
	struct arena arena; /* all of the entry but this struct */
	struct text question;
	uint32_t hash; /* of the question */
	struct witnesses witnesses;
	struct checkpoint *checkpoint;
	size_t bytes;
	atomic_uint holders; /* and one for being listed */
	struct kept *next;
};

struct keep {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* a claim has ended, or its holder gets on */
	struct keep_claim *claims;
	struct kept *first; /* the last one used comes first */
	size_t entry_limit;
	size_t byte_limit;
	size_t entries;
	size_t bytes;
	atomic_uint_fast64_t hits;
	atomic_uint_fast64_t misses;
};

struct keep *keep_new(size_t entries, size_t bytes)
{
	struct keep *keep = calloc(1, sizeof(*keep));
	if (!keep)
		return NULL;
	keep->entry_limit = entries;
	keep->byte_limit = bytes;
	pthread_mutex_init(&keep->lock, NULL);
	pthread_cond_init(&keep->moved, NULL);
	return keep;
}

static void destroy(struct kept *kept)
{
	arena_release(&kept->arena);
	free(kept);
}

void kept_release(void *held)
{
	struct kept *kept = held;
	if (atomic_fetch_sub(&kept->holders, 1) == 1)
		destroy(kept);
}

/* With the lock; the caller has to let go of it, better without. */
static struct kept *unlist(struct keep *keep, struct kept **slot)
{
	struct kept *kept = *slot;
	*slot = kept->next;
	keep->entries--;
	keep->bytes -= kept->bytes;
	return kept;
}

void keep_free(struct keep *keep)
{
	if (!keep)
		return;
	while (keep->first)
		kept_release(unlist(keep, &keep->first));
	pthread_cond_destroy(&keep->moved);
	pthread_mutex_destroy(&keep->lock);
	free(keep);
}

static struct kept **slot_of(struct keep *keep, struct text question, uint32_t hash)
{
	struct kept **slot = &keep->first;
	while (*slot && ((*slot)->hash != hash || !text_equal((*slot)->question, question)))
		slot = &(*slot)->next;
	return slot;
}

static void move_first(struct keep *keep, struct kept **slot)
{
	struct kept *kept = *slot;
	*slot = kept->next;
	kept->next = keep->first;
	keep->first = kept;
}

static struct kept *find(struct keep *keep, struct text question)
{
	pthread_mutex_lock(&keep->lock);
	struct kept **slot = slot_of(keep, question, text_hash(question));
	struct kept *kept = *slot;
	if (kept) {
		atomic_fetch_add(&kept->holders, 1);
		move_first(keep, slot);
	}
	pthread_mutex_unlock(&keep->lock);
	return kept;
}

struct kept *keep_take(struct keep *keep, struct text question, void (*progress)(void))
{
	struct kept *kept = find(keep, question);
	bool agrees = kept && witnesses_agree(&kept->witnesses, progress);
	if (agrees)
		atomic_fetch_add(&keep->hits, 1);
	if (agrees || !kept)
		return kept;
	kept_release(kept);
	return NULL;
}

static bool is_claimed(const struct keep *keep, struct text question)
{
	const struct keep_claim *claim = keep->claims;
	while (claim && !text_equal(claim->question, question))
		claim = claim->next;
	return claim != NULL;
}

struct kept *keep_claim(
	struct keep *keep, struct keep_claim *claim, struct text question, void (*progress)(void))
{
	bool waited = false;
	*claim = (struct keep_claim){ .question = question };
	pthread_mutex_lock(&keep->lock);
	while (is_claimed(keep, question)) {
		pthread_cond_wait(&keep->moved, &keep->lock);
		waited = true;
		if (progress)
			progress();
	}
	claim->next = keep->claims;
	keep->claims = claim;
	pthread_mutex_unlock(&keep->lock);
	struct kept *kept = waited ? keep_take(keep, question, progress) : NULL;
	if (kept)
		keep_settle(keep, claim);
	return kept;
}

void keep_stir(struct keep *keep)
{
	pthread_mutex_lock(&keep->lock);
	pthread_cond_broadcast(&keep->moved);
	pthread_mutex_unlock(&keep->lock);
}

void keep_settle(struct keep *keep, struct keep_claim *claim)
{
	pthread_mutex_lock(&keep->lock);
	struct keep_claim **slot = &keep->claims;
	while (*slot != claim)
		slot = &(*slot)->next;
	*slot = claim->next;
	pthread_cond_broadcast(&keep->moved);
	pthread_mutex_unlock(&keep->lock);
}

void keep_count_miss(struct keep *keep)
{
	atomic_fetch_add(&keep->misses, 1);
}

const struct checkpoint *kept_checkpoint(const struct kept *kept)
{
	return kept->checkpoint;
}

static struct kept *make(struct keep *keep, struct text question, const struct witnesses *witnesses,
	const struct checkpoint *checkpoint)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	arena_init(&kept->arena, keep->byte_limit);
	kept->question = arena_copy(&kept->arena, question);
	kept->hash = text_hash(question);
	kept->witnesses = witnesses_copy(&kept->arena, witnesses);
	kept->checkpoint = checkpoint_copy(&kept->arena, checkpoint);
	kept->bytes = kept->arena.taken + sizeof(*kept);
	if (arena_failed(&kept->arena) || kept->bytes > keep->byte_limit) {
		destroy(kept);
		return NULL;
	}
	atomic_init(&kept->holders, 2); /* the list, and the caller */
	return kept;
}

/* An entry that has to go is chained at `gone`, to be let go without the lock. */
static void drop(struct keep *keep, struct kept **slot, struct kept **gone)
{
	struct kept *kept = unlist(keep, slot);
	kept->next = *gone;
	*gone = kept;
}

static struct kept **longest_unused(struct keep *keep)
{
	struct kept **slot = &keep->first;
	while ((*slot)->next)
		slot = &(*slot)->next;
	return slot;
}

static void list(struct keep *keep, struct kept *kept, struct kept **gone)
{
	struct kept **same = slot_of(keep, kept->question, kept->hash);
	if (*same)
		drop(keep, same, gone);
	while (keep->first && (keep->entries >= keep->entry_limit ||
				      keep->bytes + kept->bytes > keep->byte_limit))
		drop(keep, longest_unused(keep), gone);
	kept->next = keep->first;
	keep->first = kept;
	keep->entries++;
	keep->bytes += kept->bytes;
}

struct kept *keep_add(struct keep *keep, struct text question, const struct witnesses *witnesses,
	const struct checkpoint *checkpoint)
{
	struct kept *gone = NULL;
	struct kept *kept =
		keep->entry_limit > 0 ? make(keep, question, witnesses, checkpoint) : NULL;
	if (!kept)
		return NULL;
	pthread_mutex_lock(&keep->lock);
	list(keep, kept, &gone);
	pthread_mutex_unlock(&keep->lock);
	while (gone) {
		struct kept *next = gone->next;
		kept_release(gone);
		gone = next;
	}
	return kept;
}

void keep_count(struct keep *keep, uint64_t *ret_hits, uint64_t *ret_misses, size_t *ret_entries,
	size_t *ret_bytes)
{
	pthread_mutex_lock(&keep->lock);
	*ret_hits = atomic_load(&keep->hits);
	*ret_misses = atomic_load(&keep->misses);
	*ret_entries = keep->entries;
	*ret_bytes = keep->bytes;
	pthread_mutex_unlock(&keep->lock);
}
