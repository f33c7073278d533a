#include "checkpoint/weights.h"

#include "checkpoint/exclusions.h"
#include "checkpoint/inspector.h"
#include "checkpoint/tensor_names.h"
#include "checkpoint/weight_files.h"

#include <stdlib.h>
#include <string.h>

struct module {
	struct text name;
	enum role role;
	enum storage storage;
	bool weighed; /* has weights, not only scales or a bias */
	bool narrow;  /* its weights are stored in fewer bits than floats have, or packed */
	bool floats;  /* they are plain floats */
	uint64_t parameters;
	uint64_t linear_parameters;
	uint64_t bytes;
	uint64_t linear_bytes;
};

struct survey {
	struct inspector *inspector;
	struct weights *weights;
	struct tensors tensors;
	struct module *modules;
	size_t module_count;
	uint32_t *table; /* open, 2^n slots: index of a module plus one */
	size_t mask;
	struct role_finder roles;
	bool scaled; /* any module is stored quantized, as far as names and dtypes tell */
	enum storage storage;
};

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

/* Bits of one weight in a packed tensor: the block's, else what is usual for the container. */
static uint64_t packed_bits(const struct survey *survey, const struct tensor *tensor)
{
	struct text declared = survey->inspector->checkpoint->scheme.weight_bits;
	bool one_digit = declared.length == 1 && declared.data[0] >= '1' && declared.data[0] <= '8';
	bool byte = tensor->dtype->bits == 8 && tensor->dtype->name[0] == 'I';
	if (byte && !(one_digit && declared.data[0] < '8'))
		return 8;
	return one_digit ? (uint64_t)(declared.data[0] - '0') : 4;
}

static bool is_packed(const struct tensor *tensor, const struct tensor_name *name)
{
	return tensor->dtype->kind == DTYPE_WHOLE && name->part == PART_WEIGHT;
}

static uint64_t parameters_of(
	const struct survey *survey, const struct tensor *tensor, const struct tensor_name *name)
{
	uint64_t bits;
	if (name->part == PART_SCALE)
		return 0;
	if (!is_packed(tensor, name) || __builtin_mul_overflow(tensor->bytes, (uint64_t)8, &bits))
		return tensor->elements;
	return bits / packed_bits(survey, tensor);
}

/* Only weights that form a matrix are ever quantized; packed ones may have lost that shape. */
static bool is_linear(const struct tensor *tensor, const struct tensor_name *name)
{
	if (name->part == PART_SCALE)
		return name->storage != STORAGE_UNKNOWN;
	bool weights = name->part == PART_WEIGHT || name->part == PART_PLAIN;
	return weights && (tensor->dimensions >= 2 || is_packed(tensor, name));
}

static void weigh(struct survey *survey, struct module *module, const struct tensor *tensor,
	const struct tensor_name *name)
{
	uint64_t parameters = parameters_of(survey, tensor, name);
	module->parameters += parameters;
	module->bytes += tensor->bytes;
	if (is_linear(tensor, name)) {
		module->linear_parameters += parameters;
		module->linear_bytes += tensor->bytes;
	}
	if (name->part != PART_WEIGHT && name->part != PART_PLAIN)
		return;
	module->narrow |= tensor->dtype->kind == DTYPE_NARROW || is_packed(tensor, name);
	module->floats |= tensor->dtype->kind == DTYPE_FLOAT;
}

static void survey_tensor(struct survey *survey, const struct tensor *tensor)
{
	struct tensor_name name = tensor_name_split(tensor->name);
	struct module *module = module_of(survey, name.module);
	module->weighed |= name.part == PART_WEIGHT || name.part == PART_PLAIN;
	if (name.storage > module->storage)
		module->storage = name.storage;
	if (name.storage > survey->storage)
		survey->storage = name.storage;
	if (tensor->dtype)
		weigh(survey, module, tensor, &name);
	survey->scaled |= module->storage != STORAGE_UNKNOWN || module->narrow;
}

