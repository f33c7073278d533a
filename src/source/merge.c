#include "source/merge.h"

struct merge {
	const struct node *mapping;
	struct span key_span;
	struct span value_span;
	struct merge *next;
};

bool merges_add(struct merges *merges, struct arena *arena, const struct node *mapping,
	const struct member *use)
{
	struct merge *merge = ARENA_NEW(arena, struct merge);
	if (!merge)
		return false;
	merge->mapping = mapping;
	merge->key_span = use->key_span;
	merge->value_span = use->value_span;
	if (merges->last)
		merges->last->next = merge;
	else
		merges->first = merge;
	merges->last = merge;
	merges->count += mapping->count;
	return true;
}

bool replaced_add(struct replaced **list, struct arena *arena, const struct node *mapping,
	const struct member *member)
{
	struct replaced *replaced = ARENA_NEW(arena, struct replaced);
	if (!replaced)
		return false;
	*replaced = (struct replaced){ .mapping = mapping, .member = *member, .next = *list };
	*list = replaced;
	return true;
}

/* A key that is there already keeps its position and takes the new value. */
static void put_over(struct members *members, struct arena *arena, const struct member *member)
{
	uint32_t at = key_index_find(
		&members->index, members->members, members->count, member->key, member->hash);
	if (at != KEY_INDEX_NONE) {
		replaced_add(members->replaced, arena, members->mapping, &members->members[at]);
		members->members[at] = *member;
		return;
	}
	members->members[members->count++] = *member;
	key_index_add(&members->index, arena, members->members, members->count);
}

static void put_merged(struct members *members, struct arena *arena, const struct merge *merge)
{
	for (uint32_t i = 0; i < merge->mapping->count; i++) {
		struct member member = merge->mapping->members[i];
		member.via = VIA_MERGE;
		member.key_span = merge->key_span;
		member.value_span = merge->value_span;
		put_over(members, arena, &member);
	}
}

bool merges_apply(const struct merges *merges, struct arena *arena, const struct member *own,
	uint32_t own_count, struct members *members)
{
	members->members = ARENA_ARRAY(arena, struct member, merges->count + own_count);
	if (!members->members)
		return false;
	for (const struct merge *merge = merges->first; merge; merge = merge->next)
		put_merged(members, arena, merge);
	for (uint32_t i = 0; i < own_count; i++)
		put_over(members, arena, &own[i]);
	return !arena_failed(arena);
}
