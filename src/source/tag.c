#include "source/tag.h"

#include <string.h>

#define PREFIX "tag:yaml.org,2002:"

struct tag {
	const char *name;
	enum tag_kind kind;
};

static const struct tag tags[] = {
	{ "null", TAG_SCALAR },
	{ "bool", TAG_SCALAR },
	{ "int", TAG_SCALAR },
	{ "float", TAG_SCALAR },
	{ "binary", TAG_SCALAR },
	{ "timestamp", TAG_SCALAR },
	{ "str", TAG_SCALAR },
	{ "omap", TAG_SEQUENCE },
	{ "pairs", TAG_SEQUENCE },
	{ "seq", TAG_SEQUENCE },
	{ "set", TAG_MAPPING },
	{ "map", TAG_MAPPING },
	{ "merge", TAG_MERGE },
};

enum tag_kind tag_kind(const char *tag)
{
	struct text text = text_of(tag);
	if (!text_starts_with(text, PREFIX))
		return TAG_UNKNOWN;
	text = text_from(text, strlen(PREFIX));
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (text_is(text, tags[i].name))
			return tags[i].kind;
	return TAG_UNKNOWN;
}

bool tag_suits(const char *tag, enum node_kind kind)
{
	enum tag_kind wanted = kind == NODE_MAPPING ? TAG_MAPPING : TAG_SEQUENCE;
	return tag_kind(tag) == wanted;
}

struct text tag_short(struct arena *arena, struct text tag)
{
	if (!text_starts_with(tag, PREFIX))
		return arena_copy(arena, tag);
	tag = text_from(tag, strlen(PREFIX));
	return arena_printf(arena, "!!%.*s", TEXT_ARGUMENTS(tag));
}
