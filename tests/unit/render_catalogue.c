/* Checkpoints, and the lists of rules, backends and methods, as JSON. */
#include "unit/render_fixture.h"

#include "checkpoint/weights/weights.h"
#include "resolve/backends.h"
#include "resolve/registry.h"

static struct buffer out;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
}

static struct checkpoint mixed_checkpoint(void)
{
	static struct text architectures[] = { TEXT("KimiForCausalLM") };
	static struct text entries[] = { TEXT("lm_head"), TEXT("re:.*attn.*") };
	static struct scheme groups[1];
	static const char *const overridable[] = { "dequantize" };
	groups[0] = (struct scheme){
		.family = "mxfp4",
		.weight_bits = TEXT("4.25"),
		.group = TEXT("group_0"),
		.modules = 3,
	};
	return (struct checkpoint){
		.source = CHECKPOINT_FROM_HF_CACHE,
		.model = TEXT("amd/Kimi"),
		.model_type = TEXT("kimi_k2"),
		.architectures = architectures,
		.architecture_count = 1,
		.experts = 384,
		.quantized = true,
		.quant_method = TEXT("Quark"),
		.method = method_find(METHOD_QUARK),
		.known_to = 1u << ENGINE_TRANSFORMERS | 1u << ENGINE_VLLM,
		.found_in = "quantization_config",
		.trainable_with_adapter = -1,
		.loading = "forwarded unchanged",
		.overridable = overridable,
		.overridable_count = 1,
		.scheme = { .family = "mixed",
			.group_size = TEXT("[128,128]"),
			.symmetric = TEXT("true") },
		.groups = groups,
		.group_count = 1,
		.exclusions = { .count = 2, .grammar = "exact|re:", .entries = entries },
	};
}

static const char mixed_json[] =
	"{\"source\":\"hf-cache\",\"model\":\"amd/Kimi\",\"revision\":null,\"model_type\":\"kimi_k2\","
	"\"architectures\":[\"KimiForCausalLM\"],\"torch_dtype\":null,\"moe\":{\"experts\":384,"
	"\"experts_per_token\":null},\"quantized\":true,\"quant_method\":\"Quark\",\"method\":\"quark\","
	"\"known_to\":[\"transformers\",\"vllm\"],\"found_in\":\"quantization_config\",\"scheme\":{"
	"\"family\":\"mixed\",\"weight_bits\":null,\"group_size\":[128,128],\"symmetric\":true,"
	"\"weight_dtype\":null,\"scale\":null,\"activations\":null,\"groups\":[{\"group\":\"group_0\","
	"\"family\":\"mxfp4\",\"weight_bits\":4.25,\"group_size\":null,\"symmetric\":null,"
	"\"weight_dtype\":null,\"scale\":null,\"activations\":null,\"modules\":3}]},"
	"\"exclusions\":{\"count\":2,\"grammar\":\"exact|re:\",\"roles\":{\"attention\":1,\"lm_head\":1},"
	"\"entries\":[\"lm_head\",\"re:.*attn.*\"]},\"trainable_with_adapter\":null,"
	"\"overridable\":[\"dequantize\"],\"loading\":\"forwarded unchanged\",\"weights\":null,"
	"\"estimate\":null,\"findings\":[]}\n";

START_TEST(renders_an_inspection)
{
	struct checkpoint checkpoint = mixed_checkpoint();
	checkpoint.exclusions.roles[ROLE_ATTENTION] = 1;
	checkpoint.exclusions.roles[ROLE_LM_HEAD] = 1;
	const struct inspection inspection = { .checkpoint = &checkpoint,
		.include_exclusions = true };
	render_inspection_json(&out, &inspection);
	expect(buffer_text(&out), mixed_json);
}
END_TEST

