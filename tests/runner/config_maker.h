/*
 * Random configs for the tests: every dialect in every layout, with comments, blank lines, quotes,
 * unusual line ends and values that look like something else. The same seed makes the same bytes.
 */
#pragma once

#include "base/arena.h"

struct made_config {
	struct text text;
	bool entangled; /* an anchor, alias, tag or merge key stands where the quantization is asked
			   for: a migration may be refused */
};

/* `faulty`: some entries are wrong, most of them with one clear repair. */
struct made_config config_make(struct arena *arena, uint64_t seed, bool faulty);
