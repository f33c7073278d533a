/*
 * Opening below a folder, and never outside: the only file that opens anything. Symbolic links may
 * lead elsewhere below the same folder, never out of it.
 */
#pragma once

#include "base/text.h"

#include <sys/types.h>

/* What tells one state of one file from another. */
struct identity {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t modified; /* nanoseconds since 1970 */
	int64_t changed;  /* the same; nobody can set it */
};

bool identity_equal(const struct identity *a, const struct identity *b);

enum beneath_way {
	BENEATH_KERNEL, /* openat2, or step by step where the kernel does not have it */
	BENEATH_STEPS,  /* always step by step: only the last step may be a link */
	BENEATH_TRUST,  /* links may lead anywhere: whoever asks may read there himself */
};

/* Whether an errno, negated, says that memory or descriptors are short: nothing that a file is to blame for. */
bool beneath_starved(int error);
/* A folder that the operator named; links are followed. A descriptor, or the errno negated. */
int beneath_root(const char *path);
/*
 * A folder below `folder`, to be read; a descriptor, or the errno negated: EXDEV where a link leads
 * out.
 */
int beneath_folder(int folder, const char *path, enum beneath_way way);
/*
 * The same for a regular file. Never waits, not even for a FIFO. EINVAL: no regular file. Tells
 * what was opened.
 */
int beneath_file(int folder, const char *path, enum beneath_way way, struct identity *ret_identity);
/* What stands at a path, links followed, without opening it: 0 or the errno negated. */
int beneath_look(const char *path, struct identity *ret_identity);
/* Of what is open: 0 or the errno negated; EINVAL for what is no regular file, or no folder. */
int identity_of(int file, struct identity *ret_identity);
int identity_of_folder(int folder, struct identity *ret_identity);
/* The next name of an open folder (a DIR); NULL at its end, or with the errno negated. */
const char *beneath_next(void *listing, int *ret_error);
/* Takes the descriptor over. NULL without memory. */
void *beneath_list(int folder);
/* Where a link in that folder leads, as it is written; "" for what is no link, or a long one. */
struct text beneath_link(void *listing, const char *name, char *room, size_t size);
void beneath_list_end(void *listing);
