/* How each role of modules would be stored: what the estimate of the base weights' bytes is made of. */
#include "resolve/resolver.h"

#include <stdlib.h>

#define DEQUANTIZED_BITS 16

/* Roles that no loader quantizes on request: transformers keeps lm_head, and the others are no linear layers. */
static bool stays_native(enum role role)
{
	return role == ROLE_LM_HEAD || role == ROLE_EMBEDDINGS || role == ROLE_NORM;
}

static double number(const char *digits)
{
	return digits ? strtod(digits, NULL) : 0;
}

static struct weights_target target_of(const struct installed_row *row, const struct facts *facts)
{
	bool own = row->group_size_argument && facts->base.group_size_set &&
		   facts->base.group_size <= UINT32_MAX;
	return (struct weights_target){
		.bits = number(row->bits),
		.group_size = own ? (uint32_t)facts->base.group_size : row->scale_group,
		.scale_bits = row->scale_bits,
	};
}

static void quantize_base(const struct facts *facts, struct weights_target *targets)
{
	bool experts_only = facts->base.backend == BACKEND_MXFP4;
	struct text type = facts->checkpoint->model_type;
	if (experts_only && type.length && !text_is(type, "gpt_oss"))
		return; /* mxfp4-override-no-effect */
	for (int role = 0; role < ROLE_COUNT; role++)
		if (experts_only ? role == ROLE_EXPERTS : !stays_native((enum role)role))
			targets[role] = target_of(facts->base.row, facts);
}

/* quantize_moe_experts: as the bnb base, or MXFP4 without one. */
static void quantize_experts(const struct facts *facts, struct weights_target *targets)
{
	const struct installed_row *row = base_is(facts, BACKEND_BNB)
						  ? facts->base.row
						  : installed_find(BACKEND_MXFP4, DTYPE_NONE);
	if (row)
		targets[ROLE_EXPERTS] = target_of(row, facts);
}

static void dequantize(struct weights_target *targets)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		targets[role] = (struct weights_target){ .bits = DEQUANTIZED_BITS };
}

const struct weights_estimate *estimate_make(
	struct arena *arena, const struct facts *facts, const struct effective *effective)
{
	if (!facts->checkpoint || !facts->checkpoint->weights)
		return NULL;
	struct weights_target targets[ROLE_COUNT] = { { .bits = 0 } };
	if (checkpoint_dequantized(facts))
		dequantize(targets);
	else if (effective->source == QUANTIZATION_CONFIG && facts->base.row)
		quantize_base(facts, targets);
	if (effective->experts && !checkpoint_quantized(facts))
		quantize_experts(facts, targets);
	struct weights_estimate *estimate = ARENA_NEW(arena, struct weights_estimate);
	bool known = estimate && weights_estimate(facts->checkpoint->weights, targets, estimate);
	return known ? estimate : NULL;
}
