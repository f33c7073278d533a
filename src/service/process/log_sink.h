/*
 * Where log lines go: stderr, which may be a pipe that nobody reads, a terminal that stands still, or a full
 * disk. Serving never waits for it: lines that find no room are dropped, counted, and told of by the next
 * line that finds some. For any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Before there are threads, and before the daemon confines itself. Without it lines go out all the same. */
void log_sink_open(void);
/* Whole lines. After a short wait, which is none where the last one was in vain, the rest is dropped. */
void log_sink_write(const char *lines, size_t length);
/* Lines that were dropped since the start. */
uint64_t log_sink_dropped(void);
/* The same, once lines go out again after some were dropped, and then once; else 0. */
uint64_t log_sink_news(void);
