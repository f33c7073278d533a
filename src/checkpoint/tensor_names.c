#include "checkpoint/tensor_names.h"

#include <string.h>

struct suffix {
	const char *text;
	enum tensor_part part;
	enum storage storage;
};

/* Longer ones before those that they end with. */
static const struct suffix suffixes[] = {
	{ ".weight.absmax", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".weight.quant_map", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".weight.nested_absmax", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".weight.nested_quant_map", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".weight.quant_state.bitsandbytes__nf4", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".weight.quant_state.bitsandbytes__fp4", PART_SCALE, STORAGE_BNB_4BIT },
	{ ".SCB", PART_SCALE, STORAGE_BNB_8BIT },
	{ ".weight_format", PART_SCALE, STORAGE_BNB_8BIT },
	{ ".qweight", PART_WEIGHT, STORAGE_PACKED_GPTQ },
	{ ".qzeros", PART_SCALE, STORAGE_PACKED_GPTQ },
	{ ".g_idx", PART_SCALE, STORAGE_PACKED_GPTQ },
	{ ".scales", PART_SCALE, STORAGE_SCALED },
	{ ".biases", PART_SCALE, STORAGE_SCALED },
	{ ".weight_packed", PART_WEIGHT, STORAGE_COMPRESSED },
	{ ".weight_shape", PART_SCALE, STORAGE_COMPRESSED },
	{ ".weight_g_idx", PART_SCALE, STORAGE_COMPRESSED },
	{ ".weight_zero_point", PART_SCALE, STORAGE_SCALED },
	{ ".weight_global_scale", PART_SCALE, STORAGE_SCALED },
	{ ".input_global_scale", PART_SCALE, STORAGE_SCALED },
	{ ".weight_scale_inv", PART_SCALE, STORAGE_SCALED },
	{ ".weight_scale_2", PART_SCALE, STORAGE_SCALED },
	{ ".weight_scale", PART_SCALE, STORAGE_SCALED },
	{ ".weight_scales", PART_SCALE, STORAGE_SCALED },
	{ ".weight_qdata", PART_WEIGHT, STORAGE_SCALED },
	{ ".input_scale", PART_SCALE, STORAGE_UNKNOWN },
	{ ".input_amax", PART_SCALE, STORAGE_UNKNOWN },
	{ ".output_scale", PART_SCALE, STORAGE_UNKNOWN },
	{ ".k_scale", PART_SCALE, STORAGE_UNKNOWN },
	{ ".v_scale", PART_SCALE, STORAGE_UNKNOWN },
	{ "_scale_inv", PART_SCALE, STORAGE_SCALED },
	{ "_weight_scale_2", PART_SCALE, STORAGE_SCALED },
	{ "_weight_scale", PART_SCALE, STORAGE_SCALED },
	{ "_blocks", PART_WEIGHT, STORAGE_BLOCKS },
	{ "_scales", PART_SCALE, STORAGE_BLOCKS },
	{ "_bias", PART_BIAS, STORAGE_UNKNOWN },
	{ ".q_weight", PART_WEIGHT, STORAGE_EXL2 },
	{ ".q_invperm", PART_SCALE, STORAGE_EXL2 },
	{ ".q_groups", PART_SCALE, STORAGE_EXL2 },
	{ ".q_scale", PART_SCALE, STORAGE_EXL2 },
	{ ".q_scale_max", PART_SCALE, STORAGE_EXL2 },
	{ ".trellis", PART_WEIGHT, STORAGE_EXL3 },
	{ ".suh", PART_SCALE, STORAGE_EXL3 },
	{ ".svh", PART_SCALE, STORAGE_EXL3 },
	{ ".codes", PART_WEIGHT, STORAGE_CODES },
	{ ".codebooks", PART_SCALE, STORAGE_CODES },
	{ ".W_q", PART_WEIGHT, STORAGE_HQQ },
	{ ".scale", PART_SCALE, STORAGE_SCALED },
	{ ".zero", PART_SCALE, STORAGE_HQQ },
	{ ".weight", PART_WEIGHT, STORAGE_UNKNOWN },
	{ ".bias", PART_BIAS, STORAGE_UNKNOWN },
};

struct tensor_name tensor_name_split(struct text name)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const struct suffix *suffix = &suffixes[i];
		size_t length = strlen(suffix->text);
		if (name.length <= length ||
			memcmp(name.data + name.length - length, suffix->text, length) != 0)
			continue;
		return (struct tensor_name){ .module = { name.data, name.length - length },
			.part = suffix->part,
			.storage = suffix->storage };
	}
	return (struct tensor_name){ .module = name, .part = PART_PLAIN };
}

struct storage_row {
	const char *name;
	enum method methods[6]; /* ended by METHOD_NONE */
};

static const struct storage_row storages[STORAGE_COUNT] = {
	[STORAGE_BNB_4BIT] = { "bitsandbytes 4-bit", { METHOD_BITSANDBYTES } },
	[STORAGE_BNB_8BIT] = { "bitsandbytes 8-bit", { METHOD_BITSANDBYTES } },
	[STORAGE_PACKED_GPTQ] = { "packed as GPTQ or AWQ write it",
		{ METHOD_GPTQ, METHOD_AWQ, METHOD_AUTO_ROUND, METHOD_QUARK, METHOD_EETQ } },
	[STORAGE_COMPRESSED] = { "packed by compressed-tensors",
		{ METHOD_COMPRESSED_TENSORS, METHOD_AUTO_ROUND, METHOD_QUARK, METHOD_MODELOPT } },
	[STORAGE_BLOCKS] = { "MXFP4 blocks", { METHOD_MXFP4, METHOD_QUARK } },
	[STORAGE_EXL2] = { "ExLlamaV2's", { METHOD_EXL2 } },
	[STORAGE_EXL3] = { "ExLlamaV3's", { METHOD_EXL3 } },
	[STORAGE_CODES] = { "codebook indices",
		{ METHOD_AQLM, METHOD_VPTQ, METHOD_HIGGS, METHOD_SPQR } },
	[STORAGE_HQQ] = { "HQQ's", { METHOD_HQQ } },
};

const char *storage_name(enum storage storage)
{
	return storage < STORAGE_COUNT ? storages[storage].name : NULL;
}

bool storage_fits(enum storage storage, const struct method_row *row)
{
	if (storage == STORAGE_UNKNOWN || storage == STORAGE_SCALED || row->method == METHOD_OTHER)
		return true;
	for (const enum method *method = storages[storage].methods; *method; method++)
		if (*method == row->method)
			return true;
	return false;
}
