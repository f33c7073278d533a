/* A checkpoint in another arena, with everything that it points to. */
#include "checkpoint/folders/copy.h"

#include "checkpoint/weights/weights.h"
#include "source/key_index.h"

#include <string.h>

static struct text copy_text(struct arena *arena, struct text text)
{
	return text.length > 0 ? arena_copy(arena, text) : text_of("");
}

static void *copy_array(struct arena *arena, const void *source, size_t count, size_t size)
{
	if (count == 0)
		return NULL;
	void *copy = arena_array(arena, count, size);
	if (copy)
		memcpy(copy, source, count * size);
	return copy;
}

static struct node *copy_node(struct arena *arena, const struct node *node);

static bool copy_items(struct arena *arena, struct node *copy)
{
	copy->items = copy_array(arena, copy->items, copy->count, sizeof(copy->items[0]));
	for (uint32_t i = 0; copy->items && i < copy->count; i++)
		if (!(copy->items[i] = copy_node(arena, copy->items[i])))
			return false;
	return copy->count == 0 || copy->items;
}

static bool copy_members(struct arena *arena, struct node *copy)
{
	copy->members = copy_array(arena, copy->members, copy->count, sizeof(copy->members[0]));
	for (uint32_t i = 0; copy->members && i < copy->count; i++) {
		struct member *member = &copy->members[i];
		member->key = copy_text(arena, member->key);
		member->value = copy_node(arena, member->value);
		if (!member->value)
			return false;
	}
	return copy->count == 0 || copy->members;
}

static const struct key_index *copy_index(struct arena *arena, const struct key_index *index)
{
	struct key_index *copy = copy_array(arena, index, 1, sizeof(*index));
	if (copy)
		copy->slots = copy_array(arena, index->slots, index->size, sizeof(*index->slots));
	return copy;
}

/* As deep as the reader's limit allows. */
static struct node *copy_node(struct arena *arena, const struct node *node)
{
	struct node *copy = ARENA_NEW(arena, struct node);
	if (!copy)
		return NULL;
	*copy = *node;
	copy->text = copy_text(arena, node->text);
	copy->written = copy_text(arena, node->written);
	copy->index = node->index ? copy_index(arena, node->index) : NULL;
	bool done = !node->index || copy->index;
	if (node->kind == NODE_SEQUENCE)
		done = done && copy_items(arena, copy);
	else if (node->kind == NODE_MAPPING)
		done = done && copy_members(arena, copy);
	return done ? copy : NULL;
}

static struct text *copy_texts(struct arena *arena, const struct text *texts, size_t count)
{
	struct text *copy = copy_array(arena, texts, count, sizeof(*texts));
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = copy_text(arena, copy[i]);
	return copy;
}

static struct scheme copy_scheme(struct arena *arena, struct scheme scheme)
{
	scheme.weight_bits = copy_text(arena, scheme.weight_bits);
	scheme.group_size = copy_text(arena, scheme.group_size);
	scheme.symmetric = copy_text(arena, scheme.symmetric);
	scheme.weight_dtype = copy_text(arena, scheme.weight_dtype);
	scheme.scale = copy_text(arena, scheme.scale);
	scheme.activations = copy_text(arena, scheme.activations);
	scheme.group = copy_text(arena, scheme.group);
	return scheme;
}

static void copy_schemes(struct arena *arena, struct checkpoint *copy)
{
	copy->scheme = copy_scheme(arena, copy->scheme);
	copy->groups = copy_array(arena, copy->groups, copy->group_count, sizeof(copy->groups[0]));
	for (size_t i = 0; copy->groups && i < copy->group_count; i++)
		copy->groups[i] = copy_scheme(arena, copy->groups[i]);
}

static void copy_exclusions(struct arena *arena, struct exclusions *copy)
{
	copy->entries = copy_texts(arena, copy->entries, copy->count);
	copy->list = copy_array(arena, copy->list, copy->list_count, sizeof(copy->list[0]));
	for (size_t i = 0; copy->list && i < copy->list_count; i++) {
		copy->list[i].name = copy_text(arena, copy->list[i].name);
		copy->list[i].key = copy_text(arena, copy->list[i].key);
		copy->list[i].pattern = NULL;
	}
}

static void copy_problems(struct arena *arena, struct checkpoint *copy)
{
	struct checkpoint_problem **slot = &copy->problems;
	for (; *slot; slot = &(*slot)->next) {
		struct checkpoint_problem *problem = ARENA_NEW(arena, struct checkpoint_problem);
		if (!problem)
			return;
		*problem = **slot;
		problem->file = copy_text(arena, problem->file);
		problem->path = copy_text(arena, problem->path);
		problem->value = copy_text(arena, problem->value);
		problem->detail = copy_text(arena, problem->detail);
		*slot = problem;
	}
}

static void copy_classes(struct arena *arena, struct weights *copy)
{
	copy->classes =
		copy_array(arena, copy->classes, copy->class_count, sizeof(copy->classes[0]));
	for (size_t i = 0; copy->classes && i < copy->class_count; i++) {
		struct weights_class *class = &copy->classes[i];
		class->name = copy_text(arena, class->name);
		class->digits =
			copy_array(arena, class->digits, class->modules, class->digit_count);
	}
}

static struct weights *copy_weights(struct arena *arena, const struct weights *weights)
{
	struct weights *copy = ARENA_NEW(arena, struct weights);
	if (!copy)
		return NULL;
	*copy = *weights;
	/* The names are the table's of safetensors.c. */
	copy->dtypes = copy_array(
		arena, weights->dtypes, weights->dtype_count, sizeof(weights->dtypes[0]));
	copy_classes(arena, copy);
	return copy;
}

struct checkpoint *checkpoint_copy(struct arena *arena, const struct checkpoint *checkpoint)
{
	struct checkpoint *copy = ARENA_NEW(arena, struct checkpoint);
	if (!copy)
		return NULL;
	*copy = *checkpoint;
	copy->model = copy_text(arena, copy->model);
	copy->revision = copy_text(arena, copy->revision);
	copy->model_type = copy_text(arena, copy->model_type);
	copy->torch_dtype = copy_text(arena, copy->torch_dtype);
	copy->expert_dtype = copy_text(arena, copy->expert_dtype);
	copy->quant_method = copy_text(arena, copy->quant_method);
	copy->bytes = copy_text(arena, copy->bytes);
	copy->architectures = copy_texts(arena, copy->architectures, copy->architecture_count);
	copy->block = copy->block ? copy_node(arena, copy->block) : NULL;
	copy->weights = copy->weights ? copy_weights(arena, copy->weights) : NULL;
	copy_schemes(arena, copy);
	copy_exclusions(arena, &copy->exclusions);
	copy_problems(arena, copy);
	return arena_failed(arena) ? NULL : copy;
}
