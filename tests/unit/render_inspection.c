/* An inspection for people. */
#include "unit/render_fixture.h"

#include "checkpoint/weights/weights.h"
#include "resolve/registry.h"

static struct buffer out;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
}

static const struct method_row quark = { .name = "quark" };

static struct exclusion entries[] = {
	{ .name = TEXT("lm_head"), .excludes = true, .modules = 1 },
	{ .name = TEXT("+:kept") },
	{ .name = TEXT("re:vision\033.*"), .excludes = true, .modules = 27 },
	{ .name = TEXT("re:(x+x+)+y"), .excludes = true, .broken = true },
};

static struct weights weights = {
	.bytes_known = true,
	.bytes = 559003000000,
	.parameters_known = true,
	.parameters = 1026873566720,
};

static struct checkpoint mixture(void)
{
	return (struct checkpoint){
		.model = TEXT("amd/Kimi"),
		.model_type = TEXT("kimi_k25"),
		.torch_dtype = TEXT("bfloat16"),
		.experts = 384,
		.experts_per_token = 8,
		.quantized = true,
		.method = &quark,
		.known_to = 1u << ENGINE_TRANSFORMERS | 1u << ENGINE_VLLM,
		.seen_by_transformers = true,
		.found_in = "quantization_config",
		.scheme = { .family = "mxfp4", .weight_bits = TEXT("4"), .group_size = TEXT("32") },
		.loading = "forwarded unchanged",
		.exclusions = { .count = 3,
			.list = entries,
			.list_count = 4,
			.roles = { [ROLE_LM_HEAD] = 1, [ROLE_VISION] = 2 },
			.modules_known = true,
			.outcomes = { [ROLE_ATTENTION] = OUTCOME_NATIVE,
				[ROLE_EXPERTS] = OUTCOME_QUANTIZED,
				[ROLE_MLP] = OUTCOME_MIXED,
				[ROLE_LM_HEAD] = OUTCOME_NATIVE } },
		.weights = &weights,
	};
}

START_TEST(says_what_it_is_first)
{
	struct checkpoint checkpoint = mixture();
	const struct inspection inspection = { .checkpoint = &checkpoint };
	render_inspection_text(&out, &inspection, false);
	expect(buffer_text(&out),
		"amd/Kimi: quantized with quark: mxfp4, groups of 32\n"
		"  model       kimi_k25, bfloat16, 384 experts, 8 a token\n"
		"  declared    in quantization_config, read by transformers, vllm\n"
		"  left out    3 entries: lm_head 1, vision 2\n"
		"  quantized   experts\n"
		"  mixed       mlp\n"
		"  as trained  attention, lm_head\n"
		"  weights     1.0 trillion parameters, 559.0 GB\n"
		"  loading     forwarded unchanged\n"
		"  training    no adapter can be trained over it\n");
}
END_TEST

START_TEST(lists_exclusions_when_asked)
{
	struct checkpoint checkpoint = mixture();
	const struct inspection inspection = { .checkpoint = &checkpoint,
		.include_exclusions = true };
	render_inspection_text(&out, &inspection, false);
	ck_assert(text_contains(buffer_text(&out), "vision 2\n"
						   "              lm_head (1 module)\n"
						   "              re:vision␛.* (27 modules)\n"
						   "              re:(x+x+)+y\n"
						   "  quantized "));
}
END_TEST

START_TEST(counts_findings_in_the_first_line)
{
	const char source[] = "{\"a\":1}";
	const struct checkpoint checkpoint = { .bytes = TEXT("{\"a\":1}") };
	struct location location = checkpoint_place_of(source, "\"a\":1", "/a");
	const struct diagnostic note = { .rule = registry_get("checkpoint-value-odd"),
		.severity = SEVERITY_NOTE,
		.message = TEXT("Odd.") };
	const struct diagnostic error = { .rule = registry_get("checkpoint-wrong-type"),
		.severity = SEVERITY_ERROR,
		.message = TEXT("Wrong."),
		.remedy = TEXT("Mend it."),
		.locations = &location,
		.location_count = 1 };
	const struct diagnostic *findings[] = { &note, &error };
	const struct inspection inspection = { .checkpoint = &checkpoint,
		.findings = findings,
		.finding_count = 2,
		.filename = TEXT("m/c\033.json") };
	render_inspection_text(&out, &inspection, false);
	expect(buffer_text(&out), "m/c␛.json: not quantized (1 error, 1 note)\n"
				  "m/c␛.json:1:2: error: Wrong. [checkpoint-wrong-type]\n"
				  "    {\"a\":1}\n"
				  "     ^~~~~\n"
				  "help: Mend it.\n"
				  "m/c␛.json: note: Odd. [checkpoint-value-odd]\n");
}
END_TEST

START_TEST(tells_the_groups_of_a_mixed_scheme)
{
	struct scheme groups[9] = {
		{ .family = "mxfp8", .weight_bits = TEXT("8"), .group_size = TEXT("[1,32]") },
		{ .family = "nvfp4",
			.weight_bits = TEXT("4"),
			.group_size = TEXT("16"),
			.group = TEXT("experts") },
	};
	struct checkpoint checkpoint = { .quantized = true,
		.quant_method = TEXT("new\n"),
		.scheme = { .family = "mixed" },
		.groups = groups,
		.group_count = 9,
		.groups_left_out = 3,
		.trainable_with_adapter = -1 };
	const struct inspection inspection = { .checkpoint = &checkpoint };
	render_inspection_text(&out, &inspection, false);
	ck_assert(text_starts_with(buffer_text(&out),
		"config.json: quantized with new␊: mixed\n"
		"  groups      all others: mxfp8, blocks of 1x32\n"
		"              experts: nvfp4, groups of 16\n"));
	ck_assert(text_ends_with(buffer_text(&out),
		"              and 4 more\n"
		"  training    it is not known whether an adapter can be trained over it\n"));
}
END_TEST

START_TEST(says_that_it_cannot_be_read)
{
	struct checkpoint_problem problem = { .fault = CHECKPOINT_UNREADABLE };
	const struct checkpoint checkpoint = { .problems = &problem };
	const struct inspection inspection = { .checkpoint = &checkpoint };
	render_inspection_text(&out, &inspection, false);
	expect(buffer_text(&out), "config.json: cannot be read\n");
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("render_inspection");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_test(cases, says_what_it_is_first);
	tcase_add_test(cases, lists_exclusions_when_asked);
	tcase_add_test(cases, counts_findings_in_the_first_line);
	tcase_add_test(cases, tells_the_groups_of_a_mixed_scheme);
	tcase_add_test(cases, says_that_it_cannot_be_read);
	return run("render_inspection", cases);
}
