/* Time that only moves forward, for deadlines and durations. */
#pragma once

#include <stdint.h>

/* Microseconds since some moment in the past; the same for all threads. */
uint64_t clock_microseconds(void);
