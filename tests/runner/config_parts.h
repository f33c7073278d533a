/* The tree that a random config is written from. Internal to config_maker.c and config_writer.c. */
#pragma once

#include "base/buffer.h"

enum part_shape {
	PART_STRING,
	PART_BOOLEAN,
	PART_NUMBER,
	PART_NULL,
	PART_MAPPING,
	PART_ALIAS,  /* `word` is the anchor's name */
	PART_TRICKY, /* `word` is a value for block style, `flow` one for flow style */
};

struct part {
	const char *key;
	enum part_shape shape;
	const char *word;
	const char *flow;
	const char *anchor; /* stands before the value; NULL: none */
	const char *tag;
	struct part *parts; /* of PART_MAPPING */
	size_t count;
};

#define PARTS_MAXIMUM 24

struct random {
	uint64_t state;
};

/* A number below `below`; true once in `once_in`. */
uint64_t random_below(struct random *random, uint64_t below);
bool random_once(struct random *random, unsigned once_in);

/* Writes the root in a layout of chance. */
struct text parts_write(
	struct arena *arena, struct random *random, const struct part *parts, size_t count);
/* config_faults.c: some entries become wrong, or wrong ones are added, as long as there is room. */
void parts_spoil(struct arena *arena, struct random *random, struct part *parts, size_t *count);