START_TEST(renders_weights_and_outcomes)
{
	struct weights_dtype dtypes[] = { { .name = TEXT("BF16"), .tensors = 5, .bytes = 100 } };
	struct weights weights = {
		.headers = true,
		.bytes_known = true,
		.parameters = 50,
		.parameters_known = true,
		.bytes = 100,
		.dtypes = dtypes,
		.dtype_count = 1,
		.agrees_with_declaration = 1,
		.roles[ROLE_EXPERTS].bytes = 90,
	};
	struct checkpoint checkpoint = mixed_checkpoint();
	checkpoint.weights = &weights;
	checkpoint.exclusions.modules_known = true;
	checkpoint.exclusions.unmatched = 1;
	checkpoint.exclusions.outcomes[ROLE_EXPERTS] = OUTCOME_QUANTIZED;
	checkpoint.exclusions.outcomes[ROLE_MLP] = OUTCOME_MIXED;
	checkpoint.trainable_with_adapter = 0;
	render_inspection_json(&out, &(struct inspection){ .checkpoint = &checkpoint });
	ck_assert(text_contains(buffer_text(&out),
		"\"weights\":{\"parameters\":50,\"bytes\":100,\"dtypes\":{\"BF16\":5},"
		"\"by_role\":{\"experts\":90},\"agrees_with_declaration\":true}"));
	ck_assert(text_contains(buffer_text(&out),
		"\"roles\":{},\"unmatched\":1,\"outcomes\":{\"experts\":\"quantized\",\"mlp\":\"mixed\"}},"
		"\"trainable_with_adapter\":false"));
	struct exclusion list[] = { { .name = TEXT("lm_head"), .excludes = true, .modules = 1 },
		{ .name = TEXT("+:a"), .modules = 3 },
		{ .name = TEXT("("), .excludes = true, .broken = true } };
	checkpoint.exclusions.list = list;
	checkpoint.exclusions.list_count = 3;
	buffer_init(&out, &arena, 0);
	render_inspection_json(&out,
		&(struct inspection){ .checkpoint = &checkpoint, .include_exclusions = true });
	ck_assert(text_contains(buffer_text(&out),
		"\"matches\":[{\"entry\":\"lm_head\",\"modules\":1},{\"entry\":\"(\",\"modules\":null}],"
		"\"unmatched\":1"));
	weights = (struct weights){ .agrees_with_declaration = -1 };
	buffer_init(&out, &arena, 0);
	render_inspection_json(&out, &(struct inspection){ .checkpoint = &checkpoint });
	ck_assert(text_contains(buffer_text(&out),
		"\"weights\":{\"parameters\":null,\"bytes\":null,\"dtypes\":{},"
		"\"by_role\":{},\"agrees_with_declaration\":null}"));
}
END_TEST

START_TEST(renders_an_estimate)
{
	struct checkpoint checkpoint = mixed_checkpoint();
	struct weights_estimate estimate = { .bytes = 30, .formula = "f" };
	estimate.by_role[ROLE_EXPERTS] = 20;
	estimate.by_role[ROLE_LM_HEAD] = 10;
	const struct resolution resolution = { .checkpoint = &checkpoint, .estimate = &estimate };
	render_resolution_json(&out, &resolution);
	ck_assert(text_contains(buffer_text(&out),
		"\"weights\":null,\"estimate\":{\"bytes_as_requested\":30,\"by_role\":{\"experts\":20,"
		"\"lm_head\":10},\"formula\":\"f\"},\"findings\":[]}"));
}
END_TEST

START_TEST(puts_findings_of_the_checkpoint_into_it)
{
	const char config[] = "{\"quantization_config\": {}}";
	struct location locations[] = {
		checkpoint_place_of(config, "{}", "/quantization_config"),
	};
	struct diagnostic finding = {
		.rule = registry_get("quant-method-missing"),
		.severity = SEVERITY_ERROR,
		.locations = locations,
		.location_count = 1,
	};
	const struct diagnostic other = {
		.rule = registry_get("other-dialect"),
		.severity = SEVERITY_NOTE,
	};
	const struct diagnostic *findings[] = { &finding, &other };
	const struct checkpoint checkpoint = { .quantized = false };
	const struct resolution resolution = {
		.status = RESOLUTION_REJECTED,
		.checkpoint = &checkpoint,
		.findings = findings,
		.finding_count = 2,
	};
	render_resolution_json(&out, &resolution);
	const struct node *reply = parsed(buffer_text(&out));
	ck_assert_uint_eq(at(reply, "checkpoint/findings")->count, 1);
	ck_assert_uint_eq(at(reply, "errors")->count, 1);
	ck_assert(node_equal(at(reply, "errors/0"), at(reply, "checkpoint/findings/0")));
	ck_assert(node_is_string(at(reply, "errors/0/locations/0/source"), "checkpoint"));
	ck_assert(node_is_null(at(reply, "checkpoint/scheme")));
	ck_assert(node_is_null(at(reply, "checkpoint/moe")));
}
END_TEST

