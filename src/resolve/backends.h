/* Backends x weight dtypes: what each pair installs. One row a pair; /v1/backends and `effective`
 * read the same rows. */
#pragma once

#include "base/text.h"

enum backend {
	BACKEND_NONE,
	BACKEND_BNB,
	BACKEND_TORCHAO,
	BACKEND_MXFP4,
	BACKEND_FP8,
	BACKEND_COUNT,
};

enum dtype {
	DTYPE_NONE,
	DTYPE_NF4,
	DTYPE_INT4,
	DTYPE_NVFP4,
	DTYPE_INT8,
	DTYPE_FP8,
	DTYPE_MXFP4, /* known under torchao only to be refused by name */
	DTYPE_COUNT,
};

struct backend_row {
	const char *name;         /* in configs */
	const char *quant_method; /* transformers' name for what is installed */
	const char *class;        /* transformers' class */
	const char *quant_class;  /* its name as a string in the class-name dialect; NULL when there
				     is none */
	bool takes_dtype;         /* needs weight_dtype */
	bool takes_group_size;
	bool takes_config_kwargs;
	const char *synonyms[4]; /* what people write instead */
	const char *summary;
};

struct installed_row {
	enum backend backend;
	enum dtype dtype;         /* DTYPE_NONE for backends without one */
	const char *adapter;      /* effective adapter; NULL: as written */
	const char *quant_type;   /* torchao's class */
	const char *group_size;   /* default, digits; NULL: none */
	bool group_size_argument; /* the class takes it as a keyword */
	const char *bits;
	bool four_bit;                   /* one of the 4-bit dtypes that make a LoRA a QLoRA */
	bool load_in_4bit, load_in_8bit; /* flags that are set */
	/* For estimates: weights that share a scale, a rectangle; rows 0: so many in a row, whatever the shape. */
	unsigned scale_rows;
	unsigned scale_columns; /* 0: scales do not count */
	double scale_bits;      /* of one group: scale, zero point, and the scale of scales */
	const char *lora_layer;
	const char *installed; /* for people: "TorchAoConfig(Int4WeightOnlyConfig)" */
};

extern const struct backend_row backends[BACKEND_COUNT];
extern const char *const dtype_names[DTYPE_COUNT];
extern const struct installed_row installed_rows[];
extern const size_t installed_row_count;

/* NULL when the backend has no such dtype. */
const struct installed_row *installed_find(enum backend backend, enum dtype dtype);
enum backend backend_from_name(struct text name);
enum dtype dtype_from_name(struct text name);
