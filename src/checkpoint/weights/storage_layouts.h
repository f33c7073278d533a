/*
 * How quantized weights are stored: which tensors of a module belong together, in which dtypes and
 * shapes, and how many weights that makes. One row a layout.
 */
#pragma once

#include "checkpoint/names/tensor_names.h"
#include "checkpoint/weights/safetensors.h"

/* The tensors of one module. */
struct stored {
	const struct tensor *parts[PART_COUNT]; /* NULL: it has none */
	uint64_t present;                       /* PART() of those that it has */
};

/* What the shapes tell. */
struct measure {
	bool known;          /* how many weights there are */
	bool misfit;         /* no declared width and group make these shapes */
	uint64_t parameters; /* weights, counted singly */
	unsigned bits;       /* of one; 0: not told */
	uint64_t inputs;     /* weights in a row; 0: not told */
	uint64_t groups;     /* that a row is cut into, each with a scale of its own; 0: not told */
	bool one_scale;      /* a single number for all of the module */
};

/* What the block declares: widths and groups that shapes alone do not always tell. */
struct declaration {
	const struct scheme *schemes; /* of a mixture, all of them */
	size_t count;
	bool blocks; /* written in the block itself, and no default of a class */
};

#define LAYOUT_METHODS 8

struct storage_layout {
	const char *name;         /* for people */
	enum tensor_part weights; /* the part that has them */
	uint64_t beside;          /* PART() of those that make it this layout */
	uint64_t lacks;
	const char *dtypes;       /* of the weights, words between blanks */
	enum tensor_part scales;  /* PART_PLAIN: none */
	const char *scale_dtypes; /* NULL: any */
	/* False: the shapes are not those of this layout. */
	bool (*measure)(const struct storage_layout *layout, const struct stored *stored,
		const struct declaration *declaration, struct measure *ret_measure);
	unsigned group;                      /* weights a scale, where the format fixes it */
	const char *shape;                   /* for people; out and in are the module's features */
	const char *families;                /* of schemes, words between blanks */
	enum method methods[LAYOUT_METHODS]; /* that write it, ended by METHOD_NONE */
	const char *source;
};

extern const struct storage_layout storage_layouts[];
extern const size_t storage_layout_count;

/*
 * The next row behind `after` (NULL: the first of all) that a module's tensors are stored in; NULL when
 * there is none (left). Of tensors known by name alone the parts must fit, and nothing is measured.
 */
const struct storage_layout *storage_layout_find(const struct stored *stored,
	const struct declaration *declaration, const struct storage_layout *after,
	struct measure *ret_measure);

/* Whether a method is among those that write any of the layouts. */
bool storage_layout_of_method(enum method method);
/* Whether what is stored may be what a method declares with one of its schemes. */
bool storage_layout_fits(const struct storage_layout *layout, const struct measure *measure,
	const struct method_row *method, const struct declaration *declaration);

/* Whether groups of the width are what is stored, as far as that is told. */
bool storage_groups_fit(const struct measure *measure, int64_t width);

/* Whether `word` is one of `words`, which stand between blanks. */
bool word_in(const char *words, struct text word);
