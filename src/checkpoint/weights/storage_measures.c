#include "checkpoint/weights/storage_measures.h"

#define WORD_BITS 32
#define TILE 16

static const struct tensor *weights_of(
	const struct storage_layout *layout, const struct stored *stored)
{
	const struct tensor *weights = stored->parts[layout->weights];
	return weights ? weights : stored->parts[PART_PLAIN];
}

/* Elements along a dimension; 0 where it has none, or more than are noted. */
static uint64_t along(const struct tensor *tensor, uint32_t dimension)
{
	if (dimension >= tensor->dimensions || dimension >= TENSOR_DIMENSIONS_KEPT ||
		tensor->shape[dimension] == UINT32_MAX)
		return 0;
	return tensor->shape[dimension];
}

static uint64_t along_last(const struct tensor *tensor)
{
	return tensor->dimensions == 0 ? 1 : along(tensor, tensor->dimensions - 1);
}

static bool is_matrix(const struct tensor *tensor)
{
	return tensor && tensor->dimensions == 2 && along(tensor, 0) > 0 && along(tensor, 1) > 0;
}

/* Whether a and b are the same product; one that is too large is none. */
static bool same_product(uint64_t a, uint64_t times, uint64_t b, uint64_t times_b)
{
	uint64_t x, y;
	return !__builtin_mul_overflow(a, times, &x) && !__builtin_mul_overflow(b, times_b, &y) &&
	       x == y;
}

static void count(struct measure *measure, uint64_t rows, uint64_t inputs, uint64_t bits)
{
	measure->known = !__builtin_mul_overflow(rows, inputs, &measure->parameters);
	measure->bits = (unsigned)bits;
}

unsigned scheme_whole_bits(const struct scheme *scheme)
{
	struct text digits = scheme->weight_bits;
	unsigned bits = 0;
	for (size_t i = 0; i < digits.length; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9' || bits > WORD_BITS)
			return 0;
		bits = bits * 10 + (unsigned)(digits.data[i] - '0');
	}
	return bits <= WORD_BITS ? bits : 0;
}

/* The last number, as of "[128,128]". */
int64_t scheme_group_width(const struct scheme *scheme)
{
	struct text digits = scheme->group_size;
	int64_t width = 0;
	if (text_is(digits, "-1"))
		return -1;
	for (size_t i = 0; i < digits.length; i++) {
		char c = digits.data[i];
		if (c == ',')
			width = 0;
		else if (c >= '0' && c <= '9' && width < INT32_MAX)
			width = width * 10 + (c - '0');
		else if (c != '[' && c != ']')
			return 0;
	}
	return width;
}

MEASURE(single)
{
	const struct tensor *weights = weights_of(layout, stored);
	const struct tensor *scales = layout->scales ? stored->parts[layout->scales] : NULL;
	(void)declaration;
	if (layout->group > 0 &&
		!same_product(scales->elements, layout->group, weights->elements, 1))
		return false;
	count(ret_measure, weights->elements, 1, weights->dtype->bits);
	ret_measure->one_scale =
		scales && scales->elements == 1 && scales->dimensions < 2 && weights->elements > 1;
	if (scales && scales->dimensions >= 2 && along_last(scales) > 1) {
		ret_measure->inputs = along_last(weights);
		ret_measure->groups = along_last(scales);
	}
	return true;
}

MEASURE(halves)
{
	const struct tensor *weights = weights_of(layout, stored);
	(void)declaration;
	if (layout->group > 0 && !same_product(stored->parts[layout->scales]->elements,
					 layout->group, weights->bytes, 2))
		return false;
	count(ret_measure, weights->bytes, 2, 4);
	return true;
}

MEASURE(quarters)
{
	(void)declaration;
	if (stored->parts[layout->scales]->elements != 1)
		return false;
	count(ret_measure, weights_of(layout, stored)->bytes, 4, 0);
	return true;
}

/* Whether any scheme says enough to be held against shapes. */
static bool tells(const struct declaration *declaration)
{
	for (size_t i = 0; i < declaration->count; i++)
		if (scheme_whole_bits(&declaration->schemes[i]) > 0)
			return true;
	return false;
}

/* Where neither an order nor zeros tell: the first declared width that makes whole inputs. */
static uint64_t declared_width(const struct declaration *declaration, uint64_t in_bits)
{
	for (size_t i = 0; i < declaration->count; i++) {
		unsigned bits = scheme_whole_bits(&declaration->schemes[i]);
		if (bits > 0 && in_bits % bits == 0)
			return bits;
	}
	return 0;
}

