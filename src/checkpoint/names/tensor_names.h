/* What the end of a tensor's name says: which module it belongs to, and what it is there. */
#pragma once

#include "base/text.h"

#include <stdint.h>

enum tensor_part {
	PART_PLAIN, /* anything else: a parameter without a module of its own */
	PART_WEIGHT,
	PART_BIAS,
	PART_SIDE, /* of activations or a cache: tells nothing of the weights, and is no parameter */
	/* Each means something only beside others: storage_layouts.c says which. */
	PART_ABSMAX,
	PART_QUANT_MAP,
	PART_STATE_NF4,
	PART_STATE_FP4,
	PART_SCB,
	PART_FORMAT,
	PART_QWEIGHT,
	PART_QZEROS,
	PART_G_IDX,
	PART_SCALES,
	PART_BIASES,
	PART_TABLES,
	PART_PACKED,
	PART_PACKED_SIDE,
	PART_WEIGHT_SCALE,
	PART_WEIGHT_SCALE_2,
	PART_WEIGHT_SCALES,
	PART_SCALE_INVERSE,
	PART_SCALE,
	PART_PRE_SCALE,
	PART_BLOCKS,
	PART_BLOCK_SCALES,
	PART_EXL2,
	PART_EXL2_ORDER,
	PART_EXL2_SIDE,
	PART_TRELLIS,
	PART_TRELLIS_SIDE,
	PART_CODES,
	PART_CODEBOOKS,
	PART_INDICES,
	PART_CENTROIDS,
	PART_W_Q,
	PART_ZERO,
	PART_META,
	PART_QDATA,
	PART_QDATA_SCALE,
	PART_QDATA_SIDE,
	PART_COUNT,
};

/* A set of them is a bit each. */
#define PART(name) ((uint64_t)1 << PART_##name)
_Static_assert(PART_COUNT <= 64, "a set of parts has 64 bits");

struct tensor_name {
	struct text module;
	enum tensor_part part;
};

struct tensor_name tensor_name_split(struct text name);
/* How the part is spelt: the first of its endings; "" for PART_PLAIN. */
const char *tensor_part_ending(enum tensor_part part);
