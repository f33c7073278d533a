/* Time that only moves forward, for deadlines and durations; and that of files. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds since some moment in the past; the same for all threads. */
uint64_t clock_microseconds(void);
/* The moment so many microseconds from now, by CLOCK_MONOTONIC. */
struct timespec clock_later(uint64_t microseconds);
/* Nanoseconds since 1970, as the kernel stamps files that change now. */
int64_t clock_file_stamp(void);
