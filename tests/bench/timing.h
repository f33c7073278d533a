/* Two things timed beside each other: on a machine that others share only their ratio means anything. */
#pragma once

#include <stdbool.h>

/* Of the monotonic clock. */
double seconds_now(void);

/*
 * Seconds a call, each the best of several rounds in which both take turns. False when a call failed.
 */
bool timing_compare(bool (*ours)(void *subject), bool (*other)(void *subject), void *subject,
	double *ret_ours, double *ret_other);
