/* The files that the command reads and writes. */
#pragma once

#include "base/arena.h"

/* A list of paths; folders are searched for *.yaml and *.yml, sorted by name. */
struct file_list {
	char **paths; /* each owned; "-" is standard input */
	size_t count;
	size_t capacity;
	size_t failed; /* folders that could not be read, said on stderr; or no memory */
	bool folders;  /* one was asked for */
};

/* Without any path: standard input alone. */
void files_collect(struct file_list *list, char **paths, size_t count);
void files_release(struct file_list *list);

/*
 * The whole file, of at most `limit` bytes, in the arena. False after saying on stderr why not. A larger file is read up to
 * limit + 1 bytes, so that the core can say that it is too large.
 */
bool file_read(struct arena *arena, const char *path, size_t limit, struct text *ret_text);

bool file_is_folder(const char *path);

/*
 * Replaces the file's contents atomically: written beside it, synced, renamed over it; mode and owner stay, a symbolic link stays
 * one. False after saying on stderr why not; the file is then as it was.
 */
bool file_replace(const char *path, struct text text);
