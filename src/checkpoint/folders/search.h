/* One search for a model, root after root. Internal to roots.c. */
#pragma once

#include "checkpoint/folders/folder.h"
#include "checkpoint/folders/keep.h"
#include "checkpoint/folders/roots.h"

struct search {
	const struct roots_limits *limits;
	struct keep *keep; /* NULL: nothing is kept */
	struct arena *arena;
	struct text question;
	struct text model;
	struct text place; /* below the root, of a model that is asked for by its path; else "" */
	struct text revision; /* asked for */
	struct text commit;   /* found; "" in a plain root */
	struct witnesses witnesses;
	bool kept_only; /* read no model */
	bool uncertain; /* the answer hangs on more than its witnesses */
	int64_t began;
	/* In one root: */
	enum checkpoint_source source;
	const char *root_path;
	int root; /* what may not be left: a descriptor */
	struct folder_limits folder;
};

struct roots_answer search_answer(enum roots_status status, const char *detail);
/* Of an entry that is held: as long as the arena's memory. */
struct roots_answer search_answer_kept(struct arena *arena, struct kept *kept);
/* The first root that has it; a root that cannot be opened matters only when no other one has it. */
struct roots_answer search_roots(
	struct search *search, const struct root_path *paths, size_t count);
/* The folder itself, wherever its links lead. */
struct roots_answer search_by_itself(struct search *search, const char *path);