static bool survey_tensors(struct survey *survey)
{
	struct arena *arena = survey->inspector->arena;
	size_t slots = 16, count = survey->tensors.count;
	while (slots < count * 2)
		slots *= 2;
	survey->mask = slots - 1;
	role_finder_init(&survey->roles);
	survey->table = ARENA_ARRAY(arena, uint32_t, slots);
	survey->modules = ARENA_ARRAY(arena, struct module, count);
	if (!survey->table || !survey->modules)
		return false;
	for (size_t i = 0; i < count; i++)
		survey_tensor(survey, &survey->tensors.list[i]);
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

/* By its tensors; where no tensor of the model tells, by what the block declares. */
static bool is_quantized(
	const struct survey *survey, const struct module *module, enum exclusion_verdict verdict)
{
	if (module->narrow || module->storage != STORAGE_UNKNOWN)
		return true;
	if (survey->weights->headers || survey->scaled)
		return false;
	if (!survey->inspector->checkpoint->quantized || verdict == VERDICT_EXCLUDED)
		return false;
	return verdict == VERDICT_QUANTIZED || !never_quantized(module->role);
}

static void count_module(
	struct survey *survey, const struct module *module, enum exclusion_verdict verdict)
{
	struct weights_role *role = &survey->weights->roles[module->role];
	role->parameters += module->parameters;
	role->linear_parameters += module->linear_parameters;
	role->bytes += module->bytes;
	role->linear_bytes += module->linear_bytes;
	survey->weights->parameters += module->parameters;
	if (!module->weighed)
		return;
	role->modules++;
	role->quantized += is_quantized(survey, module, verdict);
}

static void conclude_roles(struct survey *survey, struct exclusions *exclusions)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		const struct weights_role *role = &survey->weights->roles[i];
		exclusions->outcomes[i] = role->modules == 0                 ? OUTCOME_ABSENT
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
	while (!exclusions->list[i].excludes || exclusions->list[i].modules > 0)
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
	const unsigned char *verdicts =
		exclusions_match(inspector->arena, exclusions, names, survey->module_count);
	for (size_t i = 0; i < survey->module_count; i++)
		count_module(survey, &survey->modules[i],
			verdicts ? (enum exclusion_verdict)verdicts[i] : VERDICT_SILENT);
	if (verdicts)
		report_unmatched(inspector, exclusions);
	conclude_roles(survey, exclusions);
	survey->weights->modules = survey->module_count;
	survey->weights->tensors = survey->tensors.count;
}

/* Methods whose stored weights may well be plain floats. */
static bool may_be_plain(const struct checkpoint *checkpoint)
{
	enum method method = checkpoint->method->method;
	return method == METHOD_BITNET || method == METHOD_FP_QUANT ||
	       method == METHOD_FOUROVERSIX || method == METHOD_QUANTO || method == METHOD_OTHER ||
	       method == METHOD_NVFP4 || method == METHOD_GEMMA || method == METHOD_SINQ ||
	       method == METHOD_TORCHAO || method == METHOD_HIGGS;
}

/* NULL: they agree; *ret_known: the names and dtypes tell at all. */
static const char *disagreement(const struct survey *survey, bool *ret_known)
{
	const struct checkpoint *checkpoint = survey->inspector->checkpoint;
	struct arena *arena = survey->inspector->arena;
	const char *found = storage_name(survey->storage);
	*ret_known = true;
	if (!checkpoint->quantized) {
		if (!survey->scaled)
			return NULL;
		if (!found)
			return "no quantization is declared, and there are quantized tensors";
		return arena_printf(
			arena, "no quantization is declared, and there are tensors %s", found)
			.data;
	}
	*ret_known = checkpoint->method != NULL;
	if (!checkpoint->method || (!survey->scaled && may_be_plain(checkpoint))) {
		*ret_known = false;
		return NULL;
	}
	if (!survey->scaled)
		return arena_printf(arena,
			"%s is declared, and every weight is stored as it was "
			"trained",
			checkpoint->method->name)
			.data;
	if (!storage_fits(survey->storage, checkpoint->method))
		return arena_printf(arena, "%s is declared, and there are tensors %s",
			checkpoint->method->name, found)
			.data;
	return NULL;
}

static void compare(struct survey *survey)
{
	bool known;
	const char *detail = disagreement(survey, &known);
	survey->weights->agrees_with_declaration = detail ? 0 : known ? 1 : -1;
	if (detail)
		inspector_report_text(survey->inspector, CHECKPOINT_WEIGHTS_DISAGREE,
			text_of("config.json"), survey->inspector->checkpoint->quant_method,
			text_of(detail));
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
	compare(&survey);
	inspector->checkpoint->weights = weights;
}
