#include "source/tree.h"

#include "base/buffer.h"
#include "source/lines.h"
#include "source/merge.h"

#include <string.h>

/* Of a kind; beyond the first thousand, nobody reads them. */
#define PROBLEMS_MOST 1000
#define PATH_BYTES_MOST 4096
/* Recursion over a tree must be safe, whatever the limits ask for. */
#define DEPTH_MOST 1000

/* Of each stack. */
#define FIRST_BYTES 4096

struct tree_frame {
	struct node *node;
	size_t first;    /* of its members or items on the stack */
	struct mark end; /* of its last child */
	/* Of a mapping: */
	struct key_index index;
	bool has_key;
	bool merging;
	uint32_t earlier;     /* member of the same key, or KEY_INDEX_NONE */
	struct member member; /* its value is still to come */
	struct merges merges;
};

void tree_init(struct tree *tree, struct document *document, struct arena *arena,
	const struct document_limits *limits)
{
	*tree = (struct tree){
		.arena = arena,
		.document = document,
		.tail = &document->problems,
		.depth_most = limits->depth < DEPTH_MOST ? limits->depth : DEPTH_MOST,
		.nodes_most = limits->nodes,
	};
}

static struct tree_frame *innermost(const struct tree *tree)
{
	return tree->depth > 0 ? &tree->frames[tree->depth - 1] : NULL;
}

const struct node *tree_innermost(const struct tree *tree)
{
	const struct tree_frame *frame = innermost(tree);
	return frame ? frame->node : NULL;
}

static struct member *own_members(const struct tree *tree, const struct tree_frame *frame)
{
	return tree->members ? tree->members + frame->first : NULL;
}

bool tree_wants_key(const struct tree *tree)
{
	const struct tree_frame *frame = innermost(tree);
	return frame && frame->node->kind == NODE_MAPPING && !frame->has_key;
}

struct span tree_key_span(const struct tree *tree)
{
	const struct tree_frame *frame = innermost(tree);
	return frame ? frame->member.key_span : (struct span){ 0 };
}

struct document_problem *tree_problem(
	struct tree *tree, enum document_fault fault, struct span span, struct text detail)
{
	if (fault != FAULT_DUPLICATE_KEY) {
		tree->unusable = true;
		if (tree->faults++ >= PROBLEMS_MOST)
			return NULL;
	}
	struct document_problem *problem = ARENA_NEW(tree->arena, struct document_problem);
	if (!problem)
		return NULL;
	*problem = (struct document_problem){
		.fault = fault,
		.detail = detail,
		.key = TEXT(""),
		.path = TEXT(""),
		.offset = SIZE_MAX,
		.span = span,
	};
	*tree->tail = problem;
	tree->tail = &problem->next;
	return problem;
}

bool tree_fault(struct tree *tree, enum document_fault fault, struct span span, struct text detail)
{
	tree_problem(tree, fault, span, detail);
	return false;
}

bool tree_count(struct tree *tree, uint32_t nodes, struct span span)
{
	tree->nodes += nodes;
	if (tree->nodes <= tree->nodes_most)
		return true;
	struct text detail =
		arena_printf(tree->arena, "more than %u values", (unsigned)tree->nodes_most);
	return tree_fault(tree, FAULT_NODES, span, detail);
}

bool tree_fits(struct tree *tree, uint32_t height, struct span span)
{
	if (tree->depth + height <= tree->depth_most)
		return true;
	struct text detail = arena_printf(tree->arena, "collections nested deeper than %u levels",
		(unsigned)tree->depth_most);
	return tree_fault(tree, FAULT_DEPTH, span, detail);
}

/* The array with room for one more; NULL after failure. */
static void *grown(struct arena *arena, void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t wider = *room ? *room * 2 : FIRST_BYTES / size;
	void *copy = arena_take(arena, wider * size);
	if (!copy)
		return NULL;
	if (count > 0)
		memcpy(copy, array, count * size);
	*room = wider;
	return copy;
}

