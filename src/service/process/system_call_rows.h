/* The tables of system_calls.c. A name that a machine or a library does not know is passed over. */
#pragma once

#include <stdint.h>

#define ALL_BITS UINT64_MAX

/* Holds where (the argument & mask) == value. */
struct bound {
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

#define BOUNDS_MAXIMUM 2

/* Allowed where all bounds hold, else refused. */
struct bounded_call {
	const char *name;
	struct bound bounds[BOUNDS_MAXIMUM]; /* without a mask: none any more */
};

/* NULL, or a row without a name, is behind the last. */
extern const char *const system_calls_allowed[];
extern const struct bounded_call system_calls_bounded[];
/* Allowed where the bounds of one row hold, else as if the kernel did not know it … */
extern const struct bounded_call system_calls_in_part[];
/* … and only with another descriptor (the first argument) than the one to the service manager. */
extern const struct bounded_call system_calls_of_others[];
extern const char *const system_calls_refused[]; /* those that an intruder would try */
