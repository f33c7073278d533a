/* A line of a source with a caret and tildes under a part of it. */
#pragma once

#include "base/buffer.h"

/* What stands before the caret and behind the last tilde; "" for none. */
struct excerpt_colour {
	const char *on;
	const char *off;
};

/*
 * Two lines: `line`, and under its bytes from `from` to `to` (cut at the line's end) a caret and
 * tildes, a column for each character. Of a long line only the part around `from` is shown, at a
 * cost that does not depend on its length.
 */
void excerpt_put(
	struct buffer *out, struct text line, size_t from, size_t to, struct excerpt_colour colour);
