/* The files that the command reads. */
#pragma once

#include "base/arena.h"

#include <stdio.h>
#include <sys/stat.h>

/* A file to read. The folder that a link leads out of is named as it was asked for. */
struct listed_file {
	char *path;         /* owned; "-" is standard input */
	char *target;       /* owned: where a link leads that was found in a folder; else NULL */
	const char *leaves; /* the folder that this link leads out of; else NULL */
};

/*
 * What was asked for. Folders are searched for *.yaml and *.yml, sorted by name, hidden ones left out; links to files are
 * followed, links to folders are not.
 */
struct file_list {
	struct listed_file *files;
	size_t count;
	size_t capacity;
	size_t failed; /* folders without a config, what could not be searched, or no memory; said on stderr */
	bool folders; /* one was asked for */
};

/* Without any path: standard input alone. The paths must outlive the list. */
void files_collect(struct file_list *list, char **paths, size_t count);
void files_release(struct file_list *list);

/*
 * The whole file, of at most `limit` bytes, in the arena. False after saying on stderr why not. A larger file is read up to
 * limit + 1 bytes, so that the core can say that it is too large. `ret_status` is the file before the first byte was read,
 * for file_replace(); NULL: nobody asks.
 */
bool file_read(struct arena *arena, const char *path, size_t limit, struct text *ret_text,
	struct stat *ret_status);

bool file_is_folder(const char *path);
