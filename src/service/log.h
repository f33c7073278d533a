/*
 * Lines of logfmt on stderr: `time=… level=info event=request …`. Values with blanks, quotes or
 * bytes outside printable ASCII are quoted and escaped, so that no value can forge a line. Never log
 * what a config holds.
 */
#pragma once

#include "base/text.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT,
};

extern const char *const log_level_names[LOG_LEVEL_COUNT + 1]; /* NULL behind the last */

/* One line in the making. What does not fit is left out; the line end always fits. */
struct log_line {
	char data[1024];
	size_t length;
};

void log_line_begin(struct log_line *line, enum log_level level, const char *event);
void log_line_text(struct log_line *line, const char *name, struct text value);
void log_line_number(struct log_line *line, const char *name, uint64_t value);
/* Ends the line and writes it. */
void log_line_write(struct log_line *line);

/* Lines of one worker, written together: one system call for a batch of requests. */
struct log_batch {
	char data[16384];
	size_t length;
};

/* Ends the line and keeps it; writes first when there is no room. */
void log_batch_add(struct log_batch *batch, struct log_line *line);
void log_batch_write(struct log_batch *batch);

/* An event that is no request: `message` is for people. Nothing when `level` is above `threshold`.
 */
void log_event(enum log_level threshold, enum log_level level, const char *event,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
