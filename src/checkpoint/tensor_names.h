/* What the end of a tensor's name says: which module it belongs to, and how that one is stored. */
#pragma once

#include "checkpoint/checkpoint.h"

enum tensor_part {
	PART_WEIGHT, /* the weights themselves, packed or not */
	PART_BIAS,
	PART_SCALE, /* scales, zero points, permutations, codebooks: only beside quantized weights */
	PART_PLAIN, /* anything else: a parameter without a module of its own */
};

/* Formats that write names of their own. */
enum storage {
	STORAGE_UNKNOWN, /* native, or quantized in a way that many share */
	STORAGE_SCALED,  /* scales beside it: quantized, no telling by whom */
	STORAGE_BNB_4BIT,
	STORAGE_BNB_8BIT,
	STORAGE_PACKED_GPTQ, /* qweight: GPTQ, AWQ and what packs like them */
	STORAGE_COMPRESSED,
	STORAGE_BLOCKS, /* gpt-oss */
	STORAGE_EXL2,
	STORAGE_EXL3,
	STORAGE_CODES,
	STORAGE_HQQ,
	STORAGE_COUNT,
};

struct tensor_name {
	struct text module;
	enum tensor_part part;
	enum storage storage;
};

struct tensor_name tensor_name_split(struct text name);
/* For messages: "bitsandbytes 4-bit", …; NULL for the first two. */
const char *storage_name(enum storage storage);
/* Whether a method stores its weights so. */
bool storage_fits(enum storage storage, const struct method_row *row);
