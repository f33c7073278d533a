#include "command/say.h"

#include "render/visible.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Room for three names of files and what is said of them; taken from nobody, for the line may tell of a want of memory. */
#define LINE_BYTES (4 * PATH_MAX)

__attribute__((format(printf, 3, 0))) static void put(
	FILE *to, const char *head, const char *format, va_list arguments)
{
	char line[LINE_BYTES];
	if (vsnprintf(line, sizeof(line), format, arguments) < 0)
		return;
	fputs(head, to);
	struct text rest = text_of(line), shown;
	while (rest.length > 0) {
		size_t length = visible_character(rest, &shown);
		fwrite(shown.data, 1, shown.length, to);
		rest = text_from(rest, length);
	}
	putc('\n', to);
}

void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(stderr, "quantconf: ", format, arguments);
	va_end(arguments);
}

void say_failed(const char *doing, const char *path)
{
	say("%s %s: %s", doing, path, strerror(errno));
}

void put_line(FILE *to, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(to, "", format, arguments);
	va_end(arguments);
}
