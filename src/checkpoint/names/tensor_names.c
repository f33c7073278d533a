#include "checkpoint/names/tensor_names.h"

#include <string.h>

struct ending {
	const char *text;
	size_t length;
	enum tensor_part part;
};

#define ENDING(text, part)                                                                         \
	{                                                                                          \
		(text), sizeof(text) - 1, (part)                                                   \
	}

/* Longer ones before those that they end with; apart from that the frequent ones first. */
static const struct ending endings[] = {
	ENDING(".centroids.weight", PART_CENTROIDS),
	ENDING(".weight", PART_WEIGHT),
	ENDING(".weight_scale", PART_WEIGHT_SCALE),
	ENDING(".input_scale", PART_SIDE),
	ENDING(".weight_scale_2", PART_WEIGHT_SCALE_2),
	ENDING(".bias", PART_BIAS),
	ENDING(".weight_scale_inv", PART_SCALE_INVERSE),
	ENDING("._weight_qdata", PART_QDATA),
	ENDING("._weight_scale", PART_QDATA_SCALE),
	ENDING("._weight_zero_point", PART_QDATA_SIDE),
	ENDING("._weight_scale_and_zero", PART_QDATA_SCALE),
	ENDING("._weight_per_tensor_scale", PART_QDATA_SIDE),
	ENDING("._weight_act_per_tensor_scale", PART_QDATA_SIDE),
	ENDING("._weight_act_pre_scale", PART_QDATA_SIDE),
	ENDING(".weight.absmax", PART_ABSMAX),
	ENDING(".weight.quant_map", PART_QUANT_MAP),
	ENDING(".weight.nested_absmax", PART_QUANT_MAP),
	ENDING(".weight.nested_quant_map", PART_QUANT_MAP),
	ENDING(".weight.quant_state.bitsandbytes__nf4", PART_STATE_NF4),
	ENDING(".weight.quant_state.bitsandbytes__fp4", PART_STATE_FP4),
	ENDING(".SCB", PART_SCB),
	ENDING(".weight_format", PART_FORMAT),
	ENDING(".qweight", PART_QWEIGHT),
	ENDING(".qzeros", PART_QZEROS),
	ENDING(".g_idx", PART_G_IDX),
	ENDING(".scales", PART_SCALES),
	ENDING(".biases", PART_BIASES),
	ENDING(".qbiases", PART_BIASES),
	ENDING(".tables", PART_TABLES),
	ENDING(".tables2", PART_SIDE),
	ENDING(".weight_packed", PART_PACKED),
	ENDING(".weight_shape", PART_PACKED_SIDE),
	ENDING(".weight_g_idx", PART_PACKED_SIDE),
	ENDING(".weight_zero_point", PART_PACKED_SIDE),
	ENDING(".weight_global_scale", PART_WEIGHT_SCALE_2),
	ENDING(".input_global_scale", PART_SIDE),
	ENDING(".act_global_scale", PART_SIDE),
	ENDING(".weight_scales", PART_WEIGHT_SCALES),
	ENDING(".pre_quant_scale", PART_PRE_SCALE),
	ENDING(".activation_scale", PART_SIDE),
	ENDING("_activation_scale", PART_SIDE),
	ENDING(".input_scale_ub", PART_SIDE),
	ENDING(".input_zero_point", PART_SIDE),
	ENDING(".input_amax", PART_SIDE),
	ENDING(".output_scale", PART_SIDE),
	ENDING(".k_scale", PART_SIDE),
	ENDING(".v_scale", PART_SIDE),
	ENDING(".k_zero_point", PART_SIDE),
	ENDING(".v_zero_point", PART_SIDE),
	ENDING("_weight_scale_2", PART_WEIGHT_SCALE_2),
	ENDING("_weight_scale", PART_WEIGHT_SCALE),
	ENDING("_input_scale", PART_SIDE),
	ENDING("_scale_inv", PART_SCALE_INVERSE),
	ENDING("_blocks", PART_BLOCKS),
	ENDING("_scales", PART_BLOCK_SCALES),
	ENDING("_bias", PART_BIAS),
	ENDING(".q_weight", PART_EXL2),
	ENDING(".q_invperm", PART_EXL2_ORDER),
	ENDING(".q_perm", PART_EXL2_ORDER),
	ENDING(".q_groups", PART_EXL2_SIDE),
	ENDING(".q_group_map", PART_EXL2_SIDE),
	ENDING(".q_scale", PART_EXL2_SIDE),
	ENDING(".q_scale_max", PART_EXL2_SIDE),
	ENDING(".trellis", PART_TRELLIS),
	ENDING(".suh", PART_TRELLIS_SIDE),
	ENDING(".svh", PART_TRELLIS_SIDE),
	ENDING(".su", PART_TRELLIS_SIDE),
	ENDING(".sv", PART_TRELLIS_SIDE),
	ENDING(".mcg", PART_TRELLIS_SIDE),
	ENDING(".mul1", PART_TRELLIS_SIDE),
	ENDING(".codes", PART_CODES),
	ENDING(".codebooks", PART_CODEBOOKS),
	ENDING(".indices", PART_INDICES),
	ENDING(".centroids", PART_CENTROIDS),
	ENDING(".W_q", PART_W_Q),
	ENDING(".scale", PART_SCALE),
	ENDING(".zero", PART_ZERO),
	ENDING(".meta", PART_META),
};

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

struct tensor_name tensor_name_split(struct text name)
{
	for (size_t i = 0; i < ENDINGS; i++) {
		const struct ending *ending = &endings[i];
		size_t length = ending->length;
		if (name.length <= length ||
			name.data[name.length - 1] != ending->text[length - 1] ||
			memcmp(name.data + name.length - length, ending->text, length) != 0)
			continue;
		return (struct tensor_name){ .module = { name.data, name.length - length },
			.part = ending->part };
	}
	return (struct tensor_name){ .module = name, .part = PART_PLAIN };
}

const char *tensor_part_ending(enum tensor_part part)
{
	for (size_t i = 0; i < ENDINGS; i++)
		if (endings[i].part == part)
			return endings[i].text;
	return "";
}
