#include "checkpoint/tensor_names.h"

#include <string.h>

struct suffix {
	const char *text;
	size_t length;
	enum tensor_part part;
	enum storage storage;
};

#define SUFFIX(text, part, storage)                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1, (part), (storage)                                        \
	}

/* Longer ones before those that they end with. */
static const struct suffix suffixes[] = {
	SUFFIX(".weight.absmax", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".weight.quant_map", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".weight.nested_absmax", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".weight.nested_quant_map", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".weight.quant_state.bitsandbytes__nf4", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".weight.quant_state.bitsandbytes__fp4", PART_SCALE, STORAGE_BNB_4BIT),
	SUFFIX(".SCB", PART_SCALE, STORAGE_BNB_8BIT),
	SUFFIX(".weight_format", PART_SCALE, STORAGE_BNB_8BIT),
	SUFFIX(".qweight", PART_WEIGHT, STORAGE_PACKED_GPTQ),
	SUFFIX(".qzeros", PART_SCALE, STORAGE_PACKED_GPTQ),
	SUFFIX(".g_idx", PART_SCALE, STORAGE_PACKED_GPTQ),
	SUFFIX(".scales", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".biases", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_packed", PART_WEIGHT, STORAGE_COMPRESSED),
	SUFFIX(".weight_shape", PART_SCALE, STORAGE_COMPRESSED),
	SUFFIX(".weight_g_idx", PART_SCALE, STORAGE_COMPRESSED),
	SUFFIX(".weight_zero_point", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_global_scale", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".input_global_scale", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_scale_inv", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_scale_2", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_scale", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_scales", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".weight_qdata", PART_WEIGHT, STORAGE_SCALED),
	SUFFIX(".input_scale", PART_SCALE, STORAGE_UNKNOWN),
	SUFFIX(".input_amax", PART_SCALE, STORAGE_UNKNOWN),
	SUFFIX(".output_scale", PART_SCALE, STORAGE_UNKNOWN),
	SUFFIX(".k_scale", PART_SCALE, STORAGE_UNKNOWN),
	SUFFIX(".v_scale", PART_SCALE, STORAGE_UNKNOWN),
	SUFFIX("_scale_inv", PART_SCALE, STORAGE_SCALED),
	SUFFIX("_weight_scale_2", PART_SCALE, STORAGE_SCALED),
	SUFFIX("_weight_scale", PART_SCALE, STORAGE_SCALED),
	SUFFIX("_blocks", PART_WEIGHT, STORAGE_BLOCKS),
	SUFFIX("_scales", PART_SCALE, STORAGE_BLOCKS),
	SUFFIX("_bias", PART_BIAS, STORAGE_UNKNOWN),
	SUFFIX(".q_weight", PART_WEIGHT, STORAGE_EXL2),
	SUFFIX(".q_invperm", PART_SCALE, STORAGE_EXL2),
	SUFFIX(".q_groups", PART_SCALE, STORAGE_EXL2),
	SUFFIX(".q_scale", PART_SCALE, STORAGE_EXL2),
	SUFFIX(".q_scale_max", PART_SCALE, STORAGE_EXL2),
	SUFFIX(".trellis", PART_WEIGHT, STORAGE_EXL3),
	SUFFIX(".suh", PART_SCALE, STORAGE_EXL3),
	SUFFIX(".svh", PART_SCALE, STORAGE_EXL3),
	SUFFIX(".codes", PART_WEIGHT, STORAGE_CODES),
	SUFFIX(".codebooks", PART_SCALE, STORAGE_CODES),
	SUFFIX(".W_q", PART_WEIGHT, STORAGE_HQQ),
	SUFFIX(".scale", PART_SCALE, STORAGE_SCALED),
	SUFFIX(".zero", PART_SCALE, STORAGE_HQQ),
	SUFFIX(".weight", PART_WEIGHT, STORAGE_UNKNOWN),
	SUFFIX(".bias", PART_BIAS, STORAGE_UNKNOWN),
};

struct tensor_name tensor_name_split(struct text name)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const struct suffix *suffix = &suffixes[i];
		size_t length = suffix->length;
		if (name.length <= length ||
			name.data[name.length - 1] != suffix->text[length - 1] ||
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
