#include "checkpoint/weights/weights.h"

#include "checkpoint/weights/weight_files.h"
#include "checkpoint/weights/weights_survey.h"

#include <stdlib.h>
#include <string.h>

static struct module *module_of(struct survey *survey, struct text name)
{
	/* The table's address differs from process to process: nobody can foresee which names collide. */
	size_t slot = text_hash_keyed(name, (uintptr_t)survey->table) & survey->mask;
	while (survey->table[slot] != 0) {
		struct module *module = &survey->modules[survey->table[slot] - 1];
		if (text_equal(module->name, name))
			return module;
		slot = (slot + 1) & survey->mask;
	}
	struct module *module = &survey->modules[survey->module_count++];
	survey->table[slot] = (uint32_t)survey->module_count;
	module->name = name;
	module->role = role_of(&survey->roles, name);
	return module;
}

static void gather(struct survey *survey, uint32_t index)
{
	struct tensor *tensor = &survey->tensors.list[index];
	struct tensor_name name = tensor_name_split(tensor->name);
	struct module *module = module_of(survey, name.module);
	tensor->part = (uint8_t)name.part;
	tensor->next = module->tensors;
	module->tensors = index + 1;
	module->weighed |= name.part == PART_WEIGHT || name.part == PART_PLAIN;
}

void survey_stored(
	const struct survey *survey, const struct module *module, struct stored *ret_stored)
{
	*ret_stored = (struct stored){ .present = 0 };
	for (uint32_t i = module->tensors; i != 0; i = survey->tensors.list[i - 1].next) {
		const struct tensor *tensor = &survey->tensors.list[i - 1];
		ret_stored->parts[tensor->part] = tensor;
		ret_stored->present |= (uint64_t)1 << tensor->part;
	}
}

enum exclusion_verdict survey_verdict(const struct survey *survey, size_t module)
{
	return survey->verdicts ? (enum exclusion_verdict)survey->verdicts[module] : VERDICT_SILENT;
}

/* Weights and biases alone are in no layout: most modules are that. */
static bool is_bare(const struct stored *stored)
{
	const struct tensor *weights = stored->parts[PART_WEIGHT];
	return !(stored->present & ~(PART(WEIGHT) | PART(BIAS) | PART(PLAIN))) &&
	       (!weights || !weights->dtype || weights->dtype->kind == DTYPE_FLOAT);
}

static void find_layout(struct survey *survey, struct module *module)
{
	struct stored stored;
	survey_stored(survey, module, &stored);
	if (!is_bare(&stored))
		module->layout =
			storage_layout_find(&stored, &survey->declaration, NULL, &module->measure);
	module->weighed |= module->layout != NULL;
	survey->packed |= module->layout != NULL;
}

static void declare(struct survey *survey)
{
	const struct checkpoint *checkpoint = survey->inspector->checkpoint;
	survey->declaration.schemes = &checkpoint->scheme;
	survey->declaration.count = checkpoint->quantized;
	const struct node *size = node_get(checkpoint->block, "weight_block_size");
	survey->declaration.blocks = size && size->kind == NODE_SEQUENCE;
	if (checkpoint->group_count == 0)
		return;
	survey->declaration.schemes = checkpoint->groups;
	survey->declaration.count = checkpoint->group_count;
}

static bool survey_tensors(struct survey *survey)
{
	struct arena *arena = survey->inspector->arena;
	size_t slots = 16, count = survey->tensors.count;
	while (slots < count * 2)
		slots *= 2;
	survey->mask = slots - 1;
	role_finder_init(&survey->roles);
	declare(survey);
	survey->table = ARENA_ARRAY(arena, uint32_t, slots);
	survey->modules = ARENA_ARRAY(arena, struct module, count);
	if (!survey->table || !survey->modules)
		return false;
	for (uint32_t i = 0; i < count; i++)
		gather(survey, i);
	for (size_t i = 0; i < survey->module_count; i++)
		find_layout(survey, &survey->modules[i]);
	return true;
}

static void count_dtype(struct weights *weights, const struct tensor *tensor)
{
	struct text name = text_of(tensor->dtype->name);
	size_t i = 0;
	while (i < weights->dtype_count && !text_equal(weights->dtypes[i].name, name))
		i++;
	if (i == WEIGHTS_DTYPES_MAXIMUM)
		return;
	if (i == weights->dtype_count)
		weights->dtypes[weights->dtype_count++].name = name;
	weights->dtypes[i].tensors++;
	weights->dtypes[i].bytes += tensor->bytes;
}

static int by_bytes(const void *a, const void *b)
{
	const struct weights_dtype *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return text_compare(x->name, y->name);
}

static void count_dtypes(struct survey *survey)
{
	struct weights *weights = survey->weights;
	weights->dtypes =
		ARENA_ARRAY(survey->inspector->arena, struct weights_dtype, WEIGHTS_DTYPES_MAXIMUM);
	if (!weights->dtypes)
		return;
	for (size_t i = 0; i < survey->tensors.count; i++)
		count_dtype(weights, &survey->tensors.list[i]);
	qsort(weights->dtypes, weights->dtype_count, sizeof(weights->dtypes[0]), by_bytes);
}

