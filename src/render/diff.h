/* Which lines of two texts differ. Internal to this floor; render.h has what others use. */
#pragma once

#include "base/arena.h"
#include "render/render.h"

struct diff_side {
	struct text text;
	uint32_t *starts; /* of each line, and behind the last one */
	bool *changed;    /* for each line: it is not in the other side */
	size_t count;
};

bool diff_lines_equal(const struct diff_side *a, size_t i, const struct diff_side *b, size_t j);

/*
 * Marks what is changed, the fewest lines that do. Where more than some hundred lines were added
 * and removed, all between the first and the last change counts as changed: that bounds time and
 * memory for texts of any size.
 */
void diff_compare(struct arena *arena, struct diff_side *a, struct diff_side *b);
