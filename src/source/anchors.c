#include "source/anchors.h"

#include <string.h>

struct node *anchors_find(const struct anchors *anchors, struct text name)
{
	uint32_t at = key_index_find(
		&anchors->index, anchors->items, anchors->count, name, text_hash(name));
	return at == KEY_INDEX_NONE ? NULL : anchors->items[at].value;
}

bool anchors_add(struct anchors *anchors, struct arena *arena, struct text name, struct node *node)
{
	if (anchors->count == anchors->room) {
		uint32_t room = anchors->room ? anchors->room * 2 : 8;
		struct member *wider = ARENA_ARRAY(arena, struct member, room);
		if (!wider)
			return false;
		if (anchors->count > 0)
			memcpy(wider, anchors->items, anchors->count * sizeof(*wider));
		anchors->items = wider;
		anchors->room = room;
	}
	anchors->items[anchors->count++] =
		(struct member){ .key = name, .hash = text_hash(name), .value = node };
	key_index_add(&anchors->index, arena, anchors->items, anchors->count);
	return true;
}
