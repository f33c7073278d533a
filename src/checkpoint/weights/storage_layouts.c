#include "checkpoint/weights/storage_measures.h"

#include <string.h>

bool word_in(const char *words, struct text word)
{
	while (*words) {
		size_t length = strcspn(words, " ");
		if (text_equal(word, (struct text){ words, length }))
			return true;
		words += length + (words[length] == ' ');
	}
	return false;
}

static bool dtype_fits(const struct tensor *tensor, const char *dtypes)
{
	return !tensor || !tensor->dtype || !dtypes ||
	       word_in(dtypes, text_of(tensor->dtype->name));
}

/* A fused parameter has no ".weight" behind its name; by itself it tells nothing. */
static const struct tensor *weights_in(
	const struct storage_layout *layout, const struct stored *stored)
{
	const struct tensor *weights = stored->parts[layout->weights];
	bool fused = !weights && layout->weights == PART_WEIGHT && layout->beside != 0;
	return fused ? stored->parts[PART_PLAIN] : weights;
}

static bool is_stored_in(const struct storage_layout *layout, const struct stored *stored,
	const struct declaration *declaration, struct measure *ret_measure)
{
	const struct tensor *weights = weights_in(layout, stored);
	*ret_measure = (struct measure){ .known = false };
	if (!weights || (stored->present & layout->beside) != layout->beside ||
		(stored->present & layout->lacks))
		return false;
	/* By name alone a weight beside nothing is a plain one. */
	if (!weights->dtype)
		return layout->beside != 0 || layout->weights != PART_WEIGHT;
	const struct tensor *scales = layout->scales ? stored->parts[layout->scales] : NULL;
	return weights->dimensions >= 2 && dtype_fits(weights, layout->dtypes) &&
	       dtype_fits(scales, layout->scale_dtypes) &&
	       layout->measure(layout, stored, declaration, ret_measure);
}

const struct storage_layout *storage_layout_find(const struct stored *stored,
	const struct declaration *declaration, const struct storage_layout *after,
	struct measure *ret_measure)
{
	size_t i = after ? (size_t)(after - storage_layouts) + 1 : 0;
	for (; i < storage_layout_count; i++)
		if (is_stored_in(&storage_layouts[i], stored, declaration, ret_measure))
			return &storage_layouts[i];
	return NULL;
}

static bool writes(const struct storage_layout *layout, enum method method)
{
	for (const enum method *writer = layout->methods; *writer; writer++)
		if (*writer == method)
			return true;
	return false;
}

bool storage_layout_of_method(enum method method)
{
	for (size_t i = 0; i < storage_layout_count; i++)
		if (writes(&storage_layouts[i], method))
			return true;
	return false;
}

bool storage_groups_fit(const struct measure *measure, int64_t width)
{
	if (measure->groups == 0 || measure->inputs == 0 || width == 0)
		return true;
	if (width < 0)
		return measure->groups == 1;
	uint64_t whole = measure->inputs / (uint64_t)width;
	return measure->groups == whole + (measure->inputs % (uint64_t)width != 0);
}

static bool scheme_fits(const struct storage_layout *layout, const struct measure *measure,
	const struct scheme *scheme)
{
	unsigned bits = scheme_whole_bits(scheme);
	if (scheme->family && !word_in(layout->families, text_of(scheme->family)) &&
		strcmp(scheme->family, "mixed") != 0)
		return false;
	if (measure->misfit || (bits > 0 && measure->bits > 0 && bits != measure->bits))
		return false;
	return storage_groups_fit(measure, scheme_group_width(scheme));
}

bool storage_layout_fits(const struct storage_layout *layout, const struct measure *measure,
	const struct method_row *method, const struct declaration *declaration)
{
	if (method->method == METHOD_OTHER)
		return true;
	if (!writes(layout, method->method))
		return false;
	/* Blocks have scales of their own, and stand under another name. */
	if (declaration->blocks && measure->one_scale && method->method == METHOD_FP8)
		return false;
	for (size_t i = 0; i < declaration->count; i++)
		if (scheme_fits(layout, measure, &declaration->schemes[i]))
			return true;
	return declaration->count == 0;
}
