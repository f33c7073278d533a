#include "roff.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define LINE_WIDTH 100

static void put_character(char c)
{
	if (c == '\\')
		fputs("\\e", stdout);
	else if (c == '-')
		fputs("\\-", stdout);
	else
		putchar(c);
}

static void put_lines(const char *text, bool marked)
{
	bool bold = false, line_begins = true;
	for (const char *c = text; *c; c++) {
		if (line_begins && (*c == '.' || *c == '\''))
			fputs("\\&", stdout);
		line_begins = *c == '\n';
		if (marked && *c == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else {
			put_character(*c);
		}
	}
	fputs(bold ? "\\fR\n" : "\n", stdout);
}

void roff_text(const char *text)
{
	put_lines(text, true);
}

void roff_words(const char *text, bool capital)
{
	for (const char *c = text; *c; c++)
		put_character(capital && c == text ? (char)toupper((unsigned char)*c) : *c);
}

void roff_sentences(const char *text)
{
	const char *end;
	while ((end = strstr(text, ". "))) {
		char sentence[512];
		snprintf(sentence, sizeof(sentence), "%.*s", (int)(end + 1 - text), text);
		roff_text(sentence);
		text = end + 2;
	}
	roff_text(text);
}

static void put_line(struct text line)
{
	char copy[LINE_WIDTH + 8];
	bool longer = line.length > LINE_WIDTH;
	snprintf(copy, sizeof(copy), "%.*s%s", longer ? LINE_WIDTH : (int)line.length, line.data,
		longer ? "..." : "");
	if (copy[0] == '\0')
		puts("\\&");
	else
		put_lines(copy, false);
}

void roff_example(const char *text)
{
	struct text rest = text_of(text);
	fputs(".PP\n.RS 4\n.nf\n", stdout);
	if (utf8_first_fault(rest) < rest.length) {
		puts("(bytes that are no UTF\\-8)");
		rest.length = 0;
	}
	while (rest.length > 0) {
		size_t width = strcspn(rest.data, "\n");
		put_line((struct text){ .data = rest.data, .length = width });
		rest = text_from(rest, width + 1);
	}
	fputs(".fi\n.RE\n", stdout);
}
