/*
 * Changes to the user's own bytes, collected and then applied at once. Everything outside them stays as it is. Internal to
 * this floor.
 */
#pragma once

#include "base/buffer.h"
#include "schema/diagnostic.h"
#include "source/document.h"

/* What was found when it was first asked for. */
struct layout_memory {
	struct text *comments; /* in the order of the text; each reaches to the end of its line */
	size_t comment_count;
	bool looked_for_aliases;
	bool has_aliases;         /* something in the text looks like one */
	const struct member *top; /* the last one that was asked for */
	bool top_is_shared;
	const struct node *merged; /* the last mapping that had to be put in order … */
	const struct node *merged_as_written;
};

/* An entry that stands in the text, and that another one took the place of. */
struct replaced_entry {
	const struct replaced *item;
	const struct node *written; /* its mapping as written; kept at the first one of a mapping */
};

/* The text that is edited, and how it is laid out. */
struct layout {
	struct arena *arena;
	struct text source;
	const struct lines *lines;
	const struct node *root;         /* as written: see layout_as_written() */
	struct replaced_entry *replaced; /* grouped by their mapping */
	size_t replaced_count;
	struct layout_memory *memory;
	const char *newline; /* as the first line ends */
	unsigned step;       /* columns by which a nested mapping is indented */
	bool json;           /* flow style with quoted keys: JSON, or close to it */
};

/* Bytes that were copied elsewhere with the comments in them. */
struct moved {
	size_t from;
	size_t to;
	struct moved *next;
};

struct edits {
	struct arena *arena;
	struct edit *items; /* in the order of the text once sorted by edits_apply() */
	size_t count;
	size_t capacity;
	struct moved *moved;
	bool takes_comments; /* an entry that moves takes along the comments around it */
	bool took_comments;
	struct text refusal; /* why an edit is not safe (the first reason), "" while all is well */
	struct mark refused_at;
};

struct layout layout_of(
	struct arena *arena, const struct document *document, const struct lines *lines);
/*
 * The mapping with every entry that stands in the text, in its order: those whose place a later one of the same key took,
 * and merged ones that had to give way, among them. The mapping itself when there are none; NULL when the arena failed.
 */
const struct node *layout_as_written(const struct layout *layout, const struct node *mapping);
size_t layout_offset(const struct layout *layout, struct mark mark);
/* The bytes of a span. */
struct text layout_slice(const struct layout *layout, struct span span);
/* The first byte of the line that holds an offset, and the one just behind its line end. */
size_t layout_line_start(const struct layout *layout, size_t offset);
size_t layout_line_end(const struct layout *layout, size_t offset);
/* Behind the blank lines that begin at an offset. */
size_t layout_skip_blank_lines(const struct layout *layout, size_t offset);
/* The blanks that stand at an offset. */
size_t layout_blanks_at(const struct layout *layout, size_t offset);
/* The blanks at the head of the line on which the entry begins. */
size_t layout_indentation(const struct layout *layout, const struct member *member);
/* The column of the top level's entries: an anchor or a tag may stand before the first one, on a line of its own. */
size_t layout_root_column(const struct layout *layout);
/* A line end stands before the offset; false at the end of a text whose last line has none. */
bool layout_line_ended(const struct layout *layout, size_t offset);
/* What the text before an entry would make of the lines behind it. */
struct gap {
	bool scalar;   /* a block scalar would take a comment that is indented as deep as it */
	bool kept;     /* one that keeps the blank lines behind it (`|+`) would take those, too */
	size_t column; /* as deep as that is, or less */
};
#define NO_GAP ((struct gap){ .scalar = false })
/* What the text that ends with this value, or this entry, would make of them. */
struct gap layout_gap_of(const struct layout *layout, const struct node *value);
struct gap layout_gap_behind(const struct layout *layout, const struct member *member);
/* Nothing but blank lines stands between this entry of a block mapping and the next one. */
bool layout_adjoins(const struct layout *layout, const struct node *mapping, uint32_t entry);
/* The entry of the top level, as written, in which a place stands; NULL when there is none. */
const struct member *layout_top(const struct layout *layout, struct mark mark);
/* An entry that gave way to another one of its key stands in the top-level entry `top`, or is one of the same key. */
bool layout_is_repeated(const struct layout *layout, const struct member *top);
/* What stands in the top-level entry stands elsewhere, too, or has anchors that other places may use. */
bool layout_is_shared(const struct layout *layout, const struct member *top);
/* A tag stands in the member's value, or an anchor on which other places may depend: there are aliases. */
bool layout_has_properties(const struct layout *layout, const struct member *member);
/* The name of the innermost entry that has them, as in "peft.weight_dtype". */
struct text layout_properties_path(const struct layout *layout, const struct member *member);
/* The first comment that begins between two offsets, to the end of its line; empty when there is none. */
struct text layout_comment(const struct layout *layout, size_t from, size_t to);
/* Nothing but a comment stands on the line that begins there. */
bool layout_is_comment_line(const struct layout *layout, size_t start);
/* Where the comments right above a line begin, down from `top`; whatever their column, they explain what follows. */
size_t layout_comments_above(const struct layout *layout, size_t start, size_t top);
/* Adds these lines of comments, moved to a column. */
void layout_put_comments(
	const struct layout *layout, struct buffer *out, struct text lines, size_t column);

