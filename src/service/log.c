#include "service/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const log_level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

static void put(struct log_line *line, const char *data, size_t length)
{
	/* One byte stays free for the line end. */
	if (length > sizeof(line->data) - 1 - line->length)
		return;
	memcpy(line->data + line->length, data, length);
	line->length += length;
}

static void put_string(struct log_line *line, const char *string)
{
	put(line, string, strlen(string));
}

static void put_time(struct log_line *line)
{
	struct timespec now;
	struct tm parts;
	char out[48];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	size_t length = strftime(out, sizeof(out), "time=%Y-%m-%dT%H:%M:%S", &parts);
	put(line, out, length);
	snprintf(out, sizeof(out), ".%03ldZ", now.tv_nsec / 1000000);
	put_string(line, out);
}

void log_line_begin(struct log_line *line, enum log_level level, const char *event)
{
	line->length = 0;
	put_time(line);
	put_string(line, " level=");
	put_string(line, log_level_names[level]);
	put_string(line, " event=");
	put_string(line, event);
}

static bool is_plain(struct text value)
{
	for (size_t i = 0; i < value.length; i++) {
		unsigned char byte = (unsigned char)value.data[i];
		if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\' || byte == '=')
			return false;
	}
	return value.length > 0;
}

static void put_escaped(struct log_line *line, unsigned char byte)
{
	char out[8];
	if (byte == '"' || byte == '\\')
		snprintf(out, sizeof(out), "\\%c", byte);
	else if (byte < ' ' || byte >= 0x7f)
		snprintf(out, sizeof(out), "\\x%02x", byte);
	else
		snprintf(out, sizeof(out), "%c", byte);
	put_string(line, out);
}

void log_line_text(struct log_line *line, const char *name, struct text value)
{
	put_string(line, " ");
	put_string(line, name);
	put_string(line, "=");
	if (is_plain(value)) {
		put(line, value.data, value.length);
		return;
	}
	put_string(line, "\"");
	for (size_t i = 0; i < value.length; i++)
		put_escaped(line, (unsigned char)value.data[i]);
	put_string(line, "\"");
}

void log_line_number(struct log_line *line, const char *name, uint64_t value)
{
	char out[64];
	snprintf(out, sizeof(out), " %s=%llu", name, (unsigned long long)value);
	put_string(line, out);
}

static void end(struct log_line *line)
{
	line->data[line->length++] = '\n';
}

/* A log that cannot be written must not stop the service: what fails is dropped. */
static void write_all(const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, data, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		data += written;
		length -= (size_t)written;
	}
}

void log_line_write(struct log_line *line)
{
	end(line);
	write_all(line->data, line->length);
}

void log_batch_write(struct log_batch *batch)
{
	write_all(batch->data, batch->length);
	batch->length = 0;
}

void log_batch_add(struct log_batch *batch, struct log_line *line)
{
	end(line);
	if (line->length > sizeof(batch->data) - batch->length)
		log_batch_write(batch);
	memcpy(batch->data + batch->length, line->data, line->length);
	batch->length += line->length;
}

void log_event(
	enum log_level threshold, enum log_level level, const char *event, const char *format, ...)
{
	if (level > threshold)
		return;
	char message[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	struct log_line line;
	log_line_begin(&line, level, event);
	log_line_text(&line, "message", text_trim(text_of(message)));
	log_line_write(&line);
}
