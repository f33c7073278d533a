/* How the weights would be loaded: what the estimate of their bytes is made of. */
#include "resolve/resolver.h"

#include <stdlib.h>

/* Of what is unpacked while it is loaded. */
#define UNPACKED_BITS 16
/* Of a float scale. */
#define SCALE_BITS 32

/* Roles without linear modules: transformers keeps routers as parameters. */
static const enum role without_linear[] = { ROLE_EMBEDDINGS, ROLE_NORM, ROLE_ROUTER };

static struct weights_target target_of(const struct installed_row *row, const struct facts *facts)
{
	bool own = row->group_size_argument && facts->base.group_size_set &&
		   facts->base.group_size <= UINT32_MAX;
	return (struct weights_target){
		.bits = row->bits ? strtod(row->bits, NULL) : 0,
		.rows = row->scale_rows,
		.columns = own ? (uint32_t)facts->base.group_size : row->scale_columns,
		.scale_bits = row->scale_bits,
		.divides = row->backend == BACKEND_TORCHAO && row->dtype == DTYPE_INT4,
	};
}

/* The keywords decide between 4 and 8 bits, and whether scales have scales. */
static struct weights_target bnb_target(
	const struct facts *facts, const struct effective *effective)
{
	const struct node *kwargs = effective->installs_kwargs;
	enum dtype dtype = effective->load_in_8bit ? DTYPE_INT8 : DTYPE_NF4;
	struct weights_target target = target_of(installed_find(BACKEND_BNB, dtype), facts);
	const struct node *twice = node_get(kwargs, "bnb_4bit_use_double_quant");
	if (twice && twice->kind == NODE_BOOLEAN && !twice->boolean)
		target.scale_bits = SCALE_BITS;
	return target;
}

static bool positive(const struct node *node, uint32_t *ret_value)
{
	int64_t value;
	if (!node_integer(node, &value) || value <= 0 || value > UINT32_MAX)
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

/* null is one scale for all of a module. */
static struct weights_target fp8_target(const struct facts *facts)
{
	struct weights_target target = target_of(facts->base.row, facts);
	const struct node *size = node_get(base_kwargs(facts), "weight_block_size");
	if (size && size->kind == NODE_NULL)
		target.rows = target.columns = UINT32_MAX;
	else if (size && size->kind == NODE_SEQUENCE && size->count == 2)
		(void)(positive(size->items[0], &target.rows) &&
			positive(size->items[1], &target.columns));
	return target;
}

struct weights_target base_target(const struct facts *facts)
{
	return base_is(facts, BACKEND_FP8) ? fp8_target(facts) : target_of(facts->base.row, facts);
}

const struct node *fp8_skip_list(const struct node *kwargs)
{
	const struct node *list = node_get(kwargs, "modules_to_not_convert");
	return node_is_null(list) ? node_get(kwargs, "ignored_layers") : list;
}

const struct text *skip_names(struct arena *arena, const struct node *list, size_t *ret_count)
{
	*ret_count = 0;
	if (!list || list->kind != NODE_SEQUENCE)
		return NULL;
	struct text *names = ARENA_ARRAY(arena, struct text, list->count);
	for (uint32_t i = 0; names && i < list->count; i++)
		if (list->items[i]->kind == NODE_STRING)
			names[(*ret_count)++] = list->items[i]->text;
	return names;
}

/* With a list the modules that are kept by default are not. */
static void read_skips(struct arena *arena, const struct node *list, struct weights_plan *plan)
{
	if (!list || list->kind != NODE_SEQUENCE)
		return;
	plan->skips = skip_names(arena, list, &plan->skip_count);
	plan->stays[ROLE_LM_HEAD] = false;
}

static void plan_base(struct arena *arena, const struct facts *facts,
	const struct effective *effective, struct weights_plan *plan)
{
	const struct node *kwargs = effective->installs_kwargs;
	const struct node *list = node_get(kwargs, "modules_to_not_convert");
	switch (facts->base.backend) {
	case BACKEND_BNB:
		plan->linear = bnb_target(facts, effective);
		list = node_get(kwargs, "llm_int8_skip_modules");
		break;
	case BACKEND_FP8:
		plan->linear = plan->fused = fp8_target(facts);
		list = fp8_skip_list(kwargs);
		break;
	case BACKEND_MXFP4:
		plan->fused = target_of(facts->base.row, facts);
		break;
	default:
		plan->linear = target_of(facts->base.row, facts);
		break;
	}
	/* Of the backends bitsandbytes alone looks for Conv1D. */
	if (facts->checkpoint->has_conv1d && facts->base.backend != BACKEND_BNB)
		plan->linear.bits = 0;
	read_skips(arena, list, plan);
}

/* quantize_moe_experts: as the bnb base, or MXFP4 without one. */
static void plan_experts(
	const struct facts *facts, const struct effective *effective, struct weights_plan *plan)
{
	const struct installed_row *row = installed_find(BACKEND_MXFP4, DTYPE_NONE);
	if (base_is(facts, BACKEND_BNB))
		plan->fused = bnb_target(facts, effective);
	else if (row)
		plan->fused = target_of(row, facts);
}

unsigned float_bits(const struct facts *facts)
{
	const struct setting *bf16 = &facts->settings[KEY_BF16];
	bool half = bf16->state == SETTING_MISSING || bf16->automatic || is_true(facts, KEY_BF16) ||
		    is_true(facts, KEY_FP16) ||
		    (base_is(facts, BACKEND_BNB) && base_has_dtype(facts, DTYPE_INT8));
	return half ? 16 : 32;
}

bool experts_stay_native(const struct facts *facts)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	if (!base_needs_adapter(facts) || !base_reaches_loader(facts) || !checkpoint ||
		checkpoint->quantized || is_true(facts, KEY_QUANTIZE_MOE_EXPERTS))
		return false;
	return (checkpoint->fuses_experts && checkpoint->experts > 0) ||
	       (checkpoint->weights && weights_fused_bytes(checkpoint->weights, 0) > 0);
}

const struct weights_estimate *estimate_make(
	struct arena *arena, const struct facts *facts, const struct effective *effective)
{
	struct weights_plan plan = { .float_bits = float_bits(facts) };
	if (!facts->checkpoint || !facts->checkpoint->weights)
		return NULL;
	plan.stays[ROLE_LM_HEAD] = true;
	for (size_t i = 0; i < sizeof(without_linear) / sizeof(without_linear[0]); i++)
		plan.stays[without_linear[i]] = true;
	if (checkpoint_dequantized(facts))
		plan.unpacked_bits = UNPACKED_BITS;
	else if (effective->source == QUANTIZATION_CONFIG && facts->base.row)
		plan_base(arena, facts, effective, &plan);
	if (effective->experts && !checkpoint_quantized(facts))
		plan_experts(facts, effective, &plan);
	return weights_estimate(arena, facts->checkpoint->weights, &plan);
}
