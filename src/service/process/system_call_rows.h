/* The tables of system_calls.c. A name that a machine or a library does not know is passed over. */
#pragma once

#include <stdint.h>

#define ALL_BITS UINT64_MAX

/* Allowed where (the argument & mask) == value, else refused. */
struct bounded_call {
	const char *name;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

/* NULL, or a row without a name, is behind the last. */
extern const char *const system_calls_allowed[];
extern const struct bounded_call system_calls_bounded[];
extern const char *const system_calls_refused[]; /* those that an intruder would try */