/* [in x bits / 32, out]; scales [groups, out]; the order has the inputs, the zeros [groups, out x bits / 32]. */
MEASURE(gptq)
{
	const struct tensor *words = weights_of(layout, stored);
	const struct tensor *scales = stored->parts[PART_SCALES];
	const struct tensor *order = stored->parts[PART_G_IDX], *zeros = stored->parts[PART_QZEROS];
	if (!is_matrix(words) || !is_matrix(scales) || along(scales, 1) != along(words, 1))
		return false;
	uint64_t outputs = along(words, 1), in_bits = along(words, 0) * WORD_BITS, bits;
	bool ordered = order && order->elements > 0, zeroed = is_matrix(zeros);
	if (ordered)
		bits = in_bits / order->elements;
	else if (zeroed)
		bits = along(zeros, 1) * WORD_BITS / outputs;
	else
		bits = declared_width(declaration, in_bits);
	ret_measure->misfit = !ordered && !zeroed && bits == 0 && tells(declaration);
	if (!ordered && !zeroed && bits == 0)
		return true;
	if (bits < 2 || bits > 8 || in_bits % bits != 0 ||
		(ordered && order->elements != in_bits / bits))
		return false;
	count(ret_measure, outputs, in_bits / bits, bits);
	ret_measure->inputs = in_bits / bits;
	ret_measure->groups = along(scales, 0);
	return true;
}

/* [in, out x bits / 32]; scales [groups, out]; zeros [groups, out x bits / 32]. */
MEASURE(awq)
{
	const struct tensor *words = weights_of(layout, stored);
	const struct tensor *scales = stored->parts[PART_SCALES],
			    *zeros = stored->parts[PART_QZEROS];
	(void)declaration;
	if (!is_matrix(words) || !is_matrix(scales) || !is_matrix(zeros) ||
		along(zeros, 1) != along(words, 1) || along(zeros, 0) != along(scales, 0))
		return false;
	uint64_t outputs = along(scales, 1), bits = along(words, 1) * WORD_BITS / outputs;
	if (bits < 2 || bits > 8 || !same_product(outputs, bits, along(words, 1), WORD_BITS))
		return false;
	count(ret_measure, along(words, 0), outputs, bits);
	ret_measure->inputs = along(words, 0);
	ret_measure->groups = along(scales, 0);
	return true;
}

/* [out, in / 8]; scales and zeros have a row an output, too, and are padded. */
MEASURE(awq_gemv)
{
	const struct tensor *words = weights_of(layout, stored);
	const struct tensor *scales = stored->parts[PART_SCALES];
	(void)declaration;
	if (!is_matrix(words) || !is_matrix(scales) || along(scales, 0) != along(words, 0))
		return false;
	count(ret_measure, words->elements, WORD_BITS / 4, 4);
	return true;
}

MEASURE(awq_fast)
{
	(void)declaration;
	count(ret_measure, weights_of(layout, stored)->elements, 4, 4);
	return true;
}

/* How many inputs a row of `words` has, if it has `groups` scales and is what the scheme declares; else 0. */
static uint64_t declared_inputs(const struct scheme *scheme, uint64_t words, uint64_t groups)
{
	uint64_t bits = scheme_whole_bits(scheme), most;
	int64_t width = scheme_group_width(scheme);
	if (bits == 0 || bits > 8)
		return 0;
	most = words * WORD_BITS / bits;
	if (width <= 0)
		return groups == 1 ? most : 0;
	uint64_t whole = groups * (uint64_t)width;
	if ((whole * bits + WORD_BITS - 1) / WORD_BITS == words)
		return whole;
	return (most + (uint64_t)width - 1) / (uint64_t)width == groups ? most : 0;
}

/* [out, in x bits / 32]; scales [out, groups]. */
MEASURE(words)
{
	const struct tensor *words = weights_of(layout, stored);
	uint64_t columns = along_last(words), groups = along_last(stored->parts[layout->scales]);
	if (columns == 0 || groups == 0)
		return false;
	for (size_t i = 0; i < declaration->count; i++) {
		const struct scheme *scheme = &declaration->schemes[i];
		uint64_t inputs = declared_inputs(scheme, columns, groups);
		if (inputs == 0)
			continue;
		count(ret_measure, words->elements / columns, inputs, scheme_whole_bits(scheme));
		ret_measure->inputs = inputs;
		ret_measure->groups = groups;
		return true;
	}
	ret_measure->misfit = tells(declaration);
	return true;
}

