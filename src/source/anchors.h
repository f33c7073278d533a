/* The anchors of a YAML document, by their name. */
#pragma once

#include "source/key_index.h"

/* Zeroed at first. */
struct anchors {
	struct member *items;
	uint32_t count;
	uint32_t room;
	struct key_index index;
};

/* NULL when no anchor of that name stands before. */
struct node *anchors_find(const struct anchors *anchors, struct text name);
/* `name` must be new, and outlive the anchors. False when the arena failed. */
bool anchors_add(struct anchors *anchors, struct arena *arena, struct text name, struct node *node);
