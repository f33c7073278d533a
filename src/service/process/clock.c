#include "service/process/clock.h"

uint64_t clock_microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct timespec clock_later(uint64_t microseconds)
{
	uint64_t then = clock_microseconds() + microseconds;
	return (struct timespec){
		.tv_sec = (time_t)(then / 1000000),
		.tv_nsec = (long)(then % 1000000 * 1000),
	};
}

int64_t clock_file_stamp(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
