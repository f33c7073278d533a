/* From the shapes of packed tensors to numbers of weights. For storage_layouts.c. */
#pragma once

#include "checkpoint/weights/storage_layouts.h"

#define MEASURE(name)                                                                              \
	bool measure_##name(const struct storage_layout *layout, const struct stored *stored,      \
		const struct declaration *declaration, struct measure *ret_measure)

MEASURE(single);    /* an element a weight */
MEASURE(halves);    /* two in a byte; where the row has a group, the scales must agree */
MEASURE(quarters);  /* four in a byte */
MEASURE(gptq);      /* words along the inputs */
MEASURE(awq);       /* words along the outputs */
MEASURE(awq_gemv);  /* words along the inputs, a row an output */
MEASURE(awq_fast);  /* four rows interleaved */
MEASURE(words);     /* words along the inputs; the width is one of those that are declared */
MEASURE(codebooks); /* a code stands for a rectangle of weights */
MEASURE(trellis);   /* tiles of 16 by 16 */
MEASURE(permuted);  /* a permutation has the inputs, the last dimension the outputs */
MEASURE(grid);      /* as many bits as the table's size is a power of two */
MEASURE(declared);  /* nothing but the declared width tells */
MEASURE(scaled);    /* as many weights as scales times the declared group */
MEASURE(subclass);  /* torchao's: packed or not, as the scales tell */
MEASURE(unknown);   /* the shapes do not tell */

/* A scheme's width in whole bits; 0 where it says none. */
unsigned scheme_whole_bits(const struct scheme *scheme);
/* Weights of a row that share a scale: a number above 0, -1 for all of them, 0 where it does not say. */
int64_t scheme_group_width(const struct scheme *scheme);
