/*
 * Every dialect into every target, and every row of the documentation's table of backends and dtypes: what is written, what it
 * becomes, and what would be installed. Written down by hand from the documentation.
 */
#include "render/json.h"
#include "resolve/resolve.h"
#include "runner/support.h"

#define REFUSED "not-expressible"

struct sample {
	const char *name;
	const char *config;
	const char *dialect; /* the first in the reply; NULL for none */
	const char *expected[TARGET_COUNT];
	const char *adapter; /* effective */
	const char *class;
	const char *quant_type; /* NULL: none */
	const char *group_size; /* "" is null */
	bool load_in_4bit, load_in_8bit;
	const char *deprecations; /* their ids, in order of the text, ended by blanks */
};

#define CANONICAL(body) "{\"adapter\":\"lora\",\"model_quantization_config\":{" body "}}"
#define QLORA "{\"adapter\":\"qlora\",\"load_in_4bit\":true}"
#define INT8 "{\"adapter\":\"lora\",\"load_in_8bit\":true}"
#define BNB_NF4                                                                                    \
	.expected = { CANONICAL("\"bnb\":{\"weight_dtype\":\"nf4\"}"),                             \
		CANONICAL("\"backend\":\"bnb\",\"weight_dtype\":\"nf4\""), QLORA },                \
	.adapter = "qlora", .class = "BitsAndBytesConfig", .group_size = "", .load_in_4bit = true
#define BNB_INT8                                                                                   \
	.expected = { CANONICAL("\"bnb\":{\"weight_dtype\":\"int8\"}"),                            \
		CANONICAL("\"backend\":\"bnb\",\"weight_dtype\":\"int8\""), INT8 },                \
	.adapter = "lora", .class = "BitsAndBytesConfig", .group_size = "", .load_in_8bit = true
#define TORCHAO(dtype)                                                                             \
	.expected = { CANONICAL("\"torchao\":{\"weight_dtype\":\"" dtype "\"}"),                   \
		CANONICAL("\"backend\":\"torchao\",\"weight_dtype\":\"" dtype "\""), REFUSED },    \
	.class = "TorchAoConfig"
#define TORCHAO_NF4                                                                                \
	.expected = { CANONICAL("\"torchao\":{\"weight_dtype\":\"nf4\"}"),                         \
		CANONICAL("\"backend\":\"torchao\",\"weight_dtype\":\"nf4\""),                     \
		"{\"adapter\":\"qlora\",\"load_in_4bit\":true,\"nf4_backend\":\"torchao\"}" },     \
	.adapter = "qlora", .class = "TorchAoConfig", .quant_type = "NF4WeightOnlyConfig",         \
	.group_size = "64"
#define MXFP4_BARE                                                                                 \
	.expected = { CANONICAL("\"mxfp4\":{}"), CANONICAL("\"backend\":\"mxfp4\""),               \
		"{\"adapter\":\"lora\",\"model_quantization_config\":\"Mxfp4Config\"}" },          \
	.adapter = "lora", .class = "Mxfp4Config", .group_size = ""
#define FP8_KWARGS                                                                                 \
	.expected = { CANONICAL("\"fp8\":{\"config_kwargs\":{\"dequantize\":true}}"),              \
		CANONICAL("\"backend\":\"fp8\",\"config_kwargs\":{\"dequantize\":true}"),          \
		"{\"adapter\":\"lora\",\"model_quantization_config\":\"FineGrainedFP8Config\","    \
		"\"model_quantization_config_kwargs\":{\"dequantize\":true}}" },                   \
	.adapter = "lora", .class = "FineGrainedFP8Config", .group_size = ""

