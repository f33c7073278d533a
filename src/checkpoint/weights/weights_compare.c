/* What the tensors of each module hold against what the block declares of it. */
#include "base/utf8.h"
#include "checkpoint/weights/storage_measures.h"
#include "checkpoint/weights/weights_survey.h"

#include <string.h>

#define NAME_SHOWN 200

/* The tensors tell, and … */
enum relation {
	RELATION_NONE, /* they tell nothing of it */
	RELATION_AGREES,
	RELATION_FOREIGN,  /* they are another method's, or of another width */
	RELATION_EXCLUDED, /* they are quantized, and the block leaves the module out */
	RELATION_PLAIN,    /* they are as trained, and the block does not leave it out */
	RELATION_COUNT,
};

struct comparison {
	struct survey *survey;
	size_t counts[RELATION_COUNT];
	const struct module *first[RELATION_COUNT];
};

/* Projections that every tool quantizes unless it is told not to. */
static const char linear_names[] =
	"q_proj k_proj v_proj o_proj qkv_proj q_a_proj q_b_proj kv_a_proj_with_mqa kv_b_proj "
	"query_key_value gate_proj up_proj down_proj gate_up_proj w1 w2 w3 fc1 fc2 dense_h_to_4h "
	"dense_4h_to_h";

/* Methods that also write weights as they were trained, as "online", master weights or files of another kind. */
static bool may_be_plain(enum method method)
{
	return method == METHOD_BITNET || method == METHOD_FP_QUANT || method == METHOD_TORCHAO;
}

/* A block may declare a scheme for the cache alone. */
static bool declares_weights(const struct checkpoint *checkpoint)
{
	return checkpoint->quantized &&
	       (checkpoint->group_count > 0 || checkpoint->scheme.family || !checkpoint->method ||
		       checkpoint->method->method != METHOD_COMPRESSED_TENSORS);
}

static struct text last_part(struct text name)
{
	size_t i = name.length;
	while (i > 0 && name.data[i - 1] != '.')
		i--;
	return text_from(name, i);
}

bool is_projection(struct text module)
{
	return word_in(linear_names, last_part(module));
}

static bool is_linear_role(enum role role)
{
	return role == ROLE_ATTENTION || role == ROLE_MLP || role == ROLE_EXPERTS ||
	       role == ROLE_SHARED_EXPERTS;
}

static bool in_scope(const struct survey *survey, enum role role)
{
	const struct method_row *method = survey->inspector->checkpoint->method;
	if (method && method->method == METHOD_MXFP4)
		return role == ROLE_EXPERTS;
	return is_linear_role(role);
}

static bool is_plain_linear(const struct survey *survey, const struct module *module)
{
	struct stored stored;
	survey_stored(survey, module, &stored);
	const struct tensor *weights = stored.parts[PART_WEIGHT];
	return weights && (!weights->dtype || weights->dimensions == 2) &&
	       in_scope(survey, module->role) && is_projection(module->name);
}

/* Whether the list, if there is one, was tried on the modules. */
static bool is_told(const struct survey *survey)
{
	return survey->verdicts || survey->inspector->checkpoint->exclusions.list_count == 0;
}

/* Names alone may be those of several layouts. */
static bool fits_any(const struct survey *survey, const struct module *module)
{
	const struct method_row *method = survey->inspector->checkpoint->method;
	const struct storage_layout *layout = module->layout;
	struct measure measure = module->measure;
	struct stored stored;
	if (storage_layout_fits(layout, &measure, method, &survey->declaration))
		return true;
	survey_stored(survey, module, &stored);
	while (!survey->weights->headers && layout) {
		layout = storage_layout_find(&stored, &survey->declaration, layout, &measure);
		if (layout && storage_layout_fits(layout, &measure, method, &survey->declaration))
			return true;
	}
	return false;
}

static enum relation relation_of(const struct survey *survey, size_t index)
{
	const struct module *module = &survey->modules[index];
	enum exclusion_verdict verdict = survey_verdict(survey, index);
	if (module->layout && !declares_weights(survey->inspector->checkpoint))
		return RELATION_FOREIGN;
	if (module->layout && verdict == VERDICT_EXCLUDED)
		return RELATION_EXCLUDED;
	if (module->layout)
		return fits_any(survey, module) ? RELATION_AGREES : RELATION_FOREIGN;
	bool declared = declares_weights(survey->inspector->checkpoint);
	if (is_told(survey) && declared && verdict != VERDICT_EXCLUDED &&
		is_plain_linear(survey, module))
		return RELATION_PLAIN;
	return RELATION_NONE;
}

