/* What the loader would really install for this config and this checkpoint. Source: Axolotl 0.18's model loader. */
#include "resolve/override.h"

/* Model types for which the loader departs from its defaults. */
static const char *const float32_storage_types[] = { "jamba", "qwen2_moe", "nemotron_h" };

struct skipped_modules {
	const char *model_type;
	const char *module;
	bool in_4bit;
};

static const struct skipped_modules skipped_modules[] = {
	{ .model_type = "falcon_h1", .module = "out_proj", .in_4bit = true },
	{ .model_type = "jamba", .module = "mamba", .in_4bit = false },
};

static bool model_type_is(const struct facts *facts, const char *type)
{
	return facts->checkpoint && text_is(facts->checkpoint->model_type, type);
}

static struct node *node_number(struct arena *arena, enum node_kind kind, struct text digits)
{
	struct node *node = node_string(arena, digits);
	if (node)
		node->kind = kind;
	return node;
}

static struct node *node_list(struct arena *arena, const char *only)
{
	struct node *list = ARENA_NEW(arena, struct node);
	struct node **items = ARENA_ARRAY(arena, struct node *, 1);
	if (!list || !items)
		return NULL;
	items[0] = node_string(arena, text_of(only));
	*list = (struct node){
		.kind = NODE_SEQUENCE, .count = 1, .items = items, .weight = 2, .height = 1
	};
	return items[0] ? list : NULL;
}

static void put_skipped(
	struct arena *arena, const struct facts *facts, struct node *kwargs, bool four)
{
	for (size_t i = 0; i < sizeof(skipped_modules) / sizeof(skipped_modules[0]); i++) {
		const struct skipped_modules *row = &skipped_modules[i];
		if (model_type_is(facts, row->model_type) && (!four || row->in_4bit))
			node_put(kwargs, TEXT("llm_int8_skip_modules"),
				node_list(arena, row->module));
	}
}

static const char *compute_dtype(const struct facts *facts)
{
	const struct setting *bf16 = &facts->settings[KEY_BF16];
	bool automatic = bf16->state == SETTING_MISSING || bf16->automatic;
	if (automatic)
		return is_true(facts, KEY_FP16) ? "float16" : "auto";
	if (is_true(facts, KEY_BF16))
		return "bfloat16";
	return is_true(facts, KEY_FP16) ? "float16" : "float32";
}

static const char *quant_storage(const struct facts *facts)
{
	bool sharded = nonempty(facts, KEY_DEEPSPEED) || is_set(facts, KEY_FSDP_CONFIG) ||
		       is_set(facts, KEY_FSDP);
	for (size_t i = 0; i < 3 && !sharded; i++)
		if (model_type_is(facts, float32_storage_types[i]))
			return "float32";
	return "bfloat16";
}

/* In place of one of the first `own` members, or behind all. */
static void put_over(struct node *kwargs, uint32_t own, const struct member *member)
{
	for (uint32_t i = 0; i < own; i++)
		if (text_equal(kwargs->members[i].key, member->key)) {
			kwargs->members[i].value = member->value;
			return;
		}
	node_put_member(kwargs, member);
}

static const struct node *nf4_kwargs(struct arena *arena, const struct facts *facts)
{
	const struct node *over = is_set(facts, KEY_BNB_CONFIG_KWARGS)
					  ? facts->settings[KEY_BNB_CONFIG_KWARGS].value
					  : NULL;
	struct node *kwargs = node_mapping(arena, 9 + (over ? over->count : 0));
	if (!kwargs)
		return NULL;
	node_put(kwargs, TEXT("load_in_4bit"), node_boolean(arena, true));
	node_put(kwargs, TEXT("llm_int8_threshold"), node_number(arena, NODE_FLOAT, TEXT("6.0")));
	node_put(kwargs, TEXT("llm_int8_has_fp16_weight"), node_boolean(arena, false));
	node_put(kwargs, TEXT("bnb_4bit_compute_dtype"),
		node_string(arena, text_of(compute_dtype(facts))));
	node_put(kwargs, TEXT("bnb_4bit_use_double_quant"), node_boolean(arena, true));
	node_put(kwargs, TEXT("bnb_4bit_quant_type"), node_string(arena, TEXT("nf4")));
	node_put(kwargs, TEXT("bnb_4bit_quant_storage"),
		node_string(arena, text_of(quant_storage(facts))));
	put_skipped(arena, facts, kwargs, true);
	uint32_t own = kwargs->count;
	for (uint32_t i = 0; over && i < over->count; i++)
		put_over(kwargs, own, &over->members[i]);
	return kwargs;
}

