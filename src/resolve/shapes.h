/* Shapes of linear modules that a format of the base takes. */
#pragma once

#include "resolve/facts.h"

struct shape_row {
	enum backend backend;
	enum dtype dtype;
	uint32_t elements; /* that the number of weights is to be a multiple of; 0: any */
	uint32_t multiple; /* of both dimensions; 0: see blocks */
	bool blocks;       /* dimensions are to be multiples of the request's own block or group */
	bool refused;      /* documented to raise; else releases differ */
	const char *remedy;
	const char *source;
};
