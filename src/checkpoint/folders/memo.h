/*
 * Answers that are remembered for the length of one request of many configs, so that each of its
 * models is looked up once, whether its inspection is kept or not. Of several models the earliest goes
 * first.
 */
#pragma once

#include "checkpoint/folders/roots.h"

#define ROOTS_MEMO_ENTRIES 4

struct roots_memo {
	struct roots_recalled {
		struct arena arena;
		struct text model;
		struct text revision;
		struct roots_answer answer;
	} entries[ROOTS_MEMO_ENTRIES];
	size_t count;
	size_t next;    /* which one goes */
	bool kept_only; /* by roots_look_up_kept(); may be changed in between */
};

/* `limit`: bytes that one answer may take where it is not kept; of a pool, or NULL. */
void roots_memo_init(struct roots_memo *memo, size_t limit, struct arena_pool *pool);
/* In the form that arena_defer() takes. */
void roots_memo_end(void *memo);
/* As roots_look_up(); the answer is good until the next one is asked for. */
struct roots_answer roots_recall(
	struct roots *roots, struct roots_memo *memo, struct text model, struct text revision);
