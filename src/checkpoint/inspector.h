/* What the readers of this floor share while one checkpoint is inspected. Not for other floors. */
#pragma once

#include "checkpoint/checkpoint.h"

/* A node's way from the root of its file; lives on the stack of whoever walks there. */
struct place {
	const struct place *parent; /* NULL: the root, which has no name */
	struct text key;            /* of a member */
	size_t index;               /* of an item */
	bool item;
	const struct member *member; /* NULL for items of a list, at the root, and for none */
	const struct node *node;     /* what stands there; may be NULL */
};

#define PLACE_STEPS 4

struct inspector {
	struct arena *arena;
	struct checkpoint *checkpoint;
	struct checkpoint_problem **tail;
	const struct document_limits *limits;
	const struct checkpoint_files *files; /* what stands beside config.json; NULL: nothing */
	bool placed;                          /* the tree's spans count in checkpoint->bytes */
	struct text file;                     /* a side file's name; "" for the main file */
	const struct node *root;
	struct place base;               /* the root of the file that the block is in */
	struct place steps[PLACE_STEPS]; /* the block's way from there */
	const struct place *block_place; /* the last step; an inner block where one is wrapped */
	const struct node *block;        /* the settings that stand there */
	bool refusable; /* transformers gives the block to its class, which may refuse it */
	const struct method_row *by_place; /* what the place or the file's shape tells, or NULL */
};

/* `path` is made from the place; nothing is added beyond CHECKPOINT_PROBLEMS_MAXIMUM. */
void inspector_report(struct inspector *inspector, enum checkpoint_fault fault,
	const struct place *place, const char *detail);
/* transformers fails on the block: CHECKPOINT_BLOCK_REFUSED, and no class reads it. */
void inspector_refuse(struct inspector *inspector, const struct place *place, const char *detail);
/* The same for a place that is no node: a file, or a whole document. */
void inspector_report_text(struct inspector *inspector, enum checkpoint_fault fault,
	struct text file, struct text value, struct text detail);
/* Steps to a member; node NULL when there is none. */
struct place place_member(const struct place *parent, const char *key);
struct place place_of_member(const struct place *parent, const struct member *member);
struct place place_item(const struct place *parent, size_t index);

/*
 * Follows a path of members ("/" between them, at most PLACE_STEPS) into `steps`; the last of them,
 * or NULL when the way ends before.
 */
const struct place *place_at(
	const struct place *root, const char *path, struct place steps[PLACE_STEPS]);

/* Python's truth: null, false, 0, "" and empty collections are false; so is what is missing. */
bool node_truthy(const struct node *node);
bool node_is_mapping(const struct node *node);
/* A string's contents, else "". */
struct text node_text(const struct node *node);
/* The value at a path of members, "/" between steps. */
const struct node *node_at(const struct node *node, const char *path);

/* Steps of an inspection, in this order. */
void inspect_model(struct inspector *inspector);      /* model.c: model_type, experts, … */
bool inspect_places(struct inspector *inspector);     /* places.c: finds the block */
void inspect_method(struct inspector *inspector);     /* identification.c */
void inspect_fields(struct inspector *inspector);     /* fields.c: types and values */
void inspect_unread(struct inspector *inspector);     /* unread.c: what transformers drops */
void inspect_scheme(struct inspector *inspector);     /* scheme.c */
void inspect_exclusions(struct inspector *inspector); /* exclusions.c */
void inspect_untried(struct inspector *inspector);    /* exclusions.c: at the very end */
void inspect_training(struct inspector *inspector);   /* identification.c */

/*
 * Reads JSON of the file in `inspector->file` and reports what is wrong with it; NULL when it is no
 * object.
 */
const struct node *inspector_read(
	struct inspector *inspector, struct text bytes, struct text *ret_bytes);
/* Whether transformers gathers the experts of a model type in parameters of three dimensions. */
bool architecture_fuses_experts(struct text model_type);
/* Whether its matrices are no linear modules for torch. */
bool architecture_has_conv1d(struct text model_type);
/* The family that a block's keys tell, or NULL. */
const struct method_row *block_shape(const struct node *block);
