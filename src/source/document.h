/*
 * What a reader makes of bytes: a tree, or the faults that keep it from one. Readers know no rule
 * ids and no severities; the resolver turns each fault into its rule.
 */
#pragma once

#include "source/node.h"

enum document_fault {
	FAULT_SYNTAX,   /* what the parser refuses; also a bad merge or an undefined alias */
	FAULT_ENCODING, /* neither UTF-8 nor UTF-16 */
	FAULT_DEPTH,    /* deeper than limits.depth, or an alias to its own ancestor */
	FAULT_NODES,    /* more than limits.nodes once aliases are expanded */
	FAULT_MULTIPLE_DOCUMENTS,
	FAULT_EMPTY, /* nothing, or nothing but comments; `null` alone counts as empty */
	FAULT_NOT_A_MAPPING,
	FAULT_UNKNOWN_TAG,
	FAULT_DUPLICATE_KEY, /* the only one that leaves a usable tree */
};

struct document_limits {
	uint32_t depth; /* collections inside each other; the top one is depth 1 */
	uint32_t nodes; /* after alias expansion */
};

struct document_problem {
	enum document_fault fault;
	struct text detail; /* one clause, lower case, no full stop: what the parser found, the tag,
			       the byte */
	struct text key;    /* FAULT_DUPLICATE_KEY: the key */
	struct text path;   /* FAULT_DUPLICATE_KEY: JSON Pointer of the mapping's member */
	size_t offset;      /* bytes; where the place is known only as a byte (FAULT_ENCODING), else
			       SIZE_MAX */
	struct span span;   /* the place; for a duplicate the later key */
	struct span other;  /* FAULT_DUPLICATE_KEY: the earlier key */
	const struct node
		*value; /* FAULT_DUPLICATE_KEY: the later value where it differs, else NULL */
	const struct replaced *replaced; /* FAULT_DUPLICATE_KEY: the earlier entry */
	struct document_problem *next;
};

/* An entry that another one of its key took the place of: a later one, or over a merged one the mapping's own. */
struct replaced {
	const struct node *mapping;
	struct member member;
	struct replaced *next;
};

struct document {
	struct text bytes; /* what the marks count in: the input, or its UTF-8 form where it was
			      UTF-16 */
	struct node *root; /* a mapping; NULL when any fault but FAULT_DUPLICATE_KEY was found */
	struct document_problem *problems; /* in order of appearance */
	struct replaced *replaced;         /* in no order */
	bool not_finite; /* of json_read(): NaN, Infinity or -Infinity stands in it */
};

/*
 * Of both readers: when there is no memory, the arena has failed, whoever met it (arena_failed() tells), and nothing in
 * the document is to be believed.
 *
 * yaml.c. Reads one YAML 1.1 document as PyYAML's safe loader does, its top level a mapping.
 * `bytes` must outlive the document: strings without escapes point into libyaml's copy, so all text
 * is copied to the arena.
 */
void yaml_read(struct document *document, struct arena *arena, struct text bytes,
	const struct document_limits *limits);

/*
 * json.c. Reads one JSON value (RFC 8259) of any kind, with the same tree and places. Numbers keep
 * their digits, keys are compared exactly, and a key that comes twice is FAULT_DUPLICATE_KEY (the
 * last value wins). Faults: FAULT_SYNTAX, FAULT_ENCODING, FAULT_DEPTH, FAULT_NODES, FAULT_EMPTY,
 * FAULT_DUPLICATE_KEY. `root` may be no mapping. NaN, Infinity and -Infinity, which are no JSON, but what Python's
 * json writes and reads, are strings that are not quoted; document->not_finite tells that there are some.
 */
void json_read(struct document *document, struct arena *arena, struct text bytes,
	const struct document_limits *limits);
