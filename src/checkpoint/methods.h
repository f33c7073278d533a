/* The catalogue: one row a quantization method. */
#pragma once

#include "source/node.h"

enum method {
	METHOD_NONE,
	METHOD_BITSANDBYTES,
	METHOD_GPTQ,
	METHOD_AWQ,
	METHOD_MXFP4,
	METHOD_FP8,
	METHOD_COMPRESSED_TENSORS,
	METHOD_QUARK,
	METHOD_TORCHAO,
	METHOD_OTHER, /* and the rest of the catalogue; extend as needed, before METHOD_COUNT */
	METHOD_COUNT,
};

struct method_row {
	const char *name;         /* the family's name, transformers' spelling where it has one */
	const char *config_class; /* transformers' class; NULL when it has none */
	enum method method;
};
