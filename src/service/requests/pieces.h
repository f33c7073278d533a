/* A body that holds many items, cut into them; nothing is parsed and nothing is copied. */
#pragma once

#include "base/text.h"

enum pieces_form {
	PIECES_YAML,  /* documents, cut at lines that begin with the marker "---" */
	PIECES_LINES, /* NDJSON: an item a line */
	PIECES_ARRAY, /* the values of a JSON array, cut at its commas */
};

struct pieces {
	enum pieces_form form;
	struct text rest; /* what was not handed out yet */
	bool ended;       /* of PIECES_ARRAY: its bracket was closed */
	bool torn; /* … nothing could be told apart any more: brackets or text are left over */
};

/*
 * `body` is UTF-8, or anything else: then it is cut somewhere, and each item tells of its own
 * faults. What comes as an array but begins with no "[" is taken as lines. False when not even its
 * first line is a value: nothing can be told apart then.
 */
bool pieces_begin(struct pieces *pieces, enum pieces_form form, struct text body);
/*
 * The next item. A YAML document begins with its marker line, if it has one, and ends before the
 * next one, or with a line "..."; comments and directives before its marker belong to it where it is
 * the first one or follows such a line. A byte order mark right behind a bare marker begins the
 * document, as it began the file that was put there. A marker with nothing behind it is a document
 * without a config. Blank lines of NDJSON belong to no item. False at the end.
 */
bool pieces_next(struct pieces *pieces, struct text *ret_item);
