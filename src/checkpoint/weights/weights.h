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
	uint64_t bytes;
	uint64_t
		float_parameters; /* stored as they were trained, biases and all; they are loaded in one dtype */
	uint64_t float_bytes;
	uint64_t packed_parameters; /* of quantized modules, without their biases */
	uint64_t packed_bytes;      /* with scales and such */
};

/*
 * Weights that are stored as they were trained, and that a loader may quantize: modules of one role and shape whose
 * names differ in their digits alone.
 */
struct weights_class {
	struct text name;   /* of all of them, with every digit a 0 */
	const char *digits; /* of one module after the other, as many as the name has */
	size_t digit_count; /* of one */
	size_t modules;
	enum role role;
	bool projection;  /* linear in every model that has this name */
	bool fused;       /* experts that are, or become, a parameter of three dimensions */
	uint64_t outputs; /* of one linear; of a parameter all dimensions but the last */
	uint64_t inputs;
	unsigned bits; /* of one weight as it is stored */
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
	struct weights_class *classes; /* of a checkpoint that is not quantized, with headers */
	size_t class_count;
};

/*
 * Reads files->shards and files->index into checkpoint->weights, and the outcomes of
 * checkpoint->exclusions. Leaves NULL when there is nothing to read. Faults are problems of the
 * checkpoint.
 */
struct inspector;
void inspect_weights(struct inspector *inspector);

/* How one module is to be stored; with bits 0 it stays as it is. */
struct weights_target {
	double bits; /* of one weight */
	/* Weights that share a scale: a rectangle, or with rows 0 so many in a row, whatever the shape. */
	uint32_t rows;
	uint32_t columns;  /* 0: scales do not count */
	double scale_bits; /* of one scale: with its zero point and its part of others' scales */
	bool divides;      /* modules whose inputs are no multiple of columns stay as they are */
};

struct weights_plan {
	struct weights_target linear;
	struct weights_target fused;
	bool stays[ROLE_COUNT]; /* of linear modules */
	unsigned float_bits;    /* in which what stays is loaded; 0: as it is stored */
	unsigned unpacked_bits; /* in which what is packed is loaded; 0: as it is stored */
	/* Names and patterns that leave modules out, as transformers reads them. */
	const struct text *skips;
	size_t skip_count;
};

struct weights_estimate {
	uint64_t bytes;
	uint64_t by_role[ROLE_COUNT];
	const char *formula; /* for the reply */
};

/*
 * Bytes of the weights if they were loaded after this plan. An estimate: a module with W weights that is quantized takes
 *   W * bits / 8 + scales * scale_bits / 8,
 * everything else its elements in the loader's dtype, integers and what is packed what they take now. Optimizer,
 * activations, adapters and what a loader keeps beside are not in it. NULL where the headers are not known, or where the
 * skipped names take too long to be found.
 */
const struct weights_estimate *weights_estimate(
	struct arena *arena, const struct weights *weights, const struct weights_plan *plan);

/* How many modules of each class the names leave out, as transformers reads them; false where that takes too long. */
bool weights_skipped(struct arena *arena, const struct weights_class *const *classes, size_t count,
	const struct text *skips, size_t skip_count, size_t *ret_counts);

/* Bytes of the experts that are fused, with `bits` a weight, or as stored; 0 where there are none or nothing is known. */
uint64_t weights_fused_bytes(const struct weights *weights, unsigned bits);