struct node *tree_open(struct tree *tree, enum node_kind kind, bool flow, struct span span)
{
	if (!tree_fits(tree, 1, span) || !tree_count(tree, 1, span))
		return NULL;
	struct node *node = ARENA_NEW(tree->arena, struct node);
	struct tree_frame *frames =
		grown(tree->arena, tree->frames, tree->depth, &tree->frame_room, sizeof(*frames));
	if (!node || !frames)
		return NULL;
	node->kind = kind;
	node->flow = flow;
	node->text = node->written = TEXT("");
	node->span = span;
	tree->frames = frames;
	struct tree_frame *frame = &frames[tree->depth++];
	*frame = (struct tree_frame){
		.node = node,
		.first = kind == NODE_MAPPING ? tree->member_count : tree->item_count,
		.end = span.end,
	};
	return node;
}

static bool add_escaped(struct buffer *path, struct text key)
{
	if (path->length + key.length > PATH_BYTES_MOST)
		return false;
	buffer_add_byte(path, '/');
	for (size_t i = 0; i < key.length; i++) {
		if (key.data[i] == '~')
			buffer_add(path, TEXT("~0"));
		else if (key.data[i] == '/')
			buffer_add(path, TEXT("~1"));
		else
			buffer_add_byte(path, key.data[i]);
	}
	return true;
}

/* Where the innermost key stands; of an overlong path, the part that can be told. */
static struct text current_path(const struct tree *tree)
{
	struct buffer path;
	buffer_init(&path, tree->arena, 64);
	for (size_t i = 0; i < tree->depth; i++) {
		const struct tree_frame *frame = &tree->frames[i];
		if (frame->node->kind == NODE_MAPPING) {
			if (!add_escaped(&path, frame->member.key))
				break;
			continue;
		}
		size_t end = tree->item_count;
		for (size_t j = i + 1; j < tree->depth; j++)
			if (tree->frames[j].node->kind == NODE_SEQUENCE) {
				end = tree->frames[j].first;
				break;
			}
		buffer_add_byte(&path, '/');
		buffer_add_unsigned(&path, end - frame->first);
	}
	return buffer_text(&path);
}

/*
 * Past the bound only those with another value are told: of the top level all, and one in each of its entries, which
 * is enough to know that it is contradicted.
 */
static bool is_worth_telling(struct tree *tree, bool differ)
{
	struct mark top = tree->frames[0].member.key_span.start, last = tree->contradicted;
	if (tree->duplicates < PROBLEMS_MOST)
		return ++tree->duplicates;
	if (!differ || tree->depth == 1)
		return differ;
	tree->contradicted = top;
	return mark_before(last, top) || mark_before(top, last);
}

/* The innermost key stands here again. */
static bool record_duplicate(
	struct tree *tree, const struct tree_frame *frame, const struct member *earlier)
{
	bool differ = !node_equal(earlier->value, frame->member.value);
	if (!replaced_add(&tree->document->replaced, tree->arena, frame->node, earlier))
		return false;
	if (!is_worth_telling(tree, differ))
		return true;
	struct document_problem *problem = tree_problem(tree, FAULT_DUPLICATE_KEY,
		frame->member.key_span, TEXT("the key stands here twice"));
	if (!problem)
		return false;
	problem->key = frame->member.key;
	problem->path = current_path(tree);
	problem->other = earlier->key_span;
	problem->value = differ ? frame->member.value : NULL;
	problem->replaced = tree->document->replaced;
	return true;
}

bool tree_key(struct tree *tree, struct text key, struct span span)
{
	struct tree_frame *frame = innermost(tree);
	uint32_t count = (uint32_t)(tree->member_count - frame->first);
	frame->has_key = true;
	frame->merging = false;
	frame->end = span.end;
	frame->member = (struct member){ .key = key, .hash = text_hash(key), .key_span = span };
	frame->earlier = key_index_find(
		&frame->index, own_members(tree, frame), count, key, frame->member.hash);
	return !arena_failed(tree->arena);
}

void tree_merge_key(struct tree *tree, struct span span)
{
	struct tree_frame *frame = innermost(tree);
	frame->has_key = true;
	frame->merging = true;
	frame->end = span.end;
	frame->member = (struct member){ .key = TEXT("<<"), .key_span = span };
}

static bool add_member(struct tree *tree, struct tree_frame *frame)
{
	if (frame->earlier != KEY_INDEX_NONE) {
		struct member *earlier = &tree->members[frame->first + frame->earlier];
		if (!record_duplicate(tree, frame, earlier))
			return false;
		*earlier = frame->member;
		return true;
	}
	struct member *members = grown(tree->arena, tree->members, tree->member_count,
		&tree->member_room, sizeof(*members));
	if (!members)
		return false;
	tree->members = members;
	members[tree->member_count++] = frame->member;
	key_index_add(&frame->index, tree->arena, members + frame->first,
		(uint32_t)(tree->member_count - frame->first));
	return true;
}

