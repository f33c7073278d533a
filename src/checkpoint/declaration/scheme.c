#include "checkpoint/declaration/scheme.h"

#include "base/buffer.h"

#include <string.h>

static struct text or_empty(const char *string)
{
	return text_of(string);
}

struct scheme scheme_of_preset(const struct scheme_preset *preset)
{
	return (struct scheme){
		.family = preset->family,
		.weight_bits = or_empty(preset->bits),
		.group_size = or_empty(preset->group_size),
		.symmetric = or_empty(preset->symmetric),
		.weight_dtype = or_empty(preset->weight_dtype),
		.scale = or_empty(preset->scale),
		.activations = or_empty(preset->activations),
		.group = text_of(""),
	};
}

static bool same_name(struct text a, const char *b)
{
	struct text other = text_of(b);
	if (a.length != other.length)
		return false;
	for (size_t i = 0; i < a.length; i++) {
		char x = a.data[i] == '-' ? '_' : a.data[i];
		char y = other.data[i] == '-' ? '_' : other.data[i];
		if (!text_equal_nocase((struct text){ &x, 1 }, (struct text){ &y, 1 }))
			return false;
	}
	return true;
}

const struct scheme_preset *scheme_preset_find(
	const struct scheme_preset *presets, struct text name)
{
	for (; presets->name; presets++)
		if (same_name(name, presets->name))
			return presets;
	return NULL;
}

const char *scheme_family(
	bool floating, struct text bits, struct text group_size, struct text scale)
{
	if (!floating)
		return text_is(bits, "4") ? "int4" : text_is(bits, "8") ? "int8" : "other";
	bool by_32 = text_is(group_size, "32");
	if (text_is(bits, "8"))
		return by_32 && text_is(scale, "e8m0") ? "mxfp8" : "fp8";
	if (!text_is(bits, "4"))
		return "other";
	if (by_32 && (text_is(scale, "e8m0") || scale.length == 0))
		return "mxfp4";
	return text_is(group_size, "16") ? "nvfp4" : "fp4";
}

struct text scheme_digits(const struct node *node)
{
	bool number = node && (node->kind == NODE_INTEGER || node->kind == NODE_FLOAT);
	return number && node->text.length <= SCHEME_DIGITS_MAXIMUM ? node->text : text_of("");
}

/* For Python 4.0 is 4; a width below 1 is none, and nobody writes one with an exponent. */
struct text scheme_bits(const struct node *node)
{
	struct text digits = scheme_digits(node);
	if (digits.length == 0 || digits.data[0] == '-' || !node_truthy(node) ||
		memchr(digits.data, 'e', digits.length) || memchr(digits.data, 'E', digits.length))
		return text_of("");
	const char *point = memchr(digits.data, '.', digits.length);
	size_t end = digits.length;
	while (point && end > 0 && digits.data[end - 1] == '0')
		end--;
	return point == digits.data + end - 1 ? (struct text){ digits.data, end - 1 } : digits;
}

struct text scheme_size(struct arena *arena, const struct node *node)
{
	if (!node || node->kind != NODE_SEQUENCE)
		return node && node->kind == NODE_INTEGER ? scheme_digits(node) : text_of("");
	if (node->count == 0 || node->count > 4)
		return text_of("");
	struct buffer out;
	buffer_init(&out, arena, 32);
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != NODE_INTEGER ||
			node->items[i]->text.length > SCHEME_DIGITS_MAXIMUM)
			return text_of("");
		buffer_add_byte(&out, i > 0 ? ',' : '[');
		buffer_add(&out, node->items[i]->text);
	}
	buffer_add_byte(&out, ']');
	return buffer_text(&out);
}

struct text scheme_boolean(const struct node *node)
{
	if (!node || node->kind != NODE_BOOLEAN)
		return text_of("");
	return text_of(node->boolean ? "true" : "false");
}

const struct node *scheme_first(const struct node *block, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count && keys[i]; i++) {
		const struct node *value = node_get(block, keys[i]);
		if (!node_is_null(value))
			return value;
	}
	return NULL;
}

