/* A model's folder: which files it has, and their bytes. */
#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/folders/beneath.h"

#define FOLDER_SHARDS_MAXIMUM 1024

/* config.json first, then the side files, then the index, then the shards by name. */
enum {
	FOLDER_CONFIG,
	FOLDER_SIDES,
	FOLDER_INDEX = FOLDER_SIDES + SIDE_COUNT,
	FOLDER_FIXED,
};

struct folder_file {
	struct text name;
	struct text path; /* below the root, terminated */
	bool present;
	bool immutable;           /* a hub's blob, named by the hash of its contents */
	struct identity identity; /* of what was read; zeroed when nothing was */
};

struct folder {
	struct identity identity; /* before its files were listed */
	struct folder_file *files;
	size_t count;
	bool shards_left_out; /* more than FOLDER_SHARDS_MAXIMUM */
};

struct folder_limits {
	size_t file_bytes;  /* config.json and the side files */
	size_t index_bytes; /* the index */
	size_t head_bytes;  /* all shards' headers together */
	enum beneath_way way;
	void (*progress)(const void *context); /* called after each piece that was read */
	const void *context;
};

/*
 * Which files stand in the folder `path` below `root` ("": the root itself), without opening them.
 * 0, or the errno negated.
 */
int folder_survey(struct folder *folder, struct arena *arena, int root, struct text path,
	const struct folder_limits *limits);
/*
 * Reads what was surveyed, and notes the identities of what was read. NULL when config.json was
 * read; else one clause that says why not, unless the arena has failed.
 */
const char *folder_read(struct folder *folder, struct arena *arena, int root,
	const struct folder_limits *limits, struct checkpoint_files *ret_files);