static bool add_item(struct tree *tree, struct node *node)
{
	struct node **items = grown(tree->arena, tree->items, tree->item_count, &tree->item_room,
		sizeof(struct node *));
	if (!items)
		return false;
	tree->items = items;
	items[tree->item_count++] = node;
	return true;
}

static bool merge_one(struct tree *tree, struct tree_frame *frame, const struct node *from)
{
	if (from->kind == NODE_MAPPING)
		return merges_add(&frame->merges, tree->arena, from, &frame->member);
	return tree_fault(tree, FAULT_SYNTAX, frame->member.value_span,
		TEXT("a merge key (<<) takes a mapping or a list of mappings"));
}

/* Of a list of mappings an earlier one wins, so it is to be merged later. */
static bool add_merge(struct tree *tree, struct tree_frame *frame, const struct node *value)
{
	if (value->kind != NODE_SEQUENCE)
		return merge_one(tree, frame, value);
	for (uint32_t i = value->count; i > 0; i--)
		if (!merge_one(tree, frame, value->items[i - 1]))
			return false;
	return true;
}

bool tree_add(struct tree *tree, struct node *node, struct span span, enum member_via via)
{
	struct tree_frame *frame = innermost(tree);
	if (!node)
		return false;
	if (!frame) {
		tree->root = node;
		return true;
	}
	frame->end = span.end;
	if (frame->node->kind == NODE_SEQUENCE)
		return add_item(tree, node);
	frame->has_key = false;
	frame->member.value = node;
	frame->member.value_span = span;
	frame->member.via = via;
	return frame->merging ? add_merge(tree, frame, node) : add_member(tree, frame);
}

static void weigh(struct node *node, const struct node *child)
{
	node->weight += child->weight;
	if (child->height >= node->height)
		node->height = (uint16_t)(child->height + 1);
}

static bool close_mapping(struct tree *tree, struct tree_frame *frame)
{
	struct node *node = frame->node;
	uint32_t own = (uint32_t)(tree->member_count - frame->first);
	tree->member_count = frame->first;
	if (frame->merges.first) {
		struct members members = { .mapping = node, .replaced = &tree->document->replaced };
		if (!merges_apply(
			    &frame->merges, tree->arena, own_members(tree, frame), own, &members))
			return false;
		node->members = members.members;
		node->count = members.count;
		frame->index = members.index;
	} else {
		node->members = arena_take(tree->arena, own * sizeof(struct member));
		if (!node->members)
			return false;
		if (own > 0)
			memcpy(node->members, tree->members + frame->first,
				own * sizeof(struct member));
		node->count = own;
	}
	if (frame->index.size > 0) {
		struct key_index *index = ARENA_NEW(tree->arena, struct key_index);
		if (index)
			*index = frame->index;
		node->index = index;
	}
	for (uint32_t i = 0; i < node->count; i++)
		weigh(node, node->members[i].value);
	return true;
}

static bool close_sequence(struct tree *tree, const struct tree_frame *frame)
{
	struct node *node = frame->node;
	node->count = (uint32_t)(tree->item_count - frame->first);
	tree->item_count = frame->first;
	node->items = arena_take(tree->arena, node->count * sizeof(struct node *));
	if (!node->items)
		return false;
	if (node->count > 0)
		memcpy(node->items, tree->items + frame->first,
			node->count * sizeof(struct node *));
	for (uint32_t i = 0; i < node->count; i++)
		weigh(node, node->items[i]);
	return true;
}

bool tree_close(struct tree *tree, struct span span)
{
	struct tree_frame *frame = innermost(tree);
	struct node *node = frame->node;
	bool empty = span.start.line == span.end.line && span.start.column == span.end.column;
	node->span.end = node->flow && !empty ? span.end : frame->end;
	node->weight = 1;
	node->height = 1;
	bool closed = node->kind == NODE_MAPPING ? close_mapping(tree, frame)
						 : close_sequence(tree, frame);
	tree->depth--;
	return closed && tree_add(tree, node, node->span, VIA_DIRECT);
}

void tree_finish(struct tree *tree)
{
	struct document *document = tree->document;
	document->root = tree->unusable || arena_failed(tree->arena) ? NULL : tree->root;
}
