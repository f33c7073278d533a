/* The tags that PyYAML's safe loader constructs. */
#pragma once

#include "source/node.h"

enum tag_kind {
	TAG_UNKNOWN,
	TAG_SCALAR,
	TAG_SEQUENCE,
	TAG_MAPPING,
	TAG_MERGE, /* of a key; no value can have it */
};

enum tag_kind tag_kind(const char *tag);
/* Whether a collection of that kind may carry the tag. */
bool tag_suits(const char *tag, enum node_kind kind);
/* As it is usually written: `!!int`. Terminated. */
struct text tag_short(struct arena *arena, struct text tag);
