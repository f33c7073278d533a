/*
 * The two JSON texts beside tensors, read without a tree: a large model has some hundred thousand
 * of them.
 */
#pragma once

#include "checkpoint/checkpoint.h"

enum dtype_kind {
	DTYPE_FLOAT,  /* weights as they were trained */
	DTYPE_NARROW, /* floats of 8 bits and fewer */
	DTYPE_WHOLE,  /* integers: packed weights, or indices */
};

struct tensor_dtype {
	const char *name;
	uint32_t bits;
	enum dtype_kind kind;
};

#define TENSOR_DIMENSIONS_KEPT 4

struct tensor {
	struct text name;
	const struct tensor_dtype *dtype; /* NULL: from an index, nothing else is known */
	uint32_t dimensions;
	uint32_t shape
		[TENSOR_DIMENSIONS_KEPT]; /* the first of them; the largest number for larger ones */
	uint32_t next; /* of the same module, index plus one; for whoever gathers them */
	uint8_t part;  /* enum tensor_part, likewise */
	uint64_t elements;
	uint64_t bytes;
};

/* The shards that an index names, each once; what goes beyond is not noted. */
#define INDEX_SHARDS_MAXIMUM 4096

struct index_shards {
	struct text names[INDEX_SHARDS_MAXIMUM];
	size_t count;
	bool more;                                /* there are more than these */
	uint16_t table[2 * INDEX_SHARDS_MAXIMUM]; /* open: index of a name plus one */
};

struct tensors {
	struct arena *arena;
	struct tensor *list;
	size_t count;
	size_t capacity;
};

/*
 * Adds the tensors of a header. NULL when all is well, else one clause in the arena; what was added
 * before the fault stays.
 */
const char *safetensors_read(struct tensors *tensors, const struct shard *shard);
/* The same for an index; `ret_total` is metadata.total_size, or 0; `shards` begin zeroed. */
const char *safetensors_index_read(struct tensors *tensors, struct text index,
	struct index_shards *shards, uint64_t *ret_total);