void edits_init(struct edits *edits, struct arena *arena);
void edits_refuse(struct edits *edits, struct mark at, struct text why);
/* Refuses an entry that comes through a merge key, or on which other places may depend. */
bool edits_may_change(
	struct edits *edits, const struct layout *layout, const struct member *member);
bool edits_refused(const struct edits *edits);
/* Notes that these bytes stand elsewhere now, so that their comments need not be kept where they were. */
void edits_moved(struct edits *edits, size_t from, size_t to);
void edits_add(struct edits *edits, size_t offset, size_t length, struct text text);
/* In the order of the text; false when two overlap. */
bool edits_sort(struct edits *edits);
/* Sorted, and the text with all of them applied; a `data` of NULL when two overlap or the arena failed. */
struct text edits_apply(struct edits *edits, struct text source);

/* Adds the comments between the entry's key and `to`, each as a line of its own; those that moved along are left out. */
void edits_keep_comments(const struct edits *edits, const struct layout *layout, struct buffer *out,
	const struct member *member, size_t to);
/*
 * The entry goes; its comments stay. `replacement` (whole lines, or "") stands in its place: block style alone. `gap` tells
 * what the replacement ends with, or without one the text before. True when nothing is left of the entry.
 */
bool edits_remove_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text replacement, struct gap gap);
/* Some entries of a mapping as written, by their position, in order. */
struct selection {
	const struct node *mapping;
	uint32_t *entries;
	uint32_t count;
};

/* Room for the selection of any entries; `entries` is NULL when the arena failed. */
struct selection selection_of(struct arena *arena, const struct node *mapping);
void selection_add(struct selection *selection, uint32_t entry);
/* The selected entries go, with their lines or their commas. Tells what the mapping ends with then: block style alone. */
struct gap edits_remove(
	struct edits *edits, const struct layout *layout, const struct selection *selection);
/* The same in a flow mapping. */
void edits_remove_flow(
	struct edits *edits, const struct layout *layout, const struct selection *selection);
/* Another entry stands in place of one of a flow mapping. */
void edits_replace_flow(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text);
/* The scalar's contents change, its quotes stay, or go along. */
void edits_replace_scalar(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text);
void edits_replace_quoted(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text);
/* The comma behind an offset, past blanks and comments; SIZE_MAX when something else comes first. */
size_t edits_comma_behind(const struct layout *layout, size_t offset);
/* What stands between two entries of a flow top level: a line end, too, where it has an entry a line. */
struct text edits_flow_separator(const struct edits *edits, const struct layout *layout);
/* An entry on a line of its own behind one that has its line to itself; false, and nothing done, where it has not. */
bool edits_insert_line(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text);
/* New lines (or, in a flow mapping, an entry) behind an entry of the top level. */
void edits_insert_behind(struct edits *edits, const struct layout *layout,
	const struct member *member, struct text text);
