/*
 * The block takes another form where it stands: `backend: torchao` becomes `torchao:` or the other way round, and the lines below
 * move to the right or to the left, with the comments and blank lines among them. Internal to this floor.
 */
#pragma once

#include "resolve/edits.h"
#include "resolve/facts.h"

struct reshaping {
	struct edits *edits;
	const struct layout *layout;
	const struct member *outer; /* as written: model_quantization_config, or peft */
	struct text name;           /* that the entry has then */
	enum dialect from;          /* nested, flat or peft-block */
	bool nests;                 /* to the nested form, else to the flat one */
	const char *backend;
	const struct node *body; /* what holds weight_dtype then, its values as they have to be */
};

/*
 * False, and nothing done, where the entry is laid out in a way that makes this unsafe: then the block is made anew. Whether
 * the text reads back is for the caller to prove.
 */
bool reshape(const struct reshaping *reshaping);
/* The block form of peft, of which other entries stay: the three go into a new entry before it, each with its comments. */
bool reshape_out_of_peft(const struct reshaping *reshaping);

/* The parts. */
bool reshape_flow(const struct reshaping *reshaping);
/* The entry `backend: NAME`; NULL where it does not stand in one line, or carries an anchor or a tag. */
const struct member *reshape_selector(const struct reshaping *reshaping);
/* No anchor or tag stands before the key, and a colon follows; the offset behind that, else 0. */
size_t reshape_behind_colon(const struct layout *layout, const struct member *member);
/* Nothing was merged into the mapping, and nothing in it gave way. */
bool reshape_is_as_written(const struct layout *layout, const struct node *mapping);
/* `KEY:` on a line of its own. */
bool reshape_opens_block(const struct layout *layout, const struct member *member);
/* `KEY: VALUE` on a line of its own, perhaps with a comment. */
bool reshape_is_own_line(const struct layout *layout, const struct member *member);
/* Where the comments right above the line at `start` begin, down from `top`; whatever their column, they explain what follows. */
size_t reshape_with_comments(const struct layout *layout, size_t start, size_t top);
/* A name as the entry's key is written: in its quotes. */
struct text reshape_quoted_as(
	const struct reshaping *reshaping, const struct member *member, struct text name);
/* Values that are spelt otherwise then; false when one cannot be. */
bool reshape_respell(const struct reshaping *reshaping);