static void report(const struct survey *survey, struct text detail)
{
	inspector_report_text(survey->inspector, CHECKPOINT_WEIGHTS_DISAGREE,
		text_of("config.json"), survey->inspector->checkpoint->quant_method, detail);
}

/* "gptq with 4 bits" */
static struct text declared_words(const struct survey *survey)
{
	const struct checkpoint *checkpoint = survey->inspector->checkpoint;
	if (!declares_weights(checkpoint))
		return text_of(
			checkpoint->quantized ? "no quantization of weights" : "no quantization");
	struct text bits = checkpoint->scheme.weight_bits;
	return arena_printf(survey->inspector->arena, "%s%s%.*s%s", checkpoint->method->name,
		bits.length > 0 ? " with " : "", TEXT_ARGUMENTS(bits),
		bits.length > 0 ? " bits" : "");
}

/* "28 modules (model.layers.0.mlp.up_proj for one) are" */
static struct text modules_words(const struct comparison *comparison, enum relation relation)
{
	size_t count = comparison->counts[relation];
	struct arena *arena = comparison->survey->inspector->arena;
	const char *rest;
	struct text first = utf8_shortened(comparison->first[relation]->name, NAME_SHOWN, &rest);
	if (count == 1)
		return arena_printf(arena, "1 module (%.*s%s) is", TEXT_ARGUMENTS(first), rest);
	return arena_printf(
		arena, "%zu modules (%.*s%s for one) are", count, TEXT_ARGUMENTS(first), rest);
}

/* The group or block size, where it is what disagrees: " in groups of 64" and ", in groups of 128". */
static void tell_groups(const struct survey *survey, const struct measure *measure,
	struct text *ret_declared, struct text *ret_stored)
{
	const struct scheme *scheme = &survey->declaration.schemes[0];
	struct arena *arena = survey->inspector->arena;
	*ret_declared = *ret_stored = text_of("");
	if (survey->declaration.count != 1 || scheme->group_size.length == 0)
		return;
	bool one_scale = survey->declaration.blocks && measure->one_scale;
	if (!one_scale && storage_groups_fit(measure, scheme_group_width(scheme)))
		return;
	bool row = text_is(scheme->group_size, "-1"), blocks = scheme->group_size.data[0] == '[';
	*ret_declared = row ? text_of(" with a group a row")
			    : arena_printf(arena, " in %s of %.*s", blocks ? "blocks" : "groups",
				      TEXT_ARGUMENTS(scheme->group_size));
	*ret_stored =
		one_scale ? text_of(", with one scale for all of a module")
			  : arena_printf(arena,
				    blocks ? ", in blocks %llu wide" : ", in groups of %llu",
				    (unsigned long long)((measure->inputs + measure->groups - 1) /
							 measure->groups));
}

static void report_foreign(const struct comparison *comparison)
{
	const struct survey *survey = comparison->survey;
	const struct module *first = comparison->first[RELATION_FOREIGN];
	struct text declared = declared_words(survey), declared_groups, stored_groups;
	struct text modules = modules_words(comparison, RELATION_FOREIGN);
	struct text bits = text_of("");
	if (first->measure.bits > 0 && strchr(first->layout->families, ' '))
		bits = arena_printf(
			survey->inspector->arena, ", %u bits a weight", first->measure.bits);
	tell_groups(survey, &first->measure, &declared_groups, &stored_groups);
	report(survey, arena_printf(survey->inspector->arena,
			       "%.*s%.*s is declared, and %.*s stored as %s%.*s%.*s",
			       TEXT_ARGUMENTS(declared), TEXT_ARGUMENTS(declared_groups),
			       TEXT_ARGUMENTS(modules), first->layout->name, TEXT_ARGUMENTS(bits),
			       TEXT_ARGUMENTS(stored_groups)));
}