static const struct sample samples[] = {
	{
		.name = "nested bnb nf4",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n",
		.dialect = "nested",
		BNB_NF4,
		.deprecations = "",
	},
	{
		.name = "nested bnb int8",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: int8\n",
		.dialect = "nested",
		BNB_INT8,
		.deprecations = "",
	},
	{
		.name = "nested torchao int4",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: int4\n",
		.dialect = "nested",
		TORCHAO("int4"),
		.adapter = "qlora",
		.quant_type = "Int4WeightOnlyConfig",
		.group_size = "128",
		.deprecations = "",
	},
	{
		.name = "nested torchao nf4",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: nf4\n",
		.dialect = "nested",
		TORCHAO_NF4,
		.deprecations = "",
	},
	{
		.name = "nested torchao nvfp4",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: nvfp4\n",
		.dialect = "nested",
		TORCHAO("nvfp4"),
		.adapter = "qlora",
		.quant_type = "NVFP4WeightOnlyConfig",
		.group_size = "16",
		.deprecations = "",
	},
	{
		.name = "nested torchao int8",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: int8\n",
		.dialect = "nested",
		TORCHAO("int8"),
		.adapter = "lora",
		.quant_type = "Int8WeightOnlyConfig",
		.group_size = "128",
		.deprecations = "",
	},
	{
		.name = "nested torchao fp8",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  torchao:\n    weight_dtype: fp8\n",
		.dialect = "nested",
		TORCHAO("fp8"),
		.adapter = "lora",
		.quant_type = "Float8WeightOnlyConfig",
		.group_size = "",
		.deprecations = "",
	},
	{
		.name = "nested mxfp4",
		.config = "adapter: lora\nmodel_quantization_config:\n  mxfp4: {}\n",
		.dialect = "nested",
		MXFP4_BARE,
		.deprecations = "",
	},
	{
		.name = "nested fp8 with arguments",
		.config =
			"adapter: lora\nmodel_quantization_config:\n  fp8:\n    config_kwargs:\n      "
			"dequantize: true\n",
		.dialect = "nested",
		FP8_KWARGS,
		.deprecations = "",
	},
	{
		.name = "bare qlora",
		.config = "adapter: qlora\n",
		.dialect = "flags",
		BNB_NF4,
		.deprecations = "deprecated-qlora-adapter ",
	},
	{
		.name = "qlora with load_in_4bit",
		.config = "adapter: qlora\nload_in_4bit: true\n",
		.dialect = "flags",
		BNB_NF4,
		.deprecations = "deprecated-qlora-adapter deprecated-load-in-4bit ",
	},
	{
		.name = "load_in_4bit alone",
		.config = "adapter: lora\nload_in_4bit: true\n",
		.dialect = "flags",
		BNB_NF4,
		.deprecations = "deprecated-load-in-4bit ",
	},
	{
		.name = "load_in_8bit alone",
		.config = "adapter: lora\nload_in_8bit: true\n",
		.dialect = "flags",
		BNB_INT8,
		.deprecations = "deprecated-load-in-8bit ",
	},
	{
		.name = "qlora with a false flag beside",
		.config = "adapter: qlora\nload_in_8bit: false\nload_in_4bit: true\n",
		.dialect = "flags",
		BNB_NF4,
		.deprecations = "deprecated-qlora-adapter deprecated-load-in-4bit ",
	},
	{
		.name = "nf4_backend torchao",
		.config = "adapter: qlora\nload_in_4bit: true\nnf4_backend: torchao\n",
		.dialect = "flags",
		TORCHAO_NF4,
		.deprecations = "deprecated-qlora-adapter other-dialect deprecated-load-in-4bit ",
	},
	{
		.name = "nf4_backend bitsandbytes",
		.config = "adapter: qlora\nload_in_4bit: true\nnf4_backend: bitsandbytes\n",
		.dialect = "flags",
		BNB_NF4,
		.deprecations = "deprecated-qlora-adapter other-dialect deprecated-load-in-4bit ",
	},
	{
		.name = "class name Mxfp4Config",
		.config = "adapter: lora\nmodel_quantization_config: Mxfp4Config\n",
		.dialect = "class-name",
		MXFP4_BARE,
		.deprecations = "deprecated-quant-class ",
	},
	{
		.name = "class name FineGrainedFP8Config with arguments",
		.config =
			"adapter: lora\nmodel_quantization_config: "
			"FineGrainedFP8Config\nmodel_quantization_config_kwargs: {dequantize: true}\n",
		.dialect = "class-name",
		FP8_KWARGS,
		.deprecations = "deprecated-quant-class ",
	},
	{
		.name = "peft block bnb nf4",
		.config = "adapter: lora\npeft: {backend: bnb, weight_dtype: nf4}\n",
		.dialect = "peft-block",
		BNB_NF4,
		.deprecations = "deprecated-peft-block ",
	},
	{
		.name = "peft block torchao float8",
		.config = "adapter: lora\npeft: {backend: torchao, weight_dtype: float8_e4m3fn}\n",
		.dialect = "peft-block",
		TORCHAO("fp8"),
		.adapter = "lora",
		.quant_type = "Float8WeightOnlyConfig",
		.group_size = "",
		.deprecations = "deprecated-peft-block ",
	},
	{
		.name = "flat bnb int8",
		.config =
			"adapter: lora\nmodel_quantization_config: {backend: bnb, weight_dtype: int8}\n",
		.dialect = "flat",
		BNB_INT8,
		.deprecations = "other-dialect ",
	},
	{
		.name = "flat torchao int8",
		.config =
			"adapter: lora\nmodel_quantization_config: {backend: torchao, weight_dtype: "
			"int8}\n",
		.dialect = "flat",
		TORCHAO("int8"),
		.adapter = "lora",
		.quant_type = "Int8WeightOnlyConfig",
		.group_size = "128",
		.deprecations = "other-dialect ",
	},
	{
		.name = "flat mxfp4",
		.config = "adapter: lora\nmodel_quantization_config: {backend: mxfp4}\n",
		.dialect = "flat",
		MXFP4_BARE,
		.deprecations = "other-dialect ",
	},
	{
		.name = "flat fp8 with arguments",
		.config = "adapter: lora\nmodel_quantization_config: {backend: fp8, config_kwargs: "
			  "{dequantize: true}}\n",
		.dialect = "flat",
		FP8_KWARGS,
		.deprecations = "other-dialect ",
	},
};

