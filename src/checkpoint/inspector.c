#include "checkpoint/inspector.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "schema/diagnostic.h"

#include <string.h>

#define VALUE_BYTES 80
#define PLACES_MAXIMUM 64

struct place place_of_member(const struct place *parent, const struct member *member)
{
	return (struct place){
		.parent = parent, .key = member->key, .member = member, .node = member->value
	};
}

struct place place_member(const struct place *parent, const char *key)
{
	const struct member *member = node_member(parent->node, text_of(key));
	if (member)
		return place_of_member(parent, member);
	return (struct place){ .parent = parent, .key = text_of(key) };
}

struct place place_item(const struct place *parent, size_t index)
{
	const struct node *list = parent->node;
	bool there = list && list->kind == NODE_SEQUENCE && index < list->count;
	return (struct place){ .parent = parent,
		.index = index,
		.item = true,
		.node = there ? list->items[index] : NULL };
}

const struct place *place_at(
	const struct place *root, const char *path, struct place steps[PLACE_STEPS])
{
	const struct place *at = root;
	for (size_t i = 0; *path; i++) {
		size_t length = strcspn(path, "/");
		struct text key = { .data = path, .length = length };
		const struct member *member = node_member(at->node, key);
		if (!member || i == PLACE_STEPS)
			return NULL;
		steps[i] = place_of_member(at, member);
		at = &steps[i];
		path += length + (path[length] == '/');
	}
	return at;
}

static struct text pointer_of(struct arena *arena, const struct place *place)
{
	const struct place *chain[PLACES_MAXIMUM];
	size_t count = 0;
	for (; place && place->parent && count < PLACES_MAXIMUM; place = place->parent)
		chain[count++] = place;
	struct text path = text_of("");
	while (count > 0) {
		const struct place *step = chain[--count];
		struct text token =
			step->item ? arena_printf(arena, "%zu", step->index) : step->key;
		path = pointer_join(arena, path, token);
	}
	return path;
}

/* Cut before a character, so that it stays well-formed. */
static struct text shortened(struct arena *arena, struct text text)
{
	const char *rest;
	struct text shown = utf8_shortened(text, VALUE_BYTES, &rest);
	return *rest ? arena_printf(arena, "%.*s%s", TEXT_ARGUMENTS(shown), rest) : text;
}

/* Strings between quotes, where it matters what is one. */
static struct text value_of(struct arena *arena, const struct node *node, bool quoted)
{
	if (!node)
		return text_of("");
	switch (node->kind) {
	case NODE_NULL:
		return text_of("null");
	case NODE_BOOLEAN:
		return text_of(node->boolean ? "true" : "false");
	case NODE_SEQUENCE:
		return text_of(node->count > 0 ? "[…]" : "[]");
	case NODE_MAPPING:
		return text_of(node->count > 0 ? "{…}" : "{}");
	default:
		break;
	}
	struct text value = shortened(arena, node->text);
	if (quoted && node->quoted)
		return arena_printf(arena, "\"%.*s\"", TEXT_ARGUMENTS(value));
	return value;
}

static struct checkpoint_problem *add(struct inspector *inspector, enum checkpoint_fault fault)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	if (checkpoint->problem_count == CHECKPOINT_PROBLEMS_MAXIMUM) {
		checkpoint->problems_left_out++;
		return NULL;
	}
	struct checkpoint_problem *problem = ARENA_NEW(inspector->arena, struct checkpoint_problem);
	if (!problem)
		return NULL;
	checkpoint->problem_count++;
	problem->fault = fault;
	problem->path = problem->value = problem->detail = text_of("");
	problem->file = inspector->file;
	*inspector->tail = problem;
	inspector->tail = &problem->next;
	return problem;
}

static bool span_of(const struct place *place, struct span *ret_span)
{
	if (place->member)
		*ret_span = member_span(place->member);
	else if (place->node)
		*ret_span = place->node->span;
	else
		return false;
	return true;
}

void inspector_report(struct inspector *inspector, enum checkpoint_fault fault,
	const struct place *place, const char *detail)
{
	struct checkpoint_problem *problem = add(inspector, fault);
	if (!problem)
		return;
	problem->detail = text_of(detail);
	bool bare = fault == CHECKPOINT_METHOD_UNKNOWN && node_truthy(place->node);
	problem->value = value_of(inspector->arena, place->node, !bare);
	problem->path = pointer_of(inspector->arena, place);
	problem->placed = inspector->placed && span_of(place, &problem->span);
}

void inspector_refuse(struct inspector *inspector, const struct place *place, const char *detail)
{
	inspector_report(inspector, CHECKPOINT_BLOCK_REFUSED, place, detail);
	inspector->checkpoint->config_class = NULL;
}

void inspector_report_text(struct inspector *inspector, enum checkpoint_fault fault,
	struct text file, struct text value, struct text detail)
{
	struct checkpoint_problem *problem = add(inspector, fault);
	if (!problem)
		return;
	problem->file = file;
	problem->value = shortened(inspector->arena, value);
	problem->detail = detail;
}

bool node_truthy(const struct node *node)
{
	if (node_is_null(node))
		return false;
	switch (node->kind) {
	case NODE_BOOLEAN:
		return node->boolean;
	case NODE_INTEGER:
	case NODE_FLOAT:
		/* zero in any spelling: no digit but 0 before an exponent */
		for (size_t i = 0; i < node->text.length && !strchr("eE", node->text.data[i]); i++)
			if (node->text.data[i] >= '1' && node->text.data[i] <= '9')
				return true;
		return false;
	case NODE_STRING:
		return node->text.length > 0;
	default:
		return node->count > 0;
	}
}

bool node_is_mapping(const struct node *node)
{
	return node && node->kind == NODE_MAPPING;
}

struct text node_text(const struct node *node)
{
	return node && node->kind == NODE_STRING ? node->text : text_of("");
}

const struct node *node_at(const struct node *node, const char *path)
{
	while (node && *path) {
		size_t length = strcspn(path, "/");
		const struct member *member =
			node_member(node, (struct text){ .data = path, .length = length });
		node = member ? member->value : NULL;
		path += length + (path[length] == '/');
	}
	return node;
}
