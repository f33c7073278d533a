#include "checkpoint/folders/memo.h"

void roots_memo_init(struct roots_memo *memo, size_t limit, struct arena_pool *pool)
{
	*memo = (struct roots_memo){ .count = 0 };
	for (size_t i = 0; i < ROOTS_MEMO_ENTRIES; i++) {
		arena_init(&memo->entries[i].arena, limit);
		memo->entries[i].arena.pool = pool;
	}
}

void roots_memo_end(void *thing)
{
	struct roots_memo *memo = thing;
	for (size_t i = 0; i < ROOTS_MEMO_ENTRIES; i++)
		arena_release(&memo->entries[i].arena);
}

static void look_up(struct roots *roots, struct roots_recalled *entry, bool kept_only,
	struct text model, struct text revision)
{
	arena_release(&entry->arena);
	entry->model = arena_copy(&entry->arena, model);
	entry->revision = arena_copy(&entry->arena, revision);
	entry->answer = (struct roots_answer){ .status = ROOTS_NO_MEMORY, .detail = text_of("") };
	if (arena_failed(&entry->arena))
		return;
	entry->answer =
		kept_only ? roots_look_up_kept(roots, &entry->arena, entry->model, entry->revision)
			  : roots_look_up(roots, &entry->arena, entry->model, entry->revision);
}

struct roots_answer roots_recall(
	struct roots *roots, struct roots_memo *memo, struct text model, struct text revision)
{
	for (size_t i = 0; i < memo->count; i++) {
		const struct roots_recalled *entry = &memo->entries[i];
		if (entry->answer.status != ROOTS_COLD && text_equal(entry->model, model) &&
			text_equal(entry->revision, revision))
			return entry->answer;
	}
	struct roots_recalled *entry = &memo->entries[memo->next];
	memo->next = (memo->next + 1) % ROOTS_MEMO_ENTRIES;
	memo->count += memo->count < ROOTS_MEMO_ENTRIES;
	look_up(roots, entry, memo->kept_only, model, revision);
	return entry->answer;
}
