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
/* `KEY: VALUE` within a line, without an anchor, a tag or an alias. */
bool reshape_is_plain_line(const struct layout *layout, const struct member *member);
/* `KEY: VALUE` on a line of its own, perhaps with a comment; the value may be an alias. */
bool reshape_is_own_line(const struct layout *layout, const struct member *member);
/* The one entry of a nested block that is not null; NULL where there are several, or none. */
const struct member *reshape_inner(const struct node *mapping);
/* Those that are null go, for beside `backend` they would be unknown keys. */
bool reshape_remove_others(const struct reshaping *reshaping, const struct member *inner);
/* Of mappings in braces. */
bool reshape_is_braced(const struct layout *layout, const struct node *mapping);
size_t reshape_closing_of(const struct layout *layout, const struct node *mapping);
/* By how many columns the entries stand right of the brace that ends them, where both head a line; else as the file does. */
size_t reshape_step_of(const struct layout *layout, const struct node *mapping);
size_t reshape_skip_spaces(const struct layout *layout, size_t at);
/* Nothing but blanks stands before the offset on its line. */
bool reshape_heads_line(const struct layout *layout, size_t at);
/* A line end, or a comment. */
bool reshape_at_line_end(const struct layout *layout, size_t at);

/* An entry in braces that has its line to itself, with the comments right above it. */
struct braced_entry {
	const struct member *member;
	size_t above; /* where these comments begin */
	size_t line;
	size_t rest; /* behind the value and its comma: what follows is a comment, or nothing */
	size_t end;
	bool comma;
};
bool braced_entry_of(const struct layout *layout, const struct node *mapping,
	const struct member *member, struct braced_entry *ret_entry);
/* `torchao: {` in place of the selector, with what stands behind it. */
void braced_put_opening(const struct reshaping *reshaping, struct buffer *out,
	const struct braced_entry *selector, size_t column);
/* Their lines go, and the comma before them where nothing that stays follows. */
void braced_remove(
	const struct reshaping *reshaping, const struct braced_entry *entries, size_t count);
/* The same as reshape_out_of_peft(), where peft is in braces and has an entry a line. */
bool reshape_out_of_braces(const struct reshaping *reshaping);

/* A name as the entry's key is written: in its quotes. */
struct text reshape_quoted_as(
	const struct reshaping *reshaping, const struct member *member, struct text name);
/* Values that are spelt otherwise then; false when one cannot be. */
bool reshape_respell(const struct reshaping *reshaping);
