/* The command line of quantconf: one table for parsing, for --help, and for what the manual and the completions say. */
#pragma once

#include "checkpoint/folders/roots.h"
#include "schema/target.h"

#include <stdio.h>

enum command {
	COMMAND_NONE,
	COMMAND_RESOLVE,
	COMMAND_MIGRATE,
	COMMAND_INSPECT,
	COMMAND_RULES,
	COMMAND_SCHEMA,
	COMMAND_COUNT,
};

enum output {
	OUTPUT_JSON,
	OUTPUT_YAML,
	OUTPUT_TEXT,
	OUTPUT_DIFF,
	OUTPUT_SARIF,
	OUTPUT_COUNT,
};

/* Exit statuses; the worst of all files counts. */
enum {
	EXIT_OK = 0,
	EXIT_ERRORS =
		1, /* a config has errors; with --strict also warnings; with --check it would change */
	EXIT_USAGE = 2,
	EXIT_INTERNAL =
		3, /* a file cannot be read or written, a folder has no config, or no memory */
};

#define ROOTS_MAXIMUM 16

struct command_options {
	enum command command;
	enum target target;
	enum output output;
	bool output_given;
	const char *checkpoint;                /* NULL: look base_model up */
	struct root_path roots[ROOTS_MAXIMUM]; /* in the order of the command line */
	size_t root_count;
	bool require_checkpoint;
	bool include_exclusions;
	bool strict;
	bool quiet;
	bool in_place, diff, check;
	bool help, version;
	char **files; /* the rest of the command line */
	size_t file_count;
};

struct command_row {
	const char *name;
	const char *arguments;
	const char *summary;
};

extern const struct command_row commands[COMMAND_COUNT];

struct option_row {
	const char *name;
	char letter;          /* 0: has none */
	const char *argument; /* NULL: takes none */
	const char *help;
	const char *more; /* sentences for the manual alone; NULL: none */
};

/* In the order of --help. */
extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* EXIT_OK, or EXIT_USAGE after saying on stderr what is wrong and what to do. */
int options_parse(struct command_options *options, int count, char **arguments);
void options_print_help(FILE *out);
