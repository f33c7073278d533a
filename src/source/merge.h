/*
 * YAML's merge keys, as PyYAML takes them: what is merged comes first, wherever the `<<` stood, and
 * own keys win at the position of the merged ones.
 */
#pragma once

#include "source/document.h"
#include "source/key_index.h"

struct merge;

/* What one mapping has merged; zeroed at first. */
struct merges {
	struct merge *first;
	struct merge *last;
	size_t count; /* members, duplicates included */
};

/* The outcome; `mapping` and `replaced`, where the merged ones that had to give way are noted, are the caller's. */
struct members {
	const struct node *mapping;
	struct replaced **replaced;
	struct member *members;
	uint32_t count;
	struct key_index index;
};

/* `use` has the places of the `<<` and its value. False after the arena's failure, as below. */
bool merges_add(struct merges *merges, struct arena *arena, const struct node *mapping,
	const struct member *use);
bool merges_apply(const struct merges *merges, struct arena *arena, const struct member *own,
	uint32_t own_count, struct members *members);
/* Notes that another one takes the member's place. */
bool replaced_add(struct replaced **list, struct arena *arena, const struct node *mapping,
	const struct member *member);
