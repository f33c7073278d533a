/* Where lines begin, to turn marks into byte offsets and to show a line; made when first needed. */
#pragma once

#include "source/node.h"

/*
 * Line ends are CR, LF, CRLF, NEL, LS and PS, since libyaml counts them so. A byte order mark at
 * the start is not part of the first line.
 */
struct lines {
	struct text source;
	uint32_t *starts; /* byte offset of each line's first byte */
	bool ascii;       /* every character is one byte */
	uint32_t *
		before; /* the characters before each LINES_BLOCK bytes; NULL when no line is long */
	size_t count;   /* 0 when the arena failed */
};

/* A place in a line that is longer is found without going over the whole of it. */
#define LINES_BLOCK 512

void lines_index(struct lines *lines, struct arena *arena, struct text source);
/* Byte offset of a mark; the end of the line or source when it lies behind it. */
size_t lines_offset(const struct lines *lines, struct mark mark);
/* The line without its line end; empty behind the last one. */
struct text lines_text(const struct lines *lines, uint32_t line);
/* Bytes of the line end that begins at `at`; 0 when none does. */
size_t line_end_length(struct text source, size_t at);
/* Where the first line begins: behind the byte order mark, if there is one. */
size_t source_start(struct text source);
/* The mark of a byte offset. */
struct mark lines_mark(const struct lines *lines, size_t offset);
/*
 * libyaml lets a block scalar end where the next thing begins. Its last character stands in the
 * last line that is not blank, or whose blanks reach beyond its indentation; in its header when there is none.
 */
struct mark lines_block_scalar_end(const struct lines *lines, struct span span);

/* A place that moves on through a source, cheaper than looking each mark up. */
struct cursor {
	struct text source;
	size_t at;
	struct mark mark;
};

/* At the first character. */
struct cursor cursor_at_start(struct text source);
/* Over one byte, or one line end; does nothing at the end. */
void cursor_step(struct cursor *cursor);
/* Moves on to the mark, or to the end; never back. */
void cursor_advance(struct cursor *cursor, struct mark mark);
/*
 * Moves on to a key's end; then what stands behind the colon that follows it before `limit`, or the
 * key's end when none does. libyaml puts the empty values of flow mappings at `limit`.
 */
struct mark cursor_behind_colon(struct cursor *cursor, struct mark key_end, struct mark limit);
bool mark_before(struct mark a, struct mark b);
