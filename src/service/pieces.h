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
 * faults. JSON whose first character is no "[" is taken as lines.
 */
void pieces_begin(struct pieces *pieces, enum pieces_form form, struct text body);
/*
 * The next item. A YAML document begins with its marker line; comments and directives before the
 * first marker belong to the first document, blank lines of NDJSON to none. False at the end.
 */
bool pieces_next(struct pieces *pieces, struct text *ret_item);