START_TEST(lists_every_rule)
{
	render_rules_json(&out);
	const struct node *reply = parsed(buffer_text(&out));
	ck_assert_uint_eq(at(reply, "rules")->count, registry_count());
	ck_assert_uint_eq(at(reply, "digest")->text.length, 16);
	for (size_t i = 0; i < registry_count(); i++) {
		buffer_init(&out, &arena, 0);
		render_rule_json(&out, registry_at(i));
		const struct node *row = parsed(buffer_text(&out));
		ck_assert(node_equal(row, at(reply, "rules")->items[i]));
		ck_assert(node_is_string(at(row, "id"), registry_at(i)->id));
		ck_assert_uint_eq(at(row, "severity")->count, TARGET_COUNT);
	}
}
END_TEST

START_TEST(renders_a_rule)
{
	const struct rule rule = {
		.id = "some-rule",
		.stage = STAGE_LOAD,
		.severity = { SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_NONE },
		.reads = { KEY_PEFT_BACKEND, KEY_GPTQ },
		.summary = "S.",
		.message = "{gptq}",
		.remedy = "R.",
		.why = "W.",
		.bad = "gptq: true\n",
		.bad_checkpoint = "{}",
		.target = TARGET_FLAT,
	};
	render_rule_json(&out, &rule);
	expect(buffer_text(&out),
		"{\"id\":\"some-rule\",\"stage\":\"load\",\"severity\":{\"canonical\":\"warning\",\"flat\":"
		"\"error\",\"released\":\"none\"},\"summary\":\"S.\",\"message\":\"{gptq}\",\"remedy\":"
		"\"R.\",\"why\":\"W.\",\"reads\":[\"peft.backend\",\"gptq\"],\"examples_target\":\"flat\","
		"\"bad\":{\"config\":\"gptq: true\\n\",\"checkpoint\":\"{}\"},\"good\":null}\n");
}
END_TEST

START_TEST(lists_every_backend_and_method)
{
	render_backends_json(&out);
	const struct node *reply = parsed(buffer_text(&out));
	ck_assert_uint_eq(at(reply, "backends")->count, BACKEND_COUNT - 1);
	ck_assert_uint_eq(at(reply, "methods")->count, method_row_count);
	size_t choices = 0;
	for (uint32_t i = 0; i < at(reply, "backends")->count; i++)
		choices += at(at(reply, "backends")->items[i], "choices")->count;
	ck_assert_uint_eq(choices, installed_row_count);
	ck_assert(node_is_string(at(reply, "backends/1/name"), "torchao"));
	ck_assert(node_is_string(at(reply, "backends/1/choices/0/weight_dtype"), "int4"));
	ck_assert(text_is(at(reply, "backends/1/choices/0/group_size")->text, "128"));
	ck_assert(node_is_string(at(reply, "methods/0/name"), method_rows[0].name));
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("render_catalogue");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_test(cases, renders_an_inspection);
	tcase_add_test(cases, renders_weights_and_outcomes);
	tcase_add_test(cases, renders_an_estimate);
	tcase_add_test(cases, puts_findings_of_the_checkpoint_into_it);
	tcase_add_test(cases, lists_every_rule);
	tcase_add_test(cases, renders_a_rule);
	tcase_add_test(cases, lists_every_backend_and_method);
	return run("render_catalogue", cases);
}
