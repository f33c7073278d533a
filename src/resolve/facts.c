#include "resolve/facts.h"

#include "schema/suggestion.h"

static const char *const dialect_names[DIALECT_COUNT] = {
	[DIALECT_NONE] = "none",
	[DIALECT_NESTED] = "nested",
	[DIALECT_FLAT] = "flat",
	[DIALECT_CLASS_NAME] = "class-name",
	[DIALECT_PEFT_BLOCK] = "peft-block",
	[DIALECT_FLAGS] = "flags",
};

const char *dialect_name(enum dialect dialect)
{
	return dialect_names[dialect];
}

bool is_set(const struct facts *facts, enum key key)
{
	return facts->settings[key].state == SETTING_SET;
}

bool is_true(const struct facts *facts, enum key key)
{
	return is_set(facts, key) && facts->settings[key].boolean;
}

bool is_false(const struct facts *facts, enum key key)
{
	return is_set(facts, key) && !facts->settings[key].boolean;
}

bool says(const struct facts *facts, enum key key, const char *word)
{
	return is_set(facts, key) && text_is(facts->settings[key].text, word);
}

bool nonempty(const struct facts *facts, enum key key)
{
	if (!is_set(facts, key))
		return false;
	const struct node *value = facts->settings[key].value;
	bool collection = value->kind == NODE_SEQUENCE || value->kind == NODE_MAPPING;
	return collection ? value->count > 0 : value->text.length > 0;
}

bool base_is(const struct facts *facts, enum backend backend)
{
	return facts->base.dialect != DIALECT_NONE && facts->base.backend == backend;
}

bool base_has_dtype(const struct facts *facts, enum dtype dtype)
{
	return facts->base.dialect != DIALECT_NONE && facts->base.dtype == dtype;
}

bool base_is_4bit(const struct facts *facts)
{
	return facts->base.row && facts->base.row->four_bit;
}

bool base_needs_adapter(const struct facts *facts)
{
	return base_is(facts, BACKEND_BNB) || base_is(facts, BACKEND_TORCHAO);
}

bool base_reaches_loader(const struct facts *facts)
{
	if (facts->base.dialect == DIALECT_NONE || merge_drops_base(facts))
		return false;
	return !base_needs_adapter(facts) || adapter_is_lora(facts);
}

bool has_block(const struct facts *facts)
{
	enum dialect dialect = facts->base.structured.dialect;
	return dialect == DIALECT_NESTED || dialect == DIALECT_FLAT ||
	       facts->base.peft.dialect != DIALECT_NONE;
}

bool block_is(const struct facts *facts, enum backend backend)
{
	return has_block(facts) && base_is(facts, backend);
}

bool adapter_is_lora(const struct facts *facts)
{
	return says(facts, KEY_ADAPTER, "lora") || says(facts, KEY_ADAPTER, "qlora");
}

bool adapter_is_missing(const struct facts *facts)
{
	return !nonempty(facts, KEY_ADAPTER);
}

const char *adapter_meant(const struct facts *facts)
{
	static const char *const built_in[] = { "lora", "llama-adapter", "qlora" };
	struct text written = text_trim(facts->settings[KEY_ADAPTER].text);
	/* xlora, alora and vlora are methods of their own, and none of them is over a 4-bit base. */
	bool four_bits = text_contains(written, "q") || text_contains(written, "Q");
	return suggestion_nearest(written, built_in, four_bits ? 3 : 2);
}

bool nf4_backend_waits(const struct facts *facts)
{
	const char *meant = adapter_meant(facts);
	return is_set(facts, KEY_NF4_BACKEND) && is_true(facts, KEY_LOAD_IN_4BIT) &&
	       !adapter_is_lora(facts) && meant && text_is(text_of(meant), "qlora");
}

bool merging(const struct facts *facts)
{
	return is_true(facts, KEY_MERGE_LORA);
}

bool training(const struct facts *facts)
{
	return !merging(facts) && !is_true(facts, KEY_INFERENCE);
}

bool merge_drops_base(const struct facts *facts)
{
	return merging(facts) && is_false(facts, KEY_LOAD_IN_4BIT) &&
	       is_false(facts, KEY_LOAD_IN_8BIT) && base_is(facts, BACKEND_BNB);
}

bool fsdp2(const struct facts *facts)
{
	if (is_set(facts, KEY_FSDP_VERSION))
		return says(facts, KEY_FSDP_VERSION, "2");
	return says(facts, KEY_FSDP_CONFIG_VERSION, "2");
}

bool any_kernel(const struct facts *facts)
{
	return is_true(facts, KEY_LORA_MLP_KERNEL) || is_true(facts, KEY_LORA_QKV_KERNEL) ||
	       is_true(facts, KEY_LORA_O_KERNEL);
}