#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static const struct resolution *resolve_sample(
	struct arena *arena, const struct sample *sample, enum target target)
{
	struct resolve_request request = {
		.config = text_of(sample->config),
		.target = target,
		.checkpoint = CHECKPOINT_NO,
	};
	arena_reset(arena);
	return resolve(arena, &request);
}

static struct text shown(struct arena *arena, const struct resolution *resolution)
{
	struct buffer out;
	struct json json;
	buffer_init(&out, arena, 256);
	json_begin(&json, &out);
	for (size_t i = 0; i < resolution->finding_count && !resolution->canonical; i++)
		if (resolution->findings[i]->severity == SEVERITY_ERROR)
			buffer_add_string(&out, resolution->findings[i]->rule->id);
	if (resolution->canonical)
		json_node(&json, resolution->canonical);
	return buffer_text(&out);
}

/* Key order is told by the other tests; here the value counts, so both sides are read and compared. */
static bool same_value(struct arena *arena, struct text ours, const char *expected)
{
	struct document a, b;
	json_read(&a, arena, ours, &resolve_limits_default.config);
	json_read(&b, arena, text_of(expected), &resolve_limits_default.config);
	return a.root && b.root ? node_equal(a.root, b.root) : text_is(ours, expected);
}

static void check_target(
	struct tally *tally, struct arena *arena, const struct sample *sample, enum target target)
{
	const struct resolution *resolution = resolve_sample(arena, sample, target);
	if (!tally_check(tally, resolution != NULL, "%s: no memory", sample->name))
		return;
	struct text ours = shown(arena, resolution);
	tally_check(tally, same_value(arena, ours, sample->expected[target]),
		"%s under %s: %.*s instead of %s", sample->name, target_name(target),
		TEXT_ARGUMENTS(ours), sample->expected[target]);
}

static struct text said(const char *string)
{
	return string ? text_of(string) : TEXT("nothing");
}

static void check_text(struct tally *tally, const struct sample *sample, const char *what,
	struct text ours, const char *expected)
{
	tally_check(tally, text_equal(ours, said(expected)), "%s: %s is %.*s instead of %s",
		sample->name, what, TEXT_ARGUMENTS(ours), expected ? expected : "nothing");
}

static struct text deprecations(struct arena *arena, const struct resolution *resolution)
{
	struct buffer out;
	buffer_init(&out, arena, 128);
	for (size_t i = 0; i < resolution->finding_count; i++) {
		struct text id = text_of(resolution->findings[i]->rule->id);
		if (text_starts_with(id, "deprecated-") || text_is(id, "other-dialect"))
			buffer_printf(&out, "%.*s ", TEXT_ARGUMENTS(id));
	}
	return buffer_text(&out);
}

static void check_effective(struct tally *tally, struct arena *arena, const struct sample *sample)
{
	const struct resolution *resolution = resolve_sample(arena, sample, TARGET_CANONICAL);
	const struct effective *effective = resolution ? resolution->effective : NULL;
	if (!tally_check(tally, effective != NULL, "%s: nothing effective", sample->name))
		return;
	check_text(tally, sample, "adapter", effective->adapter, sample->adapter);
	check_text(tally, sample, "class", said(effective->installs_class), sample->class);
	check_text(
		tally, sample, "quant_type", said(effective->quant_type_class), sample->quant_type);
	check_text(tally, sample, "group_size", effective->group_size, sample->group_size);
	check_text(tally, sample, "dialect",
		said(resolution->dialect_count > 0 ? resolution->dialects[0] : NULL),
		sample->dialect);
	tally_check(tally,
		effective->load_in_4bit == sample->load_in_4bit &&
			effective->load_in_8bit == sample->load_in_8bit,
		"%s: the flags are load_in_4bit %d, load_in_8bit %d", sample->name,
		effective->load_in_4bit, effective->load_in_8bit);
	check_text(tally, sample, "deprecations", deprecations(arena, resolution),
		sample->deprecations);
}

int main(void)
{
	struct arena arena;
	struct tally tally = { .name = "dialects" };
	arena_init(&arena, (size_t)16 << 20);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (int target = 0; target < TARGET_COUNT; target++)
			check_target(&tally, &arena, &samples[i], (enum target)target);
		check_effective(&tally, &arena, &samples[i]);
	}
	arena_release(&arena);
	return tally_finish(&tally);
}
