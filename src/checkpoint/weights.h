/*
 * What the tensors themselves say: from the headers of *.safetensors (8 bytes of length, then JSON)
 * or, where there are none, from the names in model.safetensors.index.json. Never the tensors'
 * contents.
 */
#pragma once

#include "checkpoint/checkpoint.h"

#define WEIGHTS_HEADER_BYTES_MAXIMUM ((uint64_t)16 * 1024 * 1024)
#define WEIGHTS_TENSORS_MAXIMUM 2000000
#define WEIGHTS_DTYPES_MAXIMUM 32

struct weights_dtype {
	struct text name; /* as safetensors spells it: "BF16", "U8", … */
	uint64_t tensors;
	uint64_t bytes;
};

struct weights_role {
	uint64_t modules;
	uint64_t quantized; /* of them, by their tensors, or by declaration where nothing tells */
	uint64_t parameters;
	uint64_t linear_parameters; /* of weights with two dimensions and more: what can be
				       quantized */
	uint64_t bytes;
	uint64_t linear_bytes; /* of those weights with their scales */
};

struct weights {
	bool headers;          /* every shard's header was read: the sizes below are known */
	bool bytes_known;      /* from the headers, or from the index's total_size */
	bool parameters_known; /* the shapes of all packed weights tell how many they are */
	uint64_t parameters; /* packed ones counted singly; without scales, zero points and such */
	uint64_t bytes;
	struct weights_dtype *dtypes; /* by descending bytes; empty without headers */
	size_t dtype_count;
	uint64_t tensors;
	uint64_t modules;
	int agrees_with_declaration; /* 1, 0, or -1 when the names alone do not tell */
	struct weights_role roles[ROLE_COUNT];
};

/*
 * Reads files->shards and files->index into checkpoint->weights, and the outcomes of
 * checkpoint->exclusions. Leaves NULL when there is nothing to read. Faults are problems of the
 * checkpoint.
 */
struct inspector;
void inspect_weights(struct inspector *inspector);

/* How one role is to be stored. */
struct weights_target {
	double bits; /* of one weight; 0: as it is stored now */
	/* Weights that share a scale; 0: none, scales do not count. */
	uint32_t group_size;
	double scale_bits; /* of one group: scale and zero point together */
};

struct weights_estimate {
	uint64_t bytes;
	uint64_t by_role[ROLE_COUNT];
	const char *formula; /* for the reply */
};

/*
 * Bytes of the weights if each role were stored as its target says. An estimate: for a role with L
 * parameters in weights of two dimensions and more,
 *   L * bits / 8 + ceil(L / group_size) * scale_bits / 8 + bytes of everything else, as stored.
 * Optimizer, activations, adapters and what a loader keeps beside are not in it. False (and nothing
 * filled in) where the headers are not known.
 */
bool weights_estimate(const struct weights *weights,
	const struct weights_target targets[ROLE_COUNT], struct weights_estimate *ret_estimate);