bool checkpoint_quantized(const struct facts *facts)
{
	return facts->checkpoint && facts->checkpoint->quantized;
}

bool checkpoint_is(const struct facts *facts, enum method method)
{
	return checkpoint_quantized(facts) && facts->checkpoint->method &&
	       facts->checkpoint->method->method == method;
}

const char *checkpoint_handed_class(const struct facts *facts)
{
	static const enum method handed[] = { METHOD_GPTQ, METHOD_AWQ, METHOD_BITSANDBYTES };
	if (!checkpoint_quantized(facts) || !facts->checkpoint->seen_by_axolotl)
		return NULL;
	for (size_t i = 0; i < sizeof(handed) / sizeof(handed[0]); i++) {
		const struct method_row *row = method_find(handed[i]);
		if (text_is(facts->checkpoint->quant_method, row->name))
			return row->config_class;
	}
	return NULL;
}

static bool handed_class_is_read(const struct facts *facts, bool wanted)
{
	const char *handed = checkpoint_handed_class(facts);
	const char *read = handed ? facts->checkpoint->config_class : NULL;
	return read && text_is(text_of(handed), read) == wanted;
}

bool checkpoint_handed_on(const struct facts *facts)
{
	return handed_class_is_read(facts, true);
}

bool checkpoint_contradicts(const struct facts *facts)
{
	return handed_class_is_read(facts, false);
}

bool checkpoint_made_anew(const struct facts *facts)
{
	return checkpoint_handed_class(facts) && adapter_is_lora(facts) &&
	       !facts->checkpoint->known_to_transformers;
}

bool checkpoint_stops_loader(const struct facts *facts)
{
	if (!facts->checkpoint)
		return false;
	bool gptq = is_true(facts, KEY_GPTQ) && text_is(facts->checkpoint->quant_method, "gptq");
	bool lora = adapter_is_lora(facts);
	return (lora && facts->checkpoint->record) ||
	       ((lora || gptq) && checkpoint_contradicts(facts));
}

bool checkpoint_honoured(const struct facts *facts)
{
	return checkpoint_quantized(facts) && facts->checkpoint->seen_by_transformers &&
	       facts->checkpoint->config_class;
}

bool checkpoint_same_class(const struct facts *facts)
{
	return checkpoint_honoured(facts) && facts->base.dialect != DIALECT_NONE &&
	       text_is(text_of(facts->checkpoint->config_class),
		       backends[facts->base.backend].class);
}

bool base_is_class(const struct facts *facts)
{
	return base_is(facts, BACKEND_MXFP4) || base_is(facts, BACKEND_FP8);
}

const struct node *base_kwargs(const struct facts *facts)
{
	return base_is_class(facts) ? facts->base.structured.config_kwargs : NULL;
}

bool checkpoint_overridden(const struct facts *facts)
{
	if (!checkpoint_same_class(facts) || merge_drops_base(facts) ||
		checkpoint_stops_loader(facts))
		return false;
	return base_is_class(facts) || (base_is(facts, BACKEND_BNB) && adapter_is_lora(facts));
}

bool dequantizes_nothing(const struct facts *facts)
{
	const struct node *value = node_get(base_kwargs(facts), "dequantize");
	return value && value->kind == NODE_BOOLEAN && value->boolean && facts->checkpoint &&
	       !facts->checkpoint->quantized;
}

bool mxfp4_changes_nothing(const struct facts *facts)
{
	return base_is(facts, BACKEND_MXFP4) && facts->checkpoint &&
	       !facts->checkpoint->quantized && facts->checkpoint->model_type.length > 0 &&
	       !text_is(facts->checkpoint->model_type, "gpt_oss");
}

bool checkpoint_dequantized(const struct facts *facts)
{
	if (!checkpoint_quantized(facts))
		return false;
	if (!checkpoint_overridden(facts) || !base_is_class(facts))
		return facts->checkpoint->dequantize;
	const struct node *value = node_get(base_kwargs(facts), "dequantize");
	return value && value->kind == NODE_BOOLEAN && value->boolean;
}

bool lacks_experts(const struct facts *facts)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	return checkpoint && checkpoint->weights && checkpoint->experts == 0 &&
	       !checkpoint->fuses_experts && checkpoint->weights->roles[ROLE_EXPERTS].modules == 0;
}

bool experts_alone_quantized(const struct facts *facts)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	bool mxfp4 = checkpoint_is(facts, METHOD_MXFP4);
	if (!checkpoint_quantized(facts) || (checkpoint->experts == 0 && !mxfp4))
		return false;
	const struct exclusions *exclusions = &checkpoint->exclusions;
	if (exclusions->modules_known)
		return exclusions->outcomes[ROLE_ATTENTION] == OUTCOME_NATIVE;
	return mxfp4 || exclusions->roles[ROLE_ATTENTION] > 0;
}
