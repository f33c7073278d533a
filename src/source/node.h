/*
 * The tree that both readers make: values with the place where they stand.
 *
 * Everything lives in the request's arena and never changes once read. A value that came through an
 * alias or a merge key is shared, not copied: `struct member` says where it was used, the node
 * where it was written.
 */
#pragma once

#include "base/arena.h"

/* Zero-based line, and zero-based column in characters: libyaml's way of counting. See lines.h for
 * bytes. */
struct mark {
	uint32_t line;
	uint32_t column;
};

/* From the first character to just behind the last one. */
struct span {
	struct mark start;
	struct mark end;
};

enum node_kind {
	NODE_NULL,
	NODE_BOOLEAN,
	NODE_INTEGER,
	NODE_FLOAT,
	NODE_STRING,
	NODE_SEQUENCE,
	NODE_MAPPING,
};

/* How a value came to stand in its mapping. */
enum member_via {
	VIA_DIRECT,
	VIA_ALIAS,
	VIA_MERGE,
};

struct key_index;

struct node {
	enum node_kind kind;
	bool boolean;    /* of NODE_BOOLEAN */
	bool quoted;     /* the scalar was written in quotes, or as a block scalar */
	bool flow;       /* the collection was written in brackets or braces; always so in JSON */
	uint16_t height; /* 0 for scalars, else one more than the highest child's */
	uint32_t weight; /* nodes in this tree when aliases are expanded, itself included */
	uint32_t count;  /* items or members */
	/*
	 * A string's contents; a number's digits in JSON's spelling (NODE_INTEGER: optional minus
	 * and decimal digits), never rounded; for null and booleans the spelling in the source, for
	 * collections empty.
	 */
	struct text text;
	struct text written; /* a plain scalar as it stands in the source, "" for others */
	struct span span;
	const struct key_index *index; /* of a mapping with many members; else NULL */
	union {
		struct node **items;    /* of NODE_SEQUENCE */
		struct member *members; /* of NODE_MAPPING, in order, keys unique */
	};
};

struct member {
	struct text key;
	uint32_t hash; /* text_hash(key) */
	enum member_via via;
	struct span key_span;
	/*
	 * As used here. VIA_ALIAS: the value's is the alias's. VIA_MERGE: the key's is that of the
	 * `<<`, the value's that of what stands behind it. Of a key that came twice: the later one.
	 */
	struct span value_span;
	struct node *value; /* never NULL */
};

/* The member of that name, or NULL; also NULL when `mapping` is NULL or no mapping. Case-sensitive.
 */
const struct member *node_member(const struct node *mapping, struct text key);
/* Its value, or NULL. */
const struct node *node_get(const struct node *mapping, const char *key);
/* From the key to the end of the value. */
struct span member_span(const struct member *member);

/* Equal as data: kind, contents and order of items; members in any order; numbers by their digits.
 */
bool node_equal(const struct node *a, const struct node *b);

bool node_is_null(const struct node *node); /* true for NULL, too */
bool node_is_string(const struct node *node, const char *string);
/* A NODE_INTEGER within 64 bits. */
bool node_integer(const struct node *node, int64_t *ret_value);

/* Makers, for trees of our own (no place); NULL once the arena failed. */
struct node *node_string(struct arena *arena, struct text text);
struct node *node_boolean(struct arena *arena, bool value);
/* Room for at most `capacity` members; `count` starts at 0. */
struct node *node_mapping(struct arena *arena, size_t capacity);
/* Appends, without looking for duplicates; does nothing on a NULL mapping or value. */
void node_put(struct node *mapping, struct text key, struct node *value);
void node_put_member(struct node *mapping, const struct member *member);
/*
 * For a mapping in which many keys will be looked up, once all of its members are put: small ones
 * stay without an index. NULL is allowed.
 */
void node_index(struct node *mapping, struct arena *arena);