static const struct node *int8_kwargs(struct arena *arena, const struct facts *facts)
{
	struct node *kwargs = node_mapping(arena, 3);
	if (kwargs)
		node_put(kwargs, TEXT("load_in_8bit"), node_boolean(arena, true));
	put_skipped(arena, facts, kwargs, false);
	return kwargs;
}

static struct text group_size(const struct facts *facts)
{
	const struct base_quantization *base = &facts->base;
	if (!base->row->group_size)
		return TEXT("");
	if (base->row->group_size_argument && base->group_size_set)
		return (base->structured.dialect ? &base->structured : &base->peft)
			->group_size->text;
	return text_of(base->row->group_size);
}

static void install_torchao(
	struct arena *arena, const struct facts *facts, struct effective *effective)
{
	const struct installed_row *row = facts->base.row;
	effective->quant_type_class = row->quant_type;
	struct node *kwargs = node_mapping(arena, 1);
	if (kwargs && row->group_size_argument)
		node_put(kwargs, TEXT("group_size"),
			node_number(arena, NODE_INTEGER, effective->group_size));
	effective->quant_type_kwargs = kwargs;
}

static const struct node *class_kwargs(struct arena *arena, const struct facts *facts)
{
	const struct node *kwargs = base_kwargs(facts);
	return kwargs ? kwargs : node_mapping(arena, 0);
}

static bool asks(const struct node *kwargs, const char *name)
{
	const struct node *value = node_get(kwargs, name);
	return value && value->kind == NODE_BOOLEAN && value->boolean;
}

/* What bnb_config_kwargs make of it: without either flag transformers takes the 4-bit way all the same. */
static void install_nf4(struct arena *arena, const struct facts *facts, struct effective *effective)
{
	const struct node *kwargs = effective->installs_kwargs = nf4_kwargs(arena, facts);
	const struct node *type = node_get(kwargs, "bnb_4bit_quant_type");
	effective->load_in_8bit = asks(kwargs, "load_in_8bit") && !asks(kwargs, "load_in_4bit");
	effective->load_in_4bit = !effective->load_in_8bit;
	if (effective->load_in_8bit) {
		effective->weight_dtype = text_of(dtype_names[DTYPE_INT8]);
		effective->weight_bits = TEXT("8");
	} else if (type && type->kind == NODE_STRING) {
		effective->weight_dtype = type->text;
	}
}

static void install_base(
	struct arena *arena, const struct facts *facts, struct effective *effective)
{
	const struct installed_row *row = facts->base.row;
	const struct backend_row *backend = &backends[facts->base.backend];
	effective->source = QUANTIZATION_CONFIG;
	effective->backend = backend->name;
	effective->quant_method = text_of(backend->quant_method);
	effective->weight_dtype =
		text_of(facts->base.dtype ? dtype_names[facts->base.dtype] : NULL);
	effective->weight_bits = text_of(row->bits);
	effective->load_in_4bit = row->load_in_4bit;
	effective->load_in_8bit = row->load_in_8bit;
	effective->group_size = group_size(facts);
	effective->lora_layer = row->lora_layer;
	effective->installs_class = backend->class;
	if (row->adapter && adapter_is_lora(facts))
		effective->adapter = text_of(row->adapter);
	if (facts->base.backend == BACKEND_TORCHAO)
		install_torchao(arena, facts, effective);
	else if (facts->base.backend != BACKEND_BNB)
		effective->installs_kwargs = class_kwargs(arena, facts);
	else if (facts->base.dtype == DTYPE_NF4)
		install_nf4(arena, facts, effective);
	else
		effective->installs_kwargs = int8_kwargs(arena, facts);
}

static bool checkpoint_wins(const struct facts *facts)
{
	if (!checkpoint_quantized(facts))
		return false;
	if (checkpoint_overridden(facts) ||
		(checkpoint_handed_on(facts) && is_true(facts, KEY_GPTQ)))
		return true;
	if (!base_reaches_loader(facts))
		return checkpoint_honoured(facts);
	return checkpoint_handed_on(facts) && adapter_is_lora(facts);
}

/* Its weights are unpacked while they are loaded. */
static void install_dequantized(struct effective *effective)
{
	effective->dequantized = true;
	effective->weight_dtype = TEXT("");
	effective->weight_bits = TEXT("16");
	effective->group_size = TEXT("");
}

