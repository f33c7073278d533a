/* The weights that a loader may quantize, gathered: models repeat themselves. */
#include "checkpoint/names/digits.h"
#include "checkpoint/weights/weights_survey.h"

#include <string.h>

/* A model has some dozens; what goes beyond stays as it is in estimates. */
#define CLASSES_MAXIMUM 16384

/* One module's weights, before they are put to others of their kind. */
struct candidate {
	const struct module *module;
	uint64_t outputs;
	uint64_t inputs;
	unsigned bits;
	bool fused;
	uint32_t class; /* index */
};

struct gathering {
	struct survey *survey;
	struct candidate *candidates;
	size_t count;
	uint32_t *table; /* open, 2^n slots: index of a class plus one */
	size_t mask;
	size_t room; /* for classes */
};

static const struct tensor *part_of(
	const struct survey *survey, const struct module *module, enum tensor_part part)
{
	for (uint32_t i = module->tensors; i != 0; i = survey->tensors.list[i - 1].next)
		if (survey->tensors.list[i - 1].part == part)
			return &survey->tensors.list[i - 1];
	return NULL;
}

/* Tables of positions and the like end in words with "embed" in them, and are no linear modules. */
static bool is_table(const struct module *module)
{
	size_t i = module->name.length;
	while (i > 0 && module->name.data[i - 1] != '.')
		i--;
	return module->role == ROLE_EMBEDDINGS || module->role == ROLE_NORM ||
	       text_contains(text_from(module->name, i), "embed");
}

/* A linear module's weight is a matrix; of the parameters of more dimensions, and without a module, those of experts count. */
static bool is_candidate(
	const struct survey *survey, const struct module *module, struct candidate *ret_candidate)
{
	bool experts = module->role == ROLE_EXPERTS;
	const struct tensor *tensor = part_of(survey, module, PART_WEIGHT);
	bool linear = tensor && tensor->dimensions == 2;
	if (!tensor && experts)
		tensor = part_of(survey, module, PART_PLAIN);
	if (module->layout || !tensor || tensor->dtype->kind != DTYPE_FLOAT || is_table(module) ||
		tensor->dimensions < 2 || tensor->elements == 0 || (!linear && !experts))
		return false;
	uint32_t last = tensor->dimensions - 1;
	bool kept = last < TENSOR_DIMENSIONS_KEPT && tensor->shape[last] < UINT32_MAX;
	*ret_candidate = (struct candidate){ .module = module,
		.inputs = kept ? tensor->shape[last] : 1,
		.bits = tensor->dtype->bits,
		.fused = experts && (!linear || survey->inspector->checkpoint->fuses_experts) };
	ret_candidate->outputs = tensor->elements / ret_candidate->inputs;
	return true;
}

static bool same_class(const struct weights_class *class, const struct candidate *candidate)
{
	return class->role == candidate->module->role && class->outputs == candidate->outputs &&
	       class->inputs == candidate->inputs && class->bits == candidate->bits &&
	       class->fused == candidate->fused &&
	       digits_zeroed_equal(class->name, candidate->module->name);
}

static size_t count_digits(struct text name)
{
	size_t count = 0;
	for (size_t i = 0; i < name.length; i++)
		count += is_digit(name.data[i]);
	return count;
}

/* Names alone would let shapes collide. */
static size_t slot_of(const struct gathering *gathering, const struct candidate *candidate)
{
	uint64_t hash = digits_zeroed_hash(candidate->module->name, gathering->table);
	hash ^= candidate->outputs * 0x9e3779b97f4a7c15u + candidate->inputs * 0xff51afd7ed558ccdu;
	return (size_t)(hash ^ hash >> 32) & gathering->mask;
}

/* False when there are too many classes, or no memory. */
static bool put_to_class(struct gathering *gathering, struct candidate *candidate)
{
	struct weights *weights = gathering->survey->weights;
	struct text name = candidate->module->name;
	size_t slot = slot_of(gathering, candidate);
	while (gathering->table[slot] != 0 &&
		!same_class(&weights->classes[gathering->table[slot] - 1], candidate))
		slot = (slot + 1) & gathering->mask;
	if (gathering->table[slot] == 0) {
		if (weights->class_count == gathering->room)
			return false;
		weights->classes[weights->class_count++] = (struct weights_class){
			.name = digits_zeroed(gathering->survey->inspector->arena, name),
			.digit_count = count_digits(name),
			.role = candidate->module->role,
			.projection = is_projection(name),
			.fused = candidate->fused,
			.outputs = candidate->outputs,
			.inputs = candidate->inputs,
			.bits = candidate->bits,
		};
		gathering->table[slot] = (uint32_t)weights->class_count;
	}
	candidate->class = gathering->table[slot] - 1;
	weights->classes[candidate->class].modules++;
	return true;
}

static bool begin(struct gathering *gathering, struct survey *survey)
{
	struct arena *arena = survey->inspector->arena;
	size_t slots = 16;
	*gathering = (struct gathering){ .survey = survey };
	gathering->candidates = ARENA_ARRAY(arena, struct candidate, survey->module_count);
	for (size_t i = 0; gathering->candidates && i < survey->module_count; i++)
		gathering->count += is_candidate(
			survey, &survey->modules[i], &gathering->candidates[gathering->count]);
	gathering->room = gathering->count < CLASSES_MAXIMUM ? gathering->count : CLASSES_MAXIMUM;
	while (slots < gathering->room * 2)
		slots *= 2;
	gathering->mask = slots - 1;
	gathering->table = ARENA_ARRAY(arena, uint32_t, slots);
	survey->weights->classes = ARENA_ARRAY(arena, struct weights_class, gathering->room);
	return !arena_failed(arena);
}

static void append_digits(char *digits, struct text name)
{
	for (size_t i = 0; i < name.length; i++)
		if (is_digit(name.data[i]))
			*digits++ = name.data[i];
}

/* The digits of each module, class by class. */
static void gather_digits(struct gathering *gathering)
{
	struct weights *weights = gathering->survey->weights;
	struct arena *arena = gathering->survey->inspector->arena;
	size_t *filled = ARENA_ARRAY(arena, size_t, weights->class_count);
	for (size_t i = 0; i < weights->class_count; i++)
		weights->classes[i].digits = arena_alloc(
			arena, weights->classes[i].modules * weights->classes[i].digit_count);
	if (arena_failed(arena))
		return;
	for (size_t i = 0; i < gathering->count; i++) {
		const struct candidate *candidate = &gathering->candidates[i];
		const struct weights_class *class = &weights->classes[candidate->class];
		append_digits(
			(char *)class->digits + filled[candidate->class]++ * class->digit_count,
			candidate->module->name);
	}
}

void weights_classify(struct survey *survey)
{
	struct gathering gathering;
	if (!begin(&gathering, survey))
		return;
	for (size_t i = 0; i < gathering.count; i++)
		if (!put_to_class(&gathering, &gathering.candidates[i]))
			gathering.candidates[i--] = gathering.candidates[--gathering.count];
	gather_digits(&gathering);
}
