#include "bench/timing.h"

#include <time.h>

#define ROUNDS 25
#define ROUND_SECONDS 0.02

double seconds_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Keeps the best; false when a call failed. */
static bool measure(bool (*call)(void *subject), void *subject, double *best)
{
	unsigned long calls = 0;
	double start = seconds_now(), spent = 0;
	for (; spent < ROUND_SECONDS; spent = seconds_now() - start, calls++)
		if (!call(subject))
			return false;
	if (*best == 0 || spent / (double)calls < *best)
		*best = spent / (double)calls;
	return true;
}

bool timing_compare(bool (*ours)(void *subject), bool (*other)(void *subject), void *subject,
	double *ret_ours, double *ret_other)
{
	bool fine = true;
	*ret_ours = *ret_other = 0;
	for (int round = 0; fine && round < ROUNDS; round++)
		fine = measure(ours, subject, ret_ours) && measure(other, subject, ret_other);
	return fine;
}
