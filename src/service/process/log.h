/*
 * Lines on stderr: logfmt, `time=… level=info event=request …`, or a JSON object each, with the same
 * names. Values are escaped where they have to be, so that none can forge a line. Never log what a
 * config or a token file holds.
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

enum log_format {
	LOG_FORMAT_LOGFMT,
	LOG_FORMAT_JSON,
};

/* Whether lines begin with a syslog priority, "<6>". */
enum log_priority {
	LOG_PRIORITY_ALWAYS,
	LOG_PRIORITY_NEVER,
	LOG_PRIORITY_AUTO, /* when stderr is the journal */
};

struct log_style {
	enum log_level threshold; /* what is less grave is not written */
	enum log_format format;
	enum log_priority priority; /* AUTO counts as NEVER: log_style_settle() decides it */
};

/* Names by the values of the enums, NULL behind the last. */
extern const char *const log_level_names[LOG_LEVEL_COUNT + 1];
extern const char *const log_format_names[];
extern const char *const log_priority_names[];

/* Finds out whether stderr is the journal. */
void log_style_settle(struct log_style *style);

/* One line in the making. What does not fit is left out; the line end always fits. */
struct log_line {
	char data[2048];
	size_t length;
	bool full; /* something was left out */
	enum log_format format;
};

void log_line_begin(struct log_line *line, const struct log_style *style, enum log_level level,
	const char *event);
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
void log_batch_add(struct log_batch *batch, struct log_line *line, const struct log_style *style);
void log_batch_write(struct log_batch *batch, const struct log_style *style);

/* An event that is no request: `message` is for people. Nothing when `level` is above the
 * threshold.
 */
void log_event(const struct log_style *style, enum log_level level, const char *event,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
