#include "service/process/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "service/process/log_sink.h"

const char *const log_level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

const char *const log_format_names[] = { "logfmt", "json", NULL };
const char *const log_priority_names[] = { "always", "never", "auto", NULL };

/* Bytes that stay free for what closes a value and the line. */
#define RESERVE 4

static void put(struct log_line *line, const char *data, size_t length)
{
	line->full = line->full || length > sizeof(line->data) - RESERVE - line->length;
	if (line->full)
		return;
	memcpy(line->data + line->length, data, length);
	line->length += length;
}

static void put_string(struct log_line *line, const char *string)
{
	put(line, string, strlen(string));
}

/* Closes what was opened, however full the line is. */
static void put_closing(struct log_line *line, char byte)
{
	line->data[line->length++] = byte;
}

static size_t write_time(char *out, size_t room)
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	size_t length = strftime(out, room, "%Y-%m-%dT%H:%M:%S", &parts);
	int more = snprintf(out + length, room - length, ".%03ldZ", now.tv_nsec / 1000000);
	return length + (size_t)more;
}

/* True when both are the same file. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char expected[64];
	struct stat status;
	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return false;
	snprintf(expected, sizeof(expected), "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino);
	return strcmp(stream, expected) == 0;
}

void log_style_settle(struct log_style *style)
{
	if (style->priority == LOG_PRIORITY_AUTO)
		style->priority = is_journal() ? LOG_PRIORITY_ALWAYS : LOG_PRIORITY_NEVER;
}

/* `,"name":` or ` name=`; false, with nothing written, when there is no room for it. */
static bool put_name(struct log_line *line, const char *name)
{
	bool json = line->format == LOG_FORMAT_JSON;
	char out[64];
	bool first = line->length == 0 || line->data[line->length - 1] == (json ? '{' : '>');
	int length = json ? snprintf(out, sizeof(out), "%s\"%s\":", first ? "" : ",", name)
			  : snprintf(out, sizeof(out), "%s%s=", first ? "" : " ", name);
	/* Room for an opening quote, too. */
	if (line->full || line->length + (size_t)length + 1 + RESERVE > sizeof(line->data))
		return false;
	put(line, out, (size_t)length);
	return true;
}

void log_line_begin(struct log_line *line, const struct log_style *style, enum log_level level,
	const char *event)
{
	static const char priorities[] = {
		[LOG_LEVEL_ERROR] = '3',
		[LOG_LEVEL_WARNING] = '4',
		[LOG_LEVEL_INFO] = '6',
		[LOG_LEVEL_DEBUG] = '7',
	};
	char time[48];
	*line = (struct log_line){ .format = style->format };
	if (style->priority == LOG_PRIORITY_ALWAYS) {
		put(line, "<", 1);
		put(line, &priorities[level], 1);
		put(line, ">", 1);
	}
	if (style->format == LOG_FORMAT_JSON)
		put(line, "{", 1);
	log_line_text(line, "time", (struct text){ time, write_time(time, sizeof(time)) });
	log_line_text(line, "level", text_of(log_level_names[level]));
	log_line_text(line, "event", text_of(event));
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

/* Of a character in well-formed text, by its first byte. */
static size_t utf8_length(char first)
{
	unsigned char byte = (unsigned char)first;
	return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

static void put_escaped(struct log_line *line, unsigned char byte)
{
	char out[8];
	if (byte == '"' || byte == '\\')
		snprintf(out, sizeof(out), "\\%c", byte);
	else if (byte < ' ' || byte >= 0x7f)
		snprintf(out, sizeof(out), line->format == LOG_FORMAT_JSON ? "\\u%04x" : "\\x%02x",
			byte);
	else
		snprintf(out, sizeof(out), "%c", byte);
	put_string(line, out);
}

void log_line_text(struct log_line *line, const char *name, struct text value)
{
	bool json = line->format == LOG_FORMAT_JSON;
	if (!put_name(line, name))
		return;
	if (!json && is_plain(value)) {
		put(line, value.data, value.length);
		return;
	}
	put(line, "\"", 1);
	bool sound = json && utf8_first_fault(value) == value.length;
	for (size_t i = 0; i < value.length; i++) {
		size_t more = sound ? utf8_length(value.data[i]) : 1;
		if (more > 1)
			put(line, value.data + i, more);
		else
			put_escaped(line, (unsigned char)value.data[i]);
		i += more - 1;
	}
	put_closing(line, '"');
}

void log_line_number(struct log_line *line, const char *name, uint64_t value)
{
	char out[32];
	int length = snprintf(out, sizeof(out), "%llu", (unsigned long long)value);
	bool fits = line->length + 64 + sizeof(out) + RESERVE < sizeof(line->data);
	if (fits && put_name(line, name))
		put(line, out, (size_t)length);
}

static void end(struct log_line *line)
{
	if (line->format == LOG_FORMAT_JSON)
		put_closing(line, '}');
	put_closing(line, '\n');
}

void log_line_write(struct log_line *line)
{
	end(line);
	log_sink_write(line->data, line->length);
}

/* Whoever reads the log knows what it lacks. */
static void tell_dropped(const struct log_style *style)
{
	uint64_t dropped = style->threshold >= LOG_LEVEL_WARNING ? log_sink_news() : 0;
	struct log_line line;
	if (dropped == 0)
		return;
	log_line_begin(&line, style, LOG_LEVEL_WARNING, "log");
	log_line_number(&line, "dropped", dropped);
	log_line_text(&line, "message",
		TEXT("standard error took no more: so many lines were dropped since the start"));
	log_line_write(&line);
}

void log_batch_write(struct log_batch *batch, const struct log_style *style)
{
	log_sink_write(batch->data, batch->length);
	batch->length = 0;
	tell_dropped(style);
}

void log_batch_add(struct log_batch *batch, struct log_line *line, const struct log_style *style)
{
	end(line);
	if (line->length > sizeof(batch->data) - batch->length)
		log_batch_write(batch, style);
	memcpy(batch->data + batch->length, line->data, line->length);
	batch->length += line->length;
}

void log_event(const struct log_style *style, enum log_level level, const char *event,
	const char *format, ...)
{
	if (level > style->threshold)
		return;
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	struct log_line line;
	log_line_begin(&line, style, level, event);
	log_line_text(&line, "message", text_trim(text_of(message)));
	log_line_write(&line);
	tell_dropped(style);
}