/* The headers, or the index where it knows of more: then shards are missing. */
static bool read_tensors(struct survey *survey)
{
	struct weights *weights = survey->weights;
	struct tensors names;
	uint64_t total = 0;
	survey->tensors.arena = survey->inspector->arena;
	bool missing;
	weights->headers = weight_files_shards(survey->inspector, &survey->tensors);
	bool indexed = weight_files_index(survey->inspector, &names, &total, &missing);
	if (indexed && names.count > survey->tensors.count) {
		if (weights->headers && !missing)
			weight_files_report(survey->inspector, text_of(WEIGHT_FILES_INDEX),
				"it names more tensors than the shards hold");
		weights->headers = false;
	}
	if (!weights->headers) {
		survey->tensors = names;
		weights->bytes = total;
		weights->bytes_known = total > 0;
		return indexed;
	}
	for (size_t i = 0; i < survey->tensors.count; i++)
		weights->bytes += survey->tensors.list[i].bytes;
	weights->bytes_known = true;
	return true;
}

static bool never_quantized(enum role role)
{
	return role == ROLE_NORM || role == ROLE_EMBEDDINGS || role == ROLE_LM_HEAD;
}

/*
 * By its tensors, unless the block leaves it out: then a loader takes it for plain. Where no tensor of the
 * model tells, by what the block declares.
 */
static bool is_quantized(
	const struct survey *survey, const struct module *module, enum exclusion_verdict verdict)
{
	if (module->layout)
		return verdict != VERDICT_EXCLUDED;
	if (survey->weights->headers || survey->packed)
		return false;
	if (!survey->inspector->checkpoint->quantized || verdict == VERDICT_EXCLUDED)
		return false;
	return verdict == VERDICT_QUANTIZED || !never_quantized(module->role);
}

/* Integers of no layout are buffers, and what belongs to activations is none of the weights. */
static bool is_parameter(const struct module *module, const struct tensor *tensor)
{
	bool own = !module->layout || tensor->part == PART_BIAS;
	return own && tensor->part != PART_SIDE && tensor->dtype->kind != DTYPE_WHOLE;
}

static void add_saturated(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

static void weigh(struct survey *survey, const struct module *module)
{
	struct weights_role *role = &survey->weights->roles[module->role];
	for (uint32_t i = module->tensors; i != 0; i = survey->tensors.list[i - 1].next) {
		const struct tensor *tensor = &survey->tensors.list[i - 1];
		role->bytes += tensor->bytes;
		if (is_parameter(module, tensor)) {
			add_saturated(&role->float_parameters, tensor->elements);
			role->float_bytes += tensor->bytes;
		} else if (module->layout)
			role->packed_bytes += tensor->bytes;
	}
	add_saturated(&role->packed_parameters, module->measure.parameters);
	survey->weights->parameters_known &= !module->layout || module->measure.known;
}

static void count_module(
	struct survey *survey, const struct module *module, enum exclusion_verdict verdict)
{
	struct weights_role *role = &survey->weights->roles[module->role];
	if (survey->weights->headers)
		weigh(survey, module);
	if (!module->weighed)
		return;
	role->modules++;
	role->quantized += is_quantized(survey, module, verdict);
}

static void conclude_roles(struct survey *survey, struct exclusions *exclusions)
{
	/* Of names alone the list decides, if it could be tried. */
	bool known = survey->weights->headers || survey->verdicts;
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct weights_role *role = &survey->weights->roles[i];
		role->parameters = role->float_parameters;
		add_saturated(&role->parameters, role->packed_parameters);
		add_saturated(&survey->weights->parameters, role->parameters);
		exclusions->outcomes[i] = role->modules == 0 || !known       ? OUTCOME_ABSENT
					  : role->quantized == 0             ? OUTCOME_NATIVE
					  : role->quantized == role->modules ? OUTCOME_QUANTIZED
									     : OUTCOME_MIXED;
	}
}

static void report_unmatched(struct inspector *inspector, const struct exclusions *exclusions)
{
	size_t i = 0;
	if (exclusions->unmatched == 0)
		return;
	while (!exclusions->list[i].excludes || exclusions->list[i].met ||
		exclusions->list[i].untried)
		i++;
	inspector_report_text(inspector, CHECKPOINT_EXCLUSIONS_UNMATCHED, text_of("config.json"),
		exclusions->list[i].name,
		arena_printf(inspector->arena, "%zu of %zu entries match no module",
			exclusions->unmatched, exclusions->count));
}

static void count_modules(struct survey *survey)
{
	struct inspector *inspector = survey->inspector;
	struct exclusions *exclusions = &inspector->checkpoint->exclusions;
	struct text *names = ARENA_ARRAY(inspector->arena, struct text, survey->module_count);
	if (!names)
		return;
	for (size_t i = 0; i < survey->module_count; i++)
		names[i] = survey->modules[i].name;
	survey->verdicts =
		exclusions_match(inspector->arena, exclusions, names, survey->module_count);
	survey->weights->parameters_known = survey->weights->headers;
	for (size_t i = 0; i < survey->module_count; i++)
		count_module(survey, &survey->modules[i], survey_verdict(survey, i));
	if (exclusions->modules_known)
		report_unmatched(inspector, exclusions);
	conclude_roles(survey, exclusions);
	survey->weights->modules = survey->module_count;
	survey->weights->tensors = survey->tensors.count;
}

void inspect_weights(struct inspector *inspector)
{
	if (!inspector->files || (!inspector->files->index.data && !inspector->files->shard_count))
		return;
	struct weights *weights = ARENA_NEW(inspector->arena, struct weights);
	if (!weights)
		return;
	struct survey survey = { .inspector = inspector, .weights = weights };
	weights->agrees_with_declaration = -1;
	if (!read_tensors(&survey) || survey.tensors.count == 0 || !survey_tensors(&survey))
		return;
	if (weights->headers)
		count_dtypes(&survey);
	count_modules(&survey);
	if (weights->headers && !inspector->checkpoint->quantized)
		weights_classify(&survey);
	weights_compare(&survey);
	weights_take_undeclared(&survey);
	inspector->checkpoint->weights = weights;
}
