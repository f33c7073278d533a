#include "source/node.h"

#include "source/key_index.h"

#include <string.h>

/* Of members that were put: to go over so many is quicker than to make an index for a few look-ups. */
#define UNINDEXED_MOST 256

const struct member *node_member(const struct node *mapping, struct text key)
{
	static const struct key_index none = { 0 };
	if (!mapping || mapping->kind != NODE_MAPPING)
		return NULL;
	const struct key_index *index = mapping->index ? mapping->index : &none;
	uint32_t found =
		key_index_find(index, mapping->members, mapping->count, key, text_hash(key));
	return found == KEY_INDEX_NONE ? NULL : &mapping->members[found];
}

const struct node *node_get(const struct node *mapping, const char *key)
{
	const struct member *member = node_member(mapping, text_of(key));
	return member ? member->value : NULL;
}

struct span member_span(const struct member *member)
{
	return (struct span){ .start = member->key_span.start, .end = member->value_span.end };
}

static bool mappings_equal(const struct node *a, const struct node *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		const struct member *member = &a->members[i];
		const struct member *other = &b->members[i];
		if (member->hash != other->hash || !text_equal(member->key, other->key))
			other = node_member(b, member->key);
		if (!other || !node_equal(member->value, other->value))
			return false;
	}
	return true;
}

static bool sequences_equal(const struct node *a, const struct node *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (!node_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOLEAN:
		return a->boolean == b->boolean;
	case NODE_INTEGER:
	case NODE_FLOAT:
	case NODE_STRING:
		return text_equal(a->text, b->text);
	case NODE_SEQUENCE:
		return sequences_equal(a, b);
	case NODE_MAPPING:
		return mappings_equal(a, b);
	}
	return false;
}

bool node_is_null(const struct node *node)
{
	return !node || node->kind == NODE_NULL;
}

bool node_is_string(const struct node *node, const char *string)
{
	return node && node->kind == NODE_STRING && text_is(node->text, string);
}

bool node_integer(const struct node *node, int64_t *ret_value)
{
	if (!node || node->kind != NODE_INTEGER)
		return false;
	const char *s = node->text.data;
	const char *end = s + node->text.length;
	bool minus = s < end && *s == '-';
	int64_t value = 0;
	/* Counted below zero, where one more number fits. */
	for (s += minus; s < end; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_sub_overflow(value, *s - '0', &value))
			return false;
	if (!minus && __builtin_sub_overflow(0, value, &value))
		return false;
	*ret_value = value;
	return true;
}

static struct node *make(struct arena *arena, enum node_kind kind)
{
	struct node *node = ARENA_NEW(arena, struct node);
	if (!node)
		return NULL;
	node->kind = kind;
	node->weight = 1;
	node->text = TEXT("");
	node->written = TEXT("");
	return node;
}

struct node *node_string(struct arena *arena, struct text text)
{
	struct node *node = make(arena, NODE_STRING);
	if (node)
		node->text = text;
	return node;
}

struct node *node_boolean(struct arena *arena, bool value)
{
	struct node *node = make(arena, NODE_BOOLEAN);
	if (node) {
		node->boolean = value;
		node->text = value ? TEXT("true") : TEXT("false");
	}
	return node;
}

struct node *node_mapping(struct arena *arena, size_t capacity)
{
	struct node *node = make(arena, NODE_MAPPING);
	struct member *members = ARENA_ARRAY(arena, struct member, capacity);
	if (!node || !members)
		return NULL;
	node->members = members;
	node->height = 1;
	return node;
}

void node_put_member(struct node *mapping, const struct member *member)
{
	if (!mapping || !member->value)
		return;
	const struct node *value = member->value;
	mapping->members[mapping->count++] = *member;
	mapping->weight += value->weight;
	if (value->height >= mapping->height)
		mapping->height = (uint16_t)(value->height + 1);
}

void node_index(struct node *mapping, struct arena *arena)
{
	struct key_index *index = mapping && mapping->count > UNINDEXED_MOST
					  ? ARENA_NEW(arena, struct key_index)
					  : NULL;
	for (uint32_t i = 1; index && i <= mapping->count; i++)
		key_index_add(index, arena, mapping->members, i);
	if (index && !arena_failed(arena))
		mapping->index = index;
}

void node_put(struct node *mapping, struct text key, struct node *value)
{
	struct member member = { .key = key, .hash = text_hash(key), .value = value };
	node_put_member(mapping, &member);
}