static void report_excluded(const struct comparison *comparison)
{
	struct text modules = modules_words(comparison, RELATION_EXCLUDED);
	report(comparison->survey,
		arena_printf(comparison->survey->inspector->arena,
			"its list leaves out what is quantized: %.*s stored as %s",
			TEXT_ARGUMENTS(modules),
			comparison->first[RELATION_EXCLUDED]->layout->name));
}

static void report_plain(const struct comparison *comparison)
{
	const struct survey *survey = comparison->survey;
	struct text declared = declared_words(survey);
	struct text modules = modules_words(comparison, RELATION_PLAIN);
	report(survey,
		arena_printf(survey->inspector->arena,
			"%.*s is declared, and %.*s stored as trained, which no list leaves out",
			TEXT_ARGUMENTS(declared), TEXT_ARGUMENTS(modules)));
}

/* Whether the block means any of the model's modules. */
static bool means_any(const struct survey *survey)
{
	for (size_t i = 0; i < survey->module_count; i++) {
		const struct module *module = &survey->modules[i];
		bool apart = module->role == ROLE_NORM || module->role == ROLE_EMBEDDINGS ||
			     module->role == ROLE_LM_HEAD;
		if (module->weighed && !apart && survey_verdict(survey, i) != VERDICT_EXCLUDED)
			return true;
	}
	return false;
}

/* Not one module is stored quantized: whether that tells anything is the method's. */
static int judge_plain_model(struct survey *survey)
{
	const struct checkpoint *checkpoint = survey->inspector->checkpoint;
	if (!declares_weights(checkpoint))
		return 1;
	if (!is_told(survey))
		return -1;
	if (!means_any(survey))
		return 1;
	if (!checkpoint->method || may_be_plain(checkpoint->method->method) ||
		!storage_layout_of_method(checkpoint->method->method))
		return -1;
	report(survey, arena_printf(survey->inspector->arena,
			       "%s is declared, and every weight is stored as it was trained",
			       checkpoint->method->name));
	return 0;
}

static int judge(struct survey *survey)
{
	struct comparison comparison = { .survey = survey };
	const struct checkpoint *checkpoint = survey->inspector->checkpoint;
	if (!survey->packed)
		return judge_plain_model(survey);
	if (checkpoint->quantized && !checkpoint->method)
		return -1;
	for (size_t i = 0; i < survey->module_count; i++) {
		enum relation relation = relation_of(survey, i);
		if (comparison.counts[relation]++ == 0)
			comparison.first[relation] = &survey->modules[i];
	}
	if (comparison.counts[RELATION_FOREIGN] > 0)
		report_foreign(&comparison);
	if (comparison.counts[RELATION_EXCLUDED] > 0)
		report_excluded(&comparison);
	if (comparison.counts[RELATION_PLAIN] > 0)
		report_plain(&comparison);
	return comparison.counts[RELATION_FOREIGN] + comparison.counts[RELATION_EXCLUDED] +
		       comparison.counts[RELATION_PLAIN] ==
	       0;
}

void weights_compare(struct survey *survey)
{
	survey->weights->agrees_with_declaration = judge(survey);
}

/* A bare cast to fewer bits is loaded as any other float is. */
static bool is_packing(const struct storage_layout *layout)
{
	return layout && (layout->beside != 0 || layout->weights != PART_WEIGHT);
}

static const struct storage_layout *undeclared_layout(const struct survey *survey)
{
	const struct exclusions *exclusions = &survey->inspector->checkpoint->exclusions;
	for (size_t i = 0; i < survey->module_count; i++) {
		const struct module *module = &survey->modules[i];
		if (is_linear_role(module->role) && is_packing(module->layout) &&
			exclusions->outcomes[module->role] == OUTCOME_QUANTIZED)
			return module->layout;
	}
	return NULL;
}

void weights_take_undeclared(struct survey *survey)
{
	struct checkpoint *checkpoint = survey->inspector->checkpoint;
	if (checkpoint->quantized)
		return;
	const struct storage_layout *layout = undeclared_layout(survey);
	if (!layout)
		return;
	checkpoint->quantized = true;
	checkpoint->stored_as = layout->name;
	checkpoint->loading = "not declared: transformers loads the weights as if they were not "
			      "quantized";
	if (layout->methods[0] != METHOD_NONE && layout->methods[1] == METHOD_NONE)
		checkpoint->method = method_find(layout->methods[0]);
}