static struct text symmetric_by_keys(const struct scheme_keys *keys, const struct node *block)
{
	const struct node *said = keys->symmetric ? node_get(block, keys->symmetric) : NULL;
	if (said && said->kind == NODE_BOOLEAN)
		return scheme_boolean(said);
	const struct node *denied = keys->asymmetric ? node_get(block, keys->asymmetric) : NULL;
	if (denied && denied->kind == NODE_BOOLEAN)
		return text_of(denied->boolean ? "false" : "true");
	return text_of(keys->default_symmetric);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scheme scheme_by_keys(
	struct arena *arena, const struct scheme_keys *keys, const struct node *block)
{
	const struct node *bits = scheme_first(block, keys->bits, COUNT(keys->bits));
	const struct node *size = scheme_first(block, keys->group_size, COUNT(keys->group_size));
	struct scheme scheme = {
		.family = keys->family,
		.weight_bits = bits ? scheme_bits(bits) : text_of(keys->default_bits),
		.group_size = size ? scheme_size(arena, size) : text_of(""),
		.symmetric = symmetric_by_keys(keys, block),
		.weight_dtype = or_empty(keys->weight_dtype),
		.scale = or_empty(keys->scale),
		.activations = or_empty(keys->activations),
		.group = text_of(""),
	};
	/* The class's default, where anything is known of the width. */
	if (!size && (scheme.weight_bits.length > 0 || keys->family))
		scheme.group_size = text_of(keys->default_group_size);
	if (!scheme.family && scheme.weight_bits.length > 0)
		scheme.family =
			scheme_family(false, scheme.weight_bits, scheme.group_size, scheme.scale);
	if (scheme.weight_dtype.length == 0 && !keys->family && scheme.weight_bits.length > 0)
		scheme.weight_dtype =
			arena_printf(arena, "int%.*s", TEXT_ARGUMENTS(scheme.weight_bits));
	return scheme;
}

static bool same_weights(const struct scheme *a, const struct scheme *b)
{
	bool family = a->family == b->family ||
		      (a->family && b->family && strcmp(a->family, b->family) == 0);
	return family && text_equal(a->weight_bits, b->weight_bits) &&
	       text_equal(a->group_size, b->group_size) &&
	       text_equal(a->weight_dtype, b->weight_dtype);
}

void scheme_add(struct inspector *inspector, struct scheme scheme)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	for (size_t i = 0; i < checkpoint->group_count; i++) {
		if (!same_weights(&checkpoint->groups[i], &scheme))
			continue;
		checkpoint->groups[i].modules += scheme.modules;
		return;
	}
	if (!checkpoint->groups)
		checkpoint->groups =
			ARENA_ARRAY(inspector->arena, struct scheme, CHECKPOINT_GROUPS_MAXIMUM);
	if (!checkpoint->groups)
		return;
	if (checkpoint->group_count == CHECKPOINT_GROUPS_MAXIMUM)
		checkpoint->groups_left_out++;
	else
		checkpoint->groups[checkpoint->group_count++] = scheme;
}

/* A mixture says itself only what all its groups share. */
static struct text shared(const struct checkpoint *checkpoint, size_t offset)
{
	struct text first = *(const struct text *)((const char *)&checkpoint->groups[0] + offset);
	for (size_t i = 1; i < checkpoint->group_count; i++) {
		const char *group = (const char *)&checkpoint->groups[i];
		if (!text_equal(first, *(const struct text *)(group + offset)))
			return text_of("");
	}
	return first;
}

static struct scheme mixture(const struct checkpoint *checkpoint)
{
	return (struct scheme){
		.family = "mixed",
		.weight_bits = shared(checkpoint, offsetof(struct scheme, weight_bits)),
		.group_size = shared(checkpoint, offsetof(struct scheme, group_size)),
		.symmetric = shared(checkpoint, offsetof(struct scheme, symmetric)),
		.weight_dtype = shared(checkpoint, offsetof(struct scheme, weight_dtype)),
		.scale = shared(checkpoint, offsetof(struct scheme, scale)),
		.activations = shared(checkpoint, offsetof(struct scheme, activations)),
		.group = text_of(""),
	};
}

void inspect_scheme(struct inspector *inspector)
{
	struct checkpoint *checkpoint = inspector->checkpoint;
	const struct method_row *row = checkpoint->method;
	if (!checkpoint->quantized || !row)
		return;
	if (row->read_scheme)
		row->read_scheme(inspector);
	else
		scheme_add(
			inspector, scheme_by_keys(inspector->arena, &row->keys, inspector->block));
	if (checkpoint->group_count == 1) {
		checkpoint->scheme = checkpoint->groups[0];
		checkpoint->scheme.group = text_of("");
		checkpoint->scheme.modules = 0;
		checkpoint->group_count = 0;
	} else if (checkpoint->group_count > 1) {
		checkpoint->scheme = mixture(checkpoint);
	}
}
