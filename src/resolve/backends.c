#include "resolve/backends.h"

/* Source: the documentation of QLoRA with torchao, "Usage"; the loader of Axolotl 0.18 for bnb, mxfp4 and fp8. */
const struct backend_row backends[BACKEND_COUNT] = {
	[BACKEND_BNB] = {
		.name = "bnb",
		.quant_method = "bitsandbytes",
		.class = "BitsAndBytesConfig",
		.takes_dtype = true,
		.synonyms = { "bitsandbytes", "bits_and_bytes", "bitsnbytes" },
		.summary = "bitsandbytes: NF4 and int8 for a single GPU, DDP and FSDP.",
	},
	[BACKEND_TORCHAO] = {
		.name = "torchao",
		.quant_method = "torchao",
		.class = "TorchAoConfig",
		.takes_dtype = true,
		.takes_group_size = true,
		.synonyms = { "ao", "torch_ao", "torch-ao", "TorchAoConfig" },
		.summary = "torchao: tensor subclasses that compile without graph breaks and shard natively under FSDP2.",
	},
	[BACKEND_MXFP4] = {
		.name = "mxfp4",
		.quant_method = "mxfp4",
		.class = "Mxfp4Config",
		.quant_class = "Mxfp4Config",
		.takes_config_kwargs = true,
		.synonyms = { "Mxfp4Config", "mx_fp4" },
		.summary = "transformers' MXFP4: the experts of gpt-oss checkpoints.",
	},
	[BACKEND_FP8] = {
		.name = "fp8",
		.quant_method = "fp8",
		.class = "FineGrainedFP8Config",
		.quant_class = "FineGrainedFP8Config",
		.takes_config_kwargs = true,
		.synonyms = { "FineGrainedFP8Config", "finegrained_fp8", "float8" },
		.summary = "transformers' fine-grained (block-wise) FP8.",
	},
};

const char *const dtype_names[DTYPE_COUNT] = {
	[DTYPE_NONE] = NULL,
	[DTYPE_NF4] = "nf4",
	[DTYPE_INT4] = "int4",
	[DTYPE_NVFP4] = "nvfp4",
	[DTYPE_INT8] = "int8",
	[DTYPE_FP8] = "fp8",
	[DTYPE_MXFP4] = "mxfp4",
};

const struct installed_row installed_rows[] = {
	{
		.backend = BACKEND_BNB,
		.dtype = DTYPE_NF4,
		.adapter = "qlora",
		.scale_columns = 64,
		.scale_bits = 8.125,
		.bits = "4",
		.four_bit = true,
		.load_in_4bit = true,
		.installed = "BitsAndBytesConfig(load_in_4bit=True)",
	},
	{
		.backend = BACKEND_BNB,
		.dtype = DTYPE_INT8,
		.adapter = "lora",
		.bits = "8",
		.load_in_8bit = true,
		.installed = "BitsAndBytesConfig(load_in_8bit=True)",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_INT4,
		.adapter = "qlora",
		.quant_type = "Int4WeightOnlyConfig",
		.group_size = "128",
		.group_size_argument = true,
		.scale_rows = 1,
		.scale_columns = 128,
		.scale_bits = 32,
		.bits = "4",
		.four_bit = true,
		.lora_layer = "standard",
		.installed = "TorchAoConfig(Int4WeightOnlyConfig)",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_NF4,
		.adapter = "qlora",
		.quant_type = "NF4WeightOnlyConfig",
		.group_size = "64",
		.scale_columns = 64,
		.scale_bits = 8.125,
		.bits = "4",
		.four_bit = true,
		.lora_layer = "standard",
		.installed = "TorchAoConfig(NF4WeightOnlyConfig)",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_NVFP4,
		.adapter = "qlora",
		.quant_type = "NVFP4WeightOnlyConfig",
		.group_size = "16",
		.scale_rows = 1,
		.scale_columns = 16,
		.scale_bits = 8,
		.bits = "4",
		.four_bit = true,
		.lora_layer = "standard",
		.installed = "TorchAoConfig(NVFP4WeightOnlyConfig)",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_INT8,
		.adapter = "lora",
		.quant_type = "Int8WeightOnlyConfig",
		.group_size = "128",
		.group_size_argument = true,
		.scale_rows = 1,
		.scale_columns = 128,
		.scale_bits = 16,
		.bits = "8",
		.lora_layer = "TorchaoLoraLinear",
		.installed = "TorchAoConfig(Int8WeightOnlyConfig)",
	},
	{
		.backend = BACKEND_TORCHAO,
		.dtype = DTYPE_FP8,
		.adapter = "lora",
		.quant_type = "Float8WeightOnlyConfig",
		.bits = "8",
		.lora_layer = "standard",
		.installed = "TorchAoConfig(Float8WeightOnlyConfig)",
	},
	{
		.backend = BACKEND_MXFP4,
		.scale_rows = 1,
		.scale_columns = 32,
		.scale_bits = 8,
		.bits = "4",
		.installed = "Mxfp4Config(**config_kwargs)",
	},
	{
		.backend = BACKEND_FP8,
		.scale_rows = 128,
		.scale_columns = 128,
		.scale_bits = 32,
		.bits = "8",
		.installed = "FineGrainedFP8Config(**config_kwargs)",
	},
};

const size_t installed_row_count = sizeof(installed_rows) / sizeof(installed_rows[0]);

const struct installed_row *installed_find(enum backend backend, enum dtype dtype)
{
	for (size_t i = 0; i < installed_row_count; i++)
		if (installed_rows[i].backend == backend && installed_rows[i].dtype == dtype)
			return &installed_rows[i];
	return NULL;
}

enum backend backend_from_name(struct text name)
{
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (text_is(name, backends[i].name))
			return (enum backend)i;
	return BACKEND_NONE;
}

enum dtype dtype_from_name(struct text name)
{
	for (int i = DTYPE_NONE + 1; i < DTYPE_COUNT; i++)
		if (text_is(name, dtype_names[i]))
			return (enum dtype)i;
	return DTYPE_NONE;
}
