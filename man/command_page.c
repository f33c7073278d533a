/*
 * Rewrites what stands between marks of quantconf(1) from the tables of commands and options: `make manual` keeps the page
 * so. The page comes on stdin.
 */
#include <stdio.h>
#include <string.h>

#include "command/options.h"
#include "roff.h"

static void put_synopsis(void)
{
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++) {
		printf("%s\\fBquantconf %s\\fR", i > COMMAND_NONE + 1 ? ".br\n" : "",
			commands[i].name);
		putchar(commands[i].arguments[0] ? ' ' : '\n');
		if (commands[i].arguments[0])
			roff_text(commands[i].arguments);
	}
}

static void put_commands(void)
{
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++) {
		printf(".TP\n.B %s\n", commands[i].name);
		roff_text(commands[i].summary);
	}
}

static void put_options(void)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		puts(".TP");
		if (row->letter)
			printf("\\fB\\-%c\\fR, ", row->letter);
		fputs("\\fB\\-\\-", stdout);
		roff_words(row->name, false);
		printf(row->argument ? "\\fR \\fI%s\\fR\n" : "\\fR\n", row->argument);
		roff_words(row->help, true);
		puts(".");
		if (row->more)
			roff_sentences(row->more);
	}
}

static const struct part {
	const char *begin;
	const char *end;
	void (*put)(void);
} parts[] = {
	{
		.begin = ".\\\" Synopsis from the table of commands: make manual\n",
		.end = ".\\\" End of the synopsis\n",
		.put = put_synopsis,
	},
	{
		.begin = ".\\\" From the table of commands: make manual\n",
		.end = ".\\\" End of commands\n",
		.put = put_commands,
	},
	{
		.begin = ".\\\" From the table of options: make manual\n",
		.end = ".\\\" End of options\n",
		.put = put_options,
	},
};

int main(void)
{
	char line[1024];
	const struct part *part = NULL;
	while (fgets(line, sizeof(line), stdin)) {
		if (part && strcmp(line, part->end) != 0)
			continue;
		fputs(line, stdout);
		part = NULL;
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (strcmp(line, parts[i].begin) == 0)
				part = &parts[i];
		if (part)
			part->put();
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
