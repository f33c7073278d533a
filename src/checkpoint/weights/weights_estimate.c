/* What a plan makes of the weights' bytes. */
#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/digits.h"
#include "checkpoint/names/pattern.h"
#include "checkpoint/weights/weights.h"

static const char formula[] =
	"per module that is quantized: weights x bits / 8 + one scale per group; everything else in the dtype in which it "
	"is loaded; weights only, without optimizer, activations or adapters";

/* What no model reaches, and no conversion exceeds. */
#define LARGEST 1e19
/* Letters looked at for the names that are skipped: some milliseconds. */
#define WORK_MAXIMUM 10000000

struct skipping {
	struct arena *arena;
	struct pattern_pool *pool;
	struct exclusion *list;
	size_t count;
	size_t left; /* see WORK_MAXIMUM */
};

static bool has_digits(const struct exclusion *exclusion)
{
	for (size_t i = 0; i < exclusion->key.length; i++)
		if (is_digit(exclusion->key.data[i]))
			return true;
	return exclusion->pattern && !pattern_ignores_digits(exclusion->key);
}

/* Whether any entry that does (or does not) tell digits apart is about the name. */
static bool is_skipped(struct skipping *skipping, struct text name, bool digits)
{
	for (size_t i = 0; i < skipping->count; i++)
		if (has_digits(&skipping->list[i]) == digits &&
			exclusion_matches(
				skipping->pool, &skipping->list[i], name, &skipping->left))
			return true;
	return false;
}

static bool tells_digits(const struct skipping *skipping)
{
	for (size_t i = 0; i < skipping->count; i++)
		if (has_digits(&skipping->list[i]))
			return true;
	return false;
}

static size_t count_skipped(struct skipping *skipping, const struct weights_class *class)
{
	size_t count = 0;
	if (skipping->count == 0)
		return 0;
	if (is_skipped(skipping, class->name, false))
		return class->modules;
	char *room =
		tells_digits(skipping) ? arena_take(skipping->arena, class->name.length + 1) : NULL;
	for (size_t i = 0; room && i < class->modules && skipping->left > 0; i++) {
		digits_put(room, class->name, class->digits + i * class->digit_count);
		count += is_skipped(skipping, (struct text){ room, class->name.length }, true);
	}
	return count;
}

static bool begin(
	struct skipping *skipping, struct arena *arena, const struct text *skips, size_t skip_count)
{
	*skipping = (struct skipping){ .arena = arena, .left = WORK_MAXIMUM };
	if (skip_count == 0)
		return true;
	skipping->pool = pattern_pool_new(arena);
	skipping->list = ARENA_ARRAY(arena, struct exclusion, skip_count);
	if (!skipping->pool || !skipping->list)
		return false;
	for (; skipping->count < skip_count; skipping->count++)
		skipping->list[skipping->count] =
			exclusion_of_request(skipping->pool, skips[skipping->count]);
	return true;
}

bool weights_skipped(struct arena *arena, const struct weights_class *const *classes, size_t count,
	const struct text *skips, size_t skip_count, size_t *ret_counts)
{
	struct skipping skipping;
	bool done = begin(&skipping, arena, skips, skip_count);
	for (size_t i = 0; done && i < count; i++)
		ret_counts[i] = count_skipped(&skipping, classes[i]);
	pattern_pool_end(skipping.pool);
	return done && skipping.left > 0;
}

static double parts(uint64_t whole, uint32_t width)
{
	return (double)(whole / width + (whole % width != 0));
}

static double scales_of(const struct weights_class *class, const struct weights_target *target)
{
	if (target->columns == 0)
		return 0;
	if (target->rows == 0)
		return parts(class->outputs * class->inputs, target->columns);
	return parts(class->outputs, target->rows) * parts(class->inputs, target->columns);
}

static bool stays(const struct weights_class *class, const struct weights_plan *plan)
{
	const struct weights_target *target = class->fused ? &plan->fused : &plan->linear;
	return target->bits <= 0 || (!class->fused && plan->stays[class->role]) ||
	       (target->divides && target->columns > 0 && class->inputs % target->columns != 0);
}

/* By how many bytes the modules of a class grow (or shrink) when they are quantized. */
static double change(struct skipping *skipping, const struct weights_class *class,
	const struct weights_plan *plan)
{
	const struct weights_target *target = class->fused ? &plan->fused : &plan->linear;
	if (stays(class, plan))
		return 0;
	double weights = (double)class->outputs * (double)class->inputs;
	double now = weights * (plan->float_bits > 0 ? plan->float_bits : class->bits);
	double then = weights * target->bits + scales_of(class, target) * target->scale_bits;
	return (double)(class->modules - count_skipped(skipping, class)) * (then - now) / 8;
}

/* As long as nothing is quantized. */
static double role_bytes(const struct weights_role *role, const struct weights_plan *plan)
{
	double floats = plan->float_bits > 0 ? (double)role->float_parameters * plan->float_bits / 8
					     : (double)role->float_bytes;
	double packed = plan->unpacked_bits > 0
				? (double)role->packed_parameters * plan->unpacked_bits / 8
				: (double)role->packed_bytes;
	return floats + packed + (double)(role->bytes - role->float_bytes - role->packed_bytes);
}

static uint64_t whole(double bytes)
{
	return bytes >= LARGEST ? UINT64_MAX : bytes > 0 ? (uint64_t)(bytes + 0.5) : 0;
}

static void conclude(struct weights_estimate *estimate, const double by_role[ROLE_COUNT])
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		estimate->by_role[i] = whole(by_role[i]);
		if (__builtin_add_overflow(estimate->bytes, estimate->by_role[i], &estimate->bytes))
			estimate->bytes = UINT64_MAX;
	}
}

const struct weights_estimate *weights_estimate(
	struct arena *arena, const struct weights *weights, const struct weights_plan *plan)
{
	struct skipping skipping;
	double by_role[ROLE_COUNT];
	struct weights_estimate *estimate = ARENA_NEW(arena, struct weights_estimate);
	if (!estimate || !weights->headers ||
		(plan->unpacked_bits > 0 && !weights->parameters_known))
		return NULL;
	estimate->formula = formula;
	bool done = begin(&skipping, arena, plan->skips, plan->skip_count);
	for (int i = 0; i < ROLE_COUNT; i++)
		by_role[i] = role_bytes(&weights->roles[i], plan);
	for (size_t i = 0; done && i < weights->class_count; i++)
		by_role[weights->classes[i].role] += change(&skipping, &weights->classes[i], plan);
	pattern_pool_end(skipping.pool);
	conclude(estimate, by_role);
	return done && skipping.left > 0 ? estimate : NULL;
}

uint64_t weights_fused_bytes(const struct weights *weights, unsigned bits)
{
	double bytes = 0;
	for (size_t i = 0; i < weights->class_count; i++) {
		const struct weights_class *class = &weights->classes[i];
		if (class->fused)
			bytes += (double)class->modules * (double)class->outputs *
				 (double)class->inputs * (bits > 0 ? bits : class->bits) / 8;
	}
	return whole(bytes);
}
