/* What the test programs share: files, folders, readable JSON, and the count at the end. */
#pragma once

#include "base/buffer.h"
#include "resolve/resolve.h"

#define EXIT_SKIPPED 77 /* automake's word for it */
#define TEST_MEMORY ((size_t)256 << 20)

struct tally {
	const char *name;
	size_t checks;
	size_t failures;
};

/* Counts one check; a failed one is printed. Returns `passed`. */
bool tally_check(struct tally *tally, bool passed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints the sum as libcheck does; the program's exit status. Nothing checked is a failure, too. */
int tally_finish(const struct tally *tally);

struct listing {
	char **names;
	size_t count;
};

/* False when the file cannot be read. The text has a NUL behind it. */
bool file_read(struct arena *arena, const char *path, struct text *ret_text);
bool file_write(const char *path, struct text text);
/* "a/b" */
const char *path_join(struct arena *arena, const char *folder, const char *name);
/* The names in a folder that hold `part` ("" for all; none that begins with a dot), sorted. */
bool folder_list(
	struct arena *arena, const char *path, const char *part, struct listing *ret_listing);
/* `name` below QUANTCONF_CORPUS; NULL when that is not set. */
const char *corpus_path(struct arena *arena, const char *name);
/* The number in an environment variable; `otherwise` where it is not set. */
unsigned long long number_of_variable(const char *name, unsigned long long otherwise);
/* The next line of `rest`, without its end; false at the end of the text. */
bool text_line(struct text *rest, struct text *ret_line);

/* Indented JSON, with what fits into one line of about 100 bytes left in one. */
struct text json_pretty(struct arena *arena, struct text json);

const struct diagnostic *resolution_finding(const struct resolution *resolution, const char *id);
/* The finding's edits lie inside the text, in order, and do not overlap. */
bool edits_sane(const struct diagnostic *finding, struct text config);
/* The text with them applied. */
struct text edits_applied(
	struct arena *arena, struct text config, const struct diagnostic *finding);
