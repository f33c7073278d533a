/* The line that sums a resolution up. */
#include "unit/render_fixture.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

static struct buffer out;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
}

static const struct {
	struct effective effective;
	const char *expected;
	struct scheme scheme;
	struct weights weights;
	struct weights_estimate estimate;
} summaries[] = {
	{
		.effective = { .source = QUANTIZATION_NONE },
		.expected = "c.yaml: ok: no base quantization\n",
	},
	{
		.effective = {
			.source = QUANTIZATION_CONFIG,
			.backend = "bnb",
			.weight_dtype = TEXT("nf4"),
			.installs_class = "BitsAndBytesConfig",
		},
		.expected = "c.yaml: ok: bnb nf4 → BitsAndBytesConfig(load_in_4bit=True)\n",
	},
	{
		.effective = {
			.source = QUANTIZATION_CONFIG,
			.backend = "mxfp4",
			.installs_class = "Mxfp4Config",
		},
		.expected = "c.yaml: ok: mxfp4 → Mxfp4Config(**config_kwargs)\n",
	},
	{
		.effective = {
			.source = QUANTIZATION_CHECKPOINT,
			.quant_method = TEXT("gptq\033"),
			.installs_class = "GPTQConfig",
		},
		.expected = "c.yaml: ok: the checkpoint's own gptq␛ → GPTQConfig\n",
	},
	{
		.effective = { .source = QUANTIZATION_CHECKPOINT },
		.expected = "c.yaml: ok: the checkpoint's own quantization\n",
	},
	{
		.effective = {
			.source = QUANTIZATION_CHECKPOINT,
			.quant_method = TEXT("quark"),
			.weight_bits = TEXT("4"),
		},
		.expected = "c.yaml: ok: the checkpoint's own quark (mxfp4, groups of 32), about 595.3 GB of weights\n",
		.scheme = {
			.family = "mxfp4",
			.weight_bits = TEXT("4"),
			.weight_dtype = TEXT("fp4"),
			.group_size = TEXT("32"),
		},
		.estimate = { .bytes = 595300000000 },
	},
	{
		.effective = {
			.source = QUANTIZATION_CHECKPOINT,
			.quant_method = TEXT("fp8"),
			.weight_bits = TEXT("16"),
			.dequantized = true,
			.installs_class = "FineGrainedFP8Config",
		},
		.expected = "c.yaml: ok: the checkpoint's own fp8 (blocks of 128x128), dequantized to 16 bits → "
		"FineGrainedFP8Config, about 2.0 GB of weights (1.0 GB as stored)\n",
		.scheme = {
			.family = "fp8",
			.weight_bits = TEXT("8"),
			.group_size = TEXT("[128, 128]"),
		},
		.weights = { .bytes = 1000000000, .bytes_known = true },
		.estimate = { .bytes = 2000000000 },
	},
	{
		.effective = {
			.source = QUANTIZATION_CHECKPOINT,
			.quant_method = TEXT("bitsandbytes"),
			.weight_dtype = TEXT("nf4"),
			.weight_bits = TEXT("4"),
			.group_size = TEXT("64"),
		},
		.expected = "c.yaml: ok: the checkpoint's own bitsandbytes (nf4, groups of 64), about 999 bytes of weights\n",
		.weights = { .bytes = 999, .bytes_known = true },
		.estimate = { .bytes = 999 },
	},
	{
		.effective = {
			.source = QUANTIZATION_CHECKPOINT,
			.quant_method = TEXT("bitnet"),
		},
		.expected = "c.yaml: ok: the checkpoint's own bitnet (ternary, 1.58 bits)\n",
		.scheme = {
			.family = "ternary",
			.weight_bits = TEXT("1.58"),
			.group_size = TEXT("-1"),
		},
	},
};

START_TEST(sums_up)
{
	const struct checkpoint checkpoint = {
		.quantized = summaries[_i].scheme.family != NULL,
		.scheme = summaries[_i].scheme,
		.weights = (struct weights *)&summaries[_i].weights,
	};
	const struct resolution resolution = {
		.effective = &summaries[_i].effective,
		.checkpoint = &checkpoint,
		.estimate = summaries[_i].estimate.bytes > 0 ? &summaries[_i].estimate : NULL,
		.filename = TEXT("c.yaml"),
	};
	render_resolution_text(&out, &resolution, false);
	expect(buffer_text(&out), summaries[_i].expected);
}
END_TEST

START_TEST(counts_before_it_tells_what_is_installed)
{
	const struct effective effective = { .source = QUANTIZATION_NONE };
	const struct resolution resolution = {
		.effective = &effective,
		.filename = TEXT("c\t\033.yaml"),
		.counts = { [SEVERITY_WARNING] = 1, [SEVERITY_NOTE] = 2 },
	};
	render_resolution_text(&out, &resolution, false);
	expect(buffer_text(&out), "c\t␛.yaml: ok: 1 warning, 2 notes, no base quantization\n");
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("render_summary");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_loop_test(cases, sums_up, 0, COUNT(summaries));
	tcase_add_test(cases, counts_before_it_tells_what_is_installed);
	return run("render_summary", cases);
}
