/*
 * The core: bytes in, resolution out. The same request (and, with model roots, the same files)
 * always gives the same resolution. It knows no HTTP, clock, environment or globals, and never
 * stops at the first problem.
 */
#pragma once

#include "resolve/resolution.h"

struct roots;      /* checkpoint/folders/roots.h */
struct roots_memo; /* checkpoint/folders/memo.h */

enum checkpoint_choice {
	CHECKPOINT_LOOK_UP, /* base_model below a model root */
	CHECKPOINT_NO,      /* do not look */
	CHECKPOINT_NAMED,   /* `checkpoint_model` below a model root */
	CHECKPOINT_GIVEN,   /* `checkpoint_bytes` or `checkpoint_tree` */
};

struct resolve_limits {
	size_t config_bytes;
	size_t checkpoint_bytes;
	struct document_limits config;
	struct document_limits checkpoint;
};

/* 1 MiB, 16 MiB, depth 64, 100 000 nodes; 400 000 nodes for a checkpoint. */
extern const struct resolve_limits resolve_limits_default;

struct resolve_request {
	struct text config;             /* YAML; ignored when config_tree is set */
	const struct node *config_tree; /* a config that came as a JSON value: findings have paths
					   but no lines */
	const struct document_problem *config_problems; /* keys that stand twice in config_tree */
	struct text filename;                           /* "" gives "config.yaml" */
	enum target target;
	enum checkpoint_choice checkpoint;
	struct text checkpoint_model;
	struct text checkpoint_bytes;
	const struct checkpoint *checkpoint_found; /* with CHECKPOINT_GIVEN: inspected before */
	const struct node *checkpoint_tree;
	bool require_checkpoint;
	bool include_exclusions, include_migrated, include_diff;
	struct roots *roots;     /* NULL: no model root */
	struct roots_memo *memo; /* of several requests that belong together; may be NULL */
	/*
	 * Where to say of a model that its inspection is not kept: a number for what would have to be read, never
	 * 0; then there is no resolution. NULL: it is read.
	 */
	uint32_t *ret_cold;
	const struct resolve_limits *limits; /* NULL: the defaults */
};

/* NULL only when the arena failed: there was no memory for this request; or with `ret_cold`. */
const struct resolution *resolve(struct arena *arena, const struct resolve_request *request);

/* A checkpoint's config.json (or side file) by itself. NULL only when the arena failed. */
const struct inspection *inspect(
	struct arena *arena, struct text bytes, const struct resolve_limits *limits);
/* One that was looked up below a model root or in a folder. */
const struct inspection *inspect_found(struct arena *arena, const struct checkpoint *checkpoint);
