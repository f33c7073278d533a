/* The table of options: the command line, the configuration file and --help read it. */
#pragma once

#include <stddef.h>

#include "service/options/options.h"

enum option_kind {
	OPTION_FLAG,
	OPTION_LISTEN,
	OPTION_MODEL_ROOT,
	OPTION_HF_CACHE,
	OPTION_CONFINE_READ,
	OPTION_ORIGIN,
	OPTION_CHOICE,
	OPTION_TEXT, /* the path of a file that a reload reads again: confine.c keeps it readable */
	OPTION_COUNT,
	OPTION_BYTES,
	OPTION_SECONDS,
	OPTION_MODE, /* of a file, in octal */
	/* Those from here on make no sense in a file. */
	OPTION_CONFIG,
	OPTION_CHECK,
	OPTION_HELP,
	OPTION_VERSION,
};

struct option_row {
	const char *name;     /* NULL behind the last row */
	const char *argument; /* NULL: takes none */
	const char *fallback; /* the default, as one would write it; NULL: none */
	const char *help;     /* a phrase, for --help */
	const char *more;     /* sentences for the manual, too; NULL: none */
	enum option_kind kind;
	const char *const *choices; /* of OPTION_CHOICE: by the values of the slot's enum */
	size_t slot;                /* offset in struct options */
	size_t minimum;
	size_t maximum;
	bool fixed; /* cannot change while the daemon runs */
};

extern const struct option_row option_rows[];
/* Names by the values of enum confine_choice, NULL behind the last. */
extern const char *const confine_choices[];

/* Whether it may come several times. */
bool option_is_list(const struct option_row *row);
/* NULL when there is none. */
const struct option_row *option_find(struct text name);
/*
 * Takes a value over, or adds a fault. `place` is where it stands in a file, NULL for the command line. Both
 * stay referenced.
 */
void option_set(struct options *options, const struct option_row *row, const char *value,
	const char *place, struct faults *faults);