static void install_checkpoint(
	struct arena *arena, const struct facts *facts, struct effective *effective)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	effective->source = QUANTIZATION_CHECKPOINT;
	effective->quant_method =
		checkpoint->method ? text_of(checkpoint->method->name) : checkpoint->quant_method;
	effective->weight_dtype = checkpoint->scheme.weight_dtype;
	effective->weight_bits = checkpoint->scheme.weight_bits;
	effective->group_size = checkpoint->scheme.group_size;
	effective->load_in_4bit = checkpoint->load_in_4bit;
	effective->load_in_8bit = checkpoint->load_in_8bit;
	bool passed =
		checkpoint_handed_on(facts) && (adapter_is_lora(facts) || is_true(facts, KEY_GPTQ));
	if (checkpoint_overridden(facts)) {
		effective->installs_class = checkpoint->config_class;
		effective->installs_kwargs = override_kwargs(arena, facts);
	} else if (passed) {
		effective->installs_class = checkpoint->config_class;
		effective->installs_kwargs = checkpoint->block;
	}
	if (checkpoint_dequantized(facts))
		install_dequantized(effective);
}

/* Without either flag transformers takes the 4-bit way; the class's own type is fp4. */
static void install_anew(const struct facts *facts, struct effective *effective)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	const struct node *type = node_get(checkpoint->block, "bnb_4bit_quant_type");
	effective->source = QUANTIZATION_CHECKPOINT;
	effective->quant_method = checkpoint->quant_method;
	effective->weight_dtype = type && type->kind == NODE_STRING ? type->text : TEXT("fp4");
	effective->weight_bits = TEXT("4");
	effective->group_size = TEXT("64");
	effective->installs_class = checkpoint_handed_class(facts);
	effective->installs_kwargs = checkpoint->block;
}

/* `gptq: true` without a checkpoint to look at: the class is known, its parameters are not. */
static void install_gptq(struct arena *arena, struct effective *effective)
{
	effective->source = QUANTIZATION_CHECKPOINT;
	effective->quant_method = TEXT("gptq");
	effective->installs_class = "GPTQConfig";
	effective->installs_kwargs = node_mapping(arena, 0);
}

static bool installs_base(const struct facts *facts)
{
	return base_reaches_loader(facts) && facts->base.row && !dequantizes_nothing(facts) &&
	       !mxfp4_changes_nothing(facts);
}

static const char *experts(const struct facts *facts)
{
	if (!is_true(facts, KEY_QUANTIZE_MOE_EXPERTS) || lacks_experts(facts))
		return NULL;
	if (base_is(facts, BACKEND_BNB) && !merge_drops_base(facts))
		return dtype_names[facts->base.dtype];
	return facts->base.dialect == DIALECT_NONE ? "mxfp4" : NULL;
}

static void tell_consequences(const struct facts *facts, struct effective *effective)
{
	bool config = effective->source == QUANTIZATION_CONFIG;
	bool torchao = config && base_is(facts, BACKEND_TORCHAO);
	effective->experts = experts(facts);
	effective->merge_method_required = torchao ? "legacy" : NULL;
	if (fsdp2(facts) && torchao)
		effective->fsdp2_bnb_patches = "skipped";
	if (fsdp2(facts) && config && base_is(facts, BACKEND_BNB))
		effective->fsdp2_bnb_patches = "applied";
}

const struct effective *effective_make(struct resolver *resolver)
{
	const struct facts *facts = &resolver->facts;
	struct effective *effective = ARENA_NEW(resolver->arena, struct effective);
	if (!effective)
		return NULL;
	if (is_set(facts, KEY_ADAPTER))
		effective->adapter = says(facts, KEY_ADAPTER, "qlora")
					     ? TEXT("lora")
					     : facts->settings[KEY_ADAPTER].text;
	if (checkpoint_wins(facts)) {
		effective->adapter = facts->settings[KEY_ADAPTER].text;
		install_checkpoint(resolver->arena, facts, effective);
	} else if (checkpoint_made_anew(facts))
		install_anew(facts, effective);
	else if (is_true(facts, KEY_GPTQ))
		install_gptq(resolver->arena, effective);
	else if (installs_base(facts))
		install_base(resolver->arena, facts, effective);
	tell_consequences(facts, effective);
	return effective;
}