/* [out / o, in / i, books], each code for o x i weights: codebooks [books, size, o, i]. */
MEASURE(codebooks)
{
	const struct tensor *codes = weights_of(layout, stored);
	const struct tensor *books = stored->parts[PART_CODEBOOKS];
	uint64_t count_of_books = along(books, 0), area;
	(void)declaration;
	if (books->dimensions != 4 || count_of_books == 0 ||
		codes->elements % count_of_books != 0 ||
		__builtin_mul_overflow(along(books, 2), along(books, 3), &area))
		return false;
	count(ret_measure, codes->elements / count_of_books, area, 0);
	return true;
}

/* [in / 16, out / 16, 16 x bits] */
MEASURE(trellis)
{
	const struct tensor *tiles = weights_of(layout, stored);
	(void)declaration;
	if (tiles->dimensions != 3)
		return false;
	count(ret_measure, along(tiles, 0) * TILE, along(tiles, 1) * TILE, 0);
	return true;
}

MEASURE(permuted)
{
	(void)declaration;
	count(ret_measure, along_last(weights_of(layout, stored)),
		stored->parts[PART_EXL2_ORDER]->elements, 0);
	return true;
}

MEASURE(grid)
{
	uint64_t size = stored->parts[PART_TABLES]->elements, bits = 0;
	(void)declaration;
	while (bits < 8 && (uint64_t)1 << bits < size)
		bits++;
	if (bits == 0 || (uint64_t)1 << bits != size)
		return false;
	count(ret_measure, weights_of(layout, stored)->bytes * 8 / bits, 1, bits);
	return true;
}

MEASURE(declared)
{
	unsigned bits = declaration->count == 1 ? scheme_whole_bits(&declaration->schemes[0]) : 0;
	if (bits > 0 && bits <= 8 && 8 % bits == 0)
		count(ret_measure, weights_of(layout, stored)->bytes, 8 / bits, bits);
	return true;
}

MEASURE(scaled)
{
	const struct tensor *weights = weights_of(layout, stored);
	uint64_t scales = stored->parts[layout->scales]->elements;
	for (size_t i = 0; i < declaration->count; i++) {
		unsigned bits = scheme_whole_bits(&declaration->schemes[i]);
		int64_t width = scheme_group_width(&declaration->schemes[i]);
		if (bits == 0 || bits > 8 || width <= 0)
			continue;
		/* Three bits stand ten in a word, and the last word may not be full. */
		bool fits =
			weights->dtype->bits == WORD_BITS
				? bits == 3 && scales * (uint64_t)width <= weights->elements * 10
				: same_product(scales * (uint64_t)width, bits, weights->bytes, 8);
		if (!fits)
			continue;
		count(ret_measure, scales, (uint64_t)width, bits);
		return true;
	}
	ret_measure->misfit = tells(declaration);
	return true;
}

/* Whether so many scales share out the weights in groups of the width. */
static bool shared_out(const struct tensor *scales, int64_t width, uint64_t weights)
{
	return width > 0 &&
	       (same_product(scales->elements, (uint64_t)width, weights, 1) ||
		       same_product(scales->elements / 2, (uint64_t)width, weights, 1));
}

MEASURE(subclass)
{
	const struct tensor *data = weights_of(layout, stored);
	const struct tensor *scales = stored->parts[PART_QDATA_SCALE];
	if (data->dtype->bits == WORD_BITS) {
		count(ret_measure, data->elements, WORD_BITS / 4, 4);
		return true;
	}
	for (size_t i = 0; i < declaration->count; i++) {
		int64_t width = scheme_group_width(&declaration->schemes[i]);
		unsigned bits = scheme_whole_bits(&declaration->schemes[i]);
		if (bits == 4 && shared_out(scales, width, data->bytes * 2)) {
			count(ret_measure, data->bytes, 2, 4);
			return true;
		}
		if (bits > 0 && bits <= 8 && shared_out(scales, width, data->elements)) {
			count(ret_measure, data->elements, 1, bits);
			return true;
		}
	}
	count(ret_measure, data->elements, 1, 8);
	return true;
}

MEASURE(unknown)
{
	(void)layout;
	(void)stored;
	(void)declaration;
	(void)ret_measure;
	return true;
}
