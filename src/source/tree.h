/*
 * Builds a document's tree from a reader's events, and keeps the limits while it does.
 *
 * What a collection that is still open holds so far stands on a stack; it is copied to its node
 * when the collection is closed. A function that returns false has recorded why (or the arena
 * failed): the reader stops.
 */
#pragma once

#include "source/document.h"
#include "source/key_index.h"

struct tree_frame;

struct tree {
	struct arena *arena;
	struct document *document;
	struct document_problem **tail;
	uint32_t faults;     /* what makes the text unusable */
	uint32_t duplicates; /* told of */
	struct mark
		contradicted; /* the last entry of the top level in which one was told past their bound */
	bool unusable;        /* a fault other than FAULT_DUPLICATE_KEY was found */
	uint32_t depth_most;
	uint32_t nodes_most;
	uint64_t nodes; /* so far, aliases expanded */
	struct tree_frame *frames;
	size_t depth;
	size_t frame_room;
	struct member *members; /* of all open mappings, the innermost last */
	size_t member_count;
	size_t member_room;
	struct node **items; /* of all open sequences, the innermost last */
	size_t item_count;
	size_t item_room;
	struct node *root; /* what was added while nothing was open */
};

void tree_init(struct tree *tree, struct document *document, struct arena *arena,
	const struct document_limits *limits);

/* What comes next is a key. */
bool tree_wants_key(const struct tree *tree);
/* The innermost open collection, NULL when there is none. */
const struct node *tree_innermost(const struct tree *tree);
/* Of the key that waits for its value. */
struct span tree_key_span(const struct tree *tree);

/* Counts nodes that are about to be added. */
bool tree_count(struct tree *tree, uint32_t nodes, struct span span);
/* Whether a value of that height may stand here. */
bool tree_fits(struct tree *tree, uint32_t height, struct span span);

/* Opens a collection, whose weight stays 0 until it is closed; NULL as false elsewhere. */
struct node *tree_open(struct tree *tree, enum node_kind kind, bool flow, struct span span);
/* Closes the innermost one and adds it to its parent. An empty span: it ends with its last child.
 */
bool tree_close(struct tree *tree, struct span span);
bool tree_key(struct tree *tree, struct text key, struct span span);
/* The next value is the one of a `<<`. */
void tree_merge_key(struct tree *tree, struct span span);
/* Adds a finished value; NULL is the arena's failure. */
bool tree_add(struct tree *tree, struct node *node, struct span span, enum member_via via);

/* Records a problem, NULL after failure or when there are too many to be of use. */
struct document_problem *tree_problem(
	struct tree *tree, enum document_fault fault, struct span span, struct text detail);
/* Records it; always false. */
bool tree_fault(struct tree *tree, enum document_fault fault, struct span span, struct text detail);

/* Sets the document's root. */
void tree_finish(struct tree *tree);
