/* Whether the linear modules have shapes that the requested format takes. */
#include "resolve/shapes.h"

#include "resolve/resolver.h"

static const struct shape_row rows[] = {
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_NF4,
		.elements = 64 * 256,
		.refused = true,
		.remedy = "choose bnb nf4, which takes any shape",
		.source = "torchao nf4_tensor.py: blocks of 64, and 256 of them a scale",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_NVFP4,
		.multiple = 16,
		.refused = true,
		.remedy = "choose bnb nf4, which takes any shape",
		.source = "torchao mx_formats/inference_workflow.py",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_INT8,
		.blocks = true,
		.remedy =
			"choose a group_size that divides the widths, or bnb int8, which takes any",
		.source = "torchao quant_primitives.py: an assertion",
	},
	{
		.backend = BACKEND_FP8,
		.blocks = true,
		.remedy =
			"set config_kwargs.weight_block_size to what divides the shapes, or name the modules in "
			"config_kwargs.modules_to_not_convert",
		.source = "transformers integrations/finegrained_fp8.py: a ValueError",
	},
};

/* No lm_head either: transformers keeps it. */
static bool has_linear(enum role role)
{
	return role != ROLE_EMBEDDINGS && role != ROLE_NORM && role != ROLE_ROUTER &&
	       role != ROLE_LM_HEAD;
}

size_t modules_passed(
	const struct facts *facts, const struct weights_class **ret_first, size_t *ret_all)
{
	size_t passed = 0;
	*ret_first = NULL;
	*ret_all = 0;
	if (!base_is(facts, BACKEND_TORCHAO) || !base_has_dtype(facts, DTYPE_INT4) ||
		!base_reaches_loader(facts) || !facts->checkpoint || !facts->checkpoint->weights ||
		facts->checkpoint->has_conv1d)
		return 0;
	const struct weights *weights = facts->checkpoint->weights;
	uint32_t columns = base_target(facts).columns;
	for (size_t i = 0; columns > 0 && i < weights->class_count; i++) {
		const struct weights_class *class = &weights->classes[i];
		if (class->fused || !has_linear(class->role))
			continue;
		*ret_all += class->modules;
		if (class->inputs % columns == 0)
			continue;
		passed += class->modules;
		if (!*ret_first)
			*ret_first = class;
	}
	return passed;
}

/* What every loader makes a linear module of: neither towers that it may leave out, nor experts that it may merge. */
static bool is_looked_at(const struct weights_class *class)
{
	return class->projection && !class->fused &&
	       (class->role == ROLE_ATTENTION || class->role == ROLE_MLP ||
		       class->role == ROLE_SHARED_EXPERTS);
}

static const struct shape_row *find_row(const struct facts *facts)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (base_is(facts, rows[i].backend) && base_has_dtype(facts, rows[i].dtype))
			return &rows[i];
	return NULL;
}

static bool divides(uint32_t part, uint64_t whole)
{
	return part == 0 || whole % part == 0;
}

static bool fits(const struct misfit *misfit, const struct weights_class *class)
{
	uint64_t elements;
	if (__builtin_mul_overflow(class->outputs, class->inputs, &elements))
		return true;
	/* One scale for all of a module. */
	if (misfit->rows == UINT32_MAX)
		return true;
	return divides(misfit->row->elements, elements) && divides(misfit->rows, class->outputs) &&
	       divides(misfit->columns, class->inputs);
}

/* Under torchao a merge loads the base as it is. */
static bool quantizes_anew(const struct facts *facts)
{
	if (!base_reaches_loader(facts) || !facts->base.row || !facts->checkpoint ||
		facts->checkpoint->quantized || !facts->checkpoint->weights)
		return false;
	return base_is(facts, BACKEND_TORCHAO) ? !merging(facts) : !dequantizes_nothing(facts);
}

static void add(struct misfit *misfit, const struct weights_class *class, size_t skipped)
{
	size_t modules = class->modules - skipped;
	if (modules > 0 && !misfit->first)
		misfit->first = class;
	misfit->modules += modules;
}

static void find_misfits(struct resolver *resolver, struct misfit *misfit)
{
	const struct weights *weights = resolver->facts.checkpoint->weights;
	struct arena *arena = resolver->arena;
	size_t count = 0, name_count;
	const struct node *list = fp8_skip_list(base_kwargs(&resolver->facts));
	const struct text *names = skip_names(arena, list, &name_count);
	const struct weights_class **classes =
		ARENA_ARRAY(arena, const struct weights_class *, weights->class_count);
	size_t *skipped = ARENA_ARRAY(arena, size_t, weights->class_count);
	for (size_t i = 0; classes && skipped && i < weights->class_count; i++) {
		const struct weights_class *class = &weights->classes[i];
		if (!is_looked_at(class))
			continue;
		misfit->all += class->modules;
		if (!fits(misfit, class))
			classes[count++] = class;
	}
	if (count == 0 || !weights_skipped(arena, classes, count, names, name_count, skipped))
		return;
	for (size_t i = 0; i < count; i++)
		add(misfit, classes[i], skipped[i]);
}

void shapes_read(struct resolver *resolver)
{
	struct facts *facts = &resolver->facts;
	struct misfit misfit = { .row = find_row(facts) };
	if (!misfit.row || !quantizes_anew(facts))
		return;
	struct weights_target target = base_target(facts);
	misfit.rows = misfit.row->blocks ? target.rows : misfit.row->multiple;
	misfit.columns = misfit.row->blocks ? target.columns : misfit.row->multiple;
	find_misfits(resolver, &misfit);
	if (misfit.modules > 0)
		facts->misfit = misfit;
}
