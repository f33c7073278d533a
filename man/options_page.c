/*
 * Rewrites what stands between two marks of a manual page from the table of options: `make manual` keeps
 * quantconfd(8) and quantconfd.yaml(5) so. The page comes on stdin; the word `file` leaves out what makes no
 * sense in a file, and names the rest as a file does.
 */
#include <stdio.h>
#include <string.h>

#include "roff.h"
#include "service/options/option_rows.h"

#define MIB ((size_t)1024 * 1024)
#define GIB (1024 * MIB)

static const char begin_mark[] = ".\\\" From the table of options: make manual\n";
static const char end_mark[] = ".\\\" End of options\n";

static void put_bytes(size_t bytes)
{
	if (bytes >= GIB && bytes % GIB == 0)
		printf("%zuGiB", bytes / GIB);
	else if (bytes >= MIB && bytes % MIB == 0)
		printf("%zuMiB", bytes / MIB);
	else if (bytes >= 1024 && bytes % 1024 == 0)
		printf("%zuKiB", bytes / 1024);
	else
		printf("%zu", bytes);
}

static void put_range(const struct option_row *row)
{
	bool bytes = row->kind == OPTION_BYTES;
	if (row->kind != OPTION_COUNT && row->kind != OPTION_SECONDS && !bytes)
		return;
	fputs("From ", stdout);
	if (bytes)
		put_bytes(row->minimum);
	else
		printf("%zu", row->minimum);
	fputs(" to ", stdout);
	if (bytes)
		put_bytes(row->maximum);
	else
		printf("%zu", row->maximum);
	fputs(".\n", stdout);
}

static void put_name(const struct option_row *row, bool in_file)
{
	fputs(in_file ? ".TP\n\\fB" : ".TP\n\\fB\\-\\-", stdout);
	roff_words(row->name, false);
	if (in_file)
		printf("\\fR: \\fI%s\\fR%s\n", row->argument ? row->argument : "true|false",
			option_is_list(row) ? ", or a list" : "");
	else if (row->argument)
		printf("\\fR=\\fI%s\\fR\n", row->argument);
	else
		printf("\\fR\n");
}

static void put_row(const struct option_row *row, bool in_file)
{
	put_name(row, in_file);
	roff_words(row->help, true);
	if (row->fallback)
		printf(" (default %s)", row->fallback);
	fputs(".\n", stdout);
	if (row->more)
		roff_sentences(row->more);
	put_range(row);
	if (row->fixed && row->kind < OPTION_CONFIG)
		puts("A change needs a restart.");
}

int main(int argc, char **argv)
{
	char line[1024];
	bool in_file = argc > 1 && strcmp(argv[1], "file") == 0, between = false;
	while (fgets(line, sizeof(line), stdin)) {
		between = between && strcmp(line, end_mark) != 0;
		if (!between)
			fputs(line, stdout);
		if (strcmp(line, begin_mark) != 0)
			continue;
		between = true;
		for (const struct option_row *row = option_rows; row->name; row++)
			if (!in_file || row->kind < OPTION_CONFIG)
				put_row(row, in_file);
	}
	return 0;
}
