/* A request's list of modules that stay as they are: what transformers makes of its entries. */
#pragma once

#include "checkpoint/weights/weights.h"

enum skip_verdict {
	SKIP_UNKNOWN, /* it may leave out some module, or too long to be tried */
	SKIP_REFUSED, /* transformers raises on it */
	SKIP_IDLE,    /* no module that would be quantized has such a name */
};

struct skip_entry {
	enum skip_verdict verdict;
	struct text detail; /* of a refused one, a clause */
};

struct skip_list {
	struct skip_entry *entries; /* one for each of the list */
	size_t count;
	bool keeps_head; /* an entry is about lm_head, or may be */
};

/* `weights` NULL: the modules are not known. False without memory. */
bool skip_list_judge(struct arena *arena, const struct node *list, const struct weights *weights,
	struct skip_list *ret_list);
