#include "command/say.h"

#include "render/visible.h"

#include <errno.h>
#include <stdlib.h>

__attribute__((format(printf, 3, 0))) static void put(
	FILE *to, const char *head, const char *format, va_list arguments)
{
	char *line = NULL;
	if (vasprintf(&line, format, arguments) < 0)
		return;
	fputs(head, to);
	struct text rest = text_of(line), shown;
	while (rest.length > 0) {
		size_t length = visible_character(rest, &shown);
		fwrite(shown.data, 1, shown.length, to);
		rest = text_from(rest, length);
	}
	putc('\n', to);
	free(line);
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
