/* A few things in a row, for messages: "a: 1, b: 2, c: 3 and 4 more". */
#pragma once

#include "base/buffer.h"
#include "source/node.h"

struct listing {
	struct buffer out;
	struct arena *arena;
	size_t count; /* of all, shown or not */
};

void listing_begin(struct listing *listing, struct arena *arena);
/* `value` "" adds the name alone. */
void listing_add(struct listing *listing, struct text name, struct text value);
/* "" for nothing. */
struct text listing_end(struct listing *listing);

/* A short list as it is, and other values as anywhere. */
struct text short_words(struct arena *arena, const struct node *value);
/* A name as a message shows it. */
struct text name_words(struct arena *arena, struct text name);
