/*
 * Checkpoints below the operator's folders: plain model roots (ROOT/ORG/NAME/config.json) and hub
 * caches (models--ORG--NAME/refs/REVISION -> snapshots/COMMIT, or the same below hub/). A name never leads out of them, and
 * only regular files are read. What was inspected is kept and shared: a model that is asked for
 * again costs one file status call for each of its files (but none for a hub's shards, whose names
 * are hashes of their contents); one that was replaced, changed, added or removed is seen at once.
 *
 * One value serves all threads.
 */
#pragma once

#include "checkpoint/checkpoint.h"

enum root_kind {
	ROOT_MODELS,
	ROOT_HF_CACHE,
};

struct root_path {
	enum root_kind kind;
	const char *path;
};

struct roots_limits {
	size_t file_bytes;    /* config.json and the files that may carry its block */
	size_t index_bytes;   /* model.safetensors.index.json */
	size_t head_bytes;    /* all safetensors headers of a model together */
	size_t inspect_bytes; /* memory while a model is inspected that is not kept */
	size_t cache_entries;
	size_t cache_bytes;
	struct document_limits document;
	bool walk; /* never ask openat2 */
	/*
	 * Nanoseconds since 1970, by the clock that stamps files: what changed just now is not kept, since
	 * its next change might leave the same stamp. NULL: no two changes ever do.
	 */
	int64_t (*now)(void);
	void (*progress)(
		void); /* called while files are read, by who reads them; NULL: nobody asks */
};

/* 16 MiB, 64 MiB, 128 MiB, 512 MiB; 256 entries, 64 MiB; depth 64, 400 000 nodes; no clock. */
extern const struct roots_limits roots_limits_default;

enum roots_status {
	ROOTS_FOUND,
	ROOTS_NOT_FOUND,
	ROOTS_NO_REVISION, /* a cache has the model, and not this revision; detail says so */
	ROOTS_UNREADABLE,  /* it is there; detail says why it cannot be read */
	ROOTS_CLOSED,      /* no root has it, but one cannot be opened; detail says which */
	ROOTS_REFUSED,     /* no name below a root; detail says why */
	ROOTS_NO_MEMORY,   /* the arena has failed */
	ROOTS_COLD,        /* of roots_look_up_kept(): detail is what was asked, whoever asks it */
};

struct roots_answer {
	enum roots_status status;
	/* Of ROOTS_FOUND: the arena's, or shared and held until the arena is reset; else NULL. */
	const struct checkpoint *checkpoint;
	struct text detail; /* one clause; "" where the status says all */
};

struct roots_counters {
	uint64_t hits;
	uint64_t misses;
	size_t entries;
	size_t bytes;
};

struct roots;

/* Copies the paths; a folder need not exist yet. NULL without memory. `limits` NULL: the defaults.
 */
struct roots *roots_new(
	const struct root_path *paths, size_t count, const struct roots_limits *limits);
/* Nobody may be looking up. NULL is allowed. */
void roots_free(struct roots *roots);
/* NULL when every root can be opened, else the path of the first that cannot. */
const char *roots_unreadable(struct roots *roots);
struct roots_counters roots_counters(struct roots *roots);

/*
 * Looks in each root, in order; `revision` "" is a cache's main. An absolute path is looked up below the first root that
 * it begins with, if any; slashes behind a name count nothing. A plain root has no revisions: where
 * one is asked for, all caches are looked at before; a checkpoint that only a plain root has is found
 * all the same, with CHECKPOINT_REVISION_UNSEEN.
 * The checkpoint carries its model, revision (a cache's commit) and source.
 */
struct roots_answer roots_look_up(
	struct roots *roots, struct arena *arena, struct text model, struct text revision);
/* The same, but of a model whose inspection is not kept ROOTS_COLD: its files are not read. */
struct roots_answer roots_look_up_kept(
	struct roots *roots, struct arena *arena, struct text model, struct text revision);
/* The folder itself, for whoever may read it anyway: links may lead anywhere. Nothing is kept. */
struct roots_answer roots_inspect_folder(
	struct arena *arena, const char *path, const struct roots_limits *limits);
