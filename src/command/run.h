/* The commands. Each returns an exit status; what people should read goes to stderr, results to stdout. */
#pragma once

#include "base/buffer.h"
#include "command/files.h"
#include "command/options.h"
#include "resolve/resolve.h"

/* What one invocation carries from file to file. */
struct session {
	const struct command_options *options;
	struct arena arena;             /* of the file at hand; reset between files */
	struct arena models;            /* the checkpoint given by --checkpoint */
	const struct checkpoint *found; /* … or what was inspected of its folder */
	struct roots *roots;            /* of --model-root and --hf-cache; NULL without any */
	struct text checkpoint;         /* its config.json; data NULL without one */
	struct stat read;               /* the file at hand, as it was read */
	bool colour;                    /* stdout is a terminal, and NO_COLOR is not set */
	bool colour_errors;             /* stderr is */
	size_t ok, rejected, unreadable;
	size_t changed, refused; /* among those that are ok: would change, or cannot be migrated */
	size_t failed;           /* could not be read or written */
	size_t findings;         /* of the files that are done */
	int status;
};

int run_resolve(struct session *session);
int run_migrate(struct session *session);
int run_inspect(struct session *session);
int run_rules(struct session *session);
int run_schema(struct session *session);

/* A file or folder could not be read or written; why was said before. */
void session_fail(struct session *session, size_t count);
/* The sum over many files, or over a folder, on stderr; `parts` holds the first numbers. */
void session_summarize(
	const struct session *session, const struct file_list *files, const char *parts);
/* The worst status counts. */
void session_worsen(struct session *session, int status);
/* Reads and resolves one file; NULL after having said why not. */
const struct resolution *session_resolve(struct session *session, const char *path, bool migrated);
/* The same of a text that is at hand. */
const struct resolution *session_resolve_text(
	struct session *session, const char *path, struct text config, bool migrated);
/* Work that ended for want of memory: says so, and what it was about. */
void session_starve(struct session *session, const char *doing, const char *what);
/* Writes the buffer, complaining when that fails. */
void session_put(struct session *session, FILE *to, const struct buffer *out);
/* The findings without notes, in an array of the arena. */
const struct diagnostic **session_without_notes(
	struct arena *arena, const struct diagnostic **findings, size_t *count);
/* The text for people; with --quiet without notes. */
void session_put_text(const struct session *session, struct buffer *out,
	const struct resolution *resolution, bool colour);
/* There is no migrated text, for errors or since no edit is safe: that is an error, and why goes to stderr, without
 * notes, which are no reason. */
void session_refuse(struct session *session, const struct resolution *resolution);
/* A checkpoint's folder, inspected into the arena; NULL after having said why not. */
const struct checkpoint *session_folder(struct arena *arena, const char *path);

/*
 * tell.c. On stderr, what is said of keys that the migrated text no longer has, which nobody could say again; with --strict
 * also the warnings that make it status 1, all but those that the migration repairs.
 */
void tell_of_migrated(
	struct session *session, const char *path, const struct resolution *resolution);
