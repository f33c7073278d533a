/* The writer and the replies that it makes, byte for byte. */
#include "unit/render_fixture.h"

#include <string.h>

#include "render/json.h"
#include "resolve/registry.h"

static struct buffer out;
static struct json json;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
	json_begin(&json, &out);
}

/* A text that may hold NULs, and what stands for it in JSON. */
static const struct {
	struct text text;
	const char *expected;
} strings[] = {
	{ TEXT(""), "\"\"" },
	{ TEXT("plain"), "\"plain\"" },
	{ TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
	{ TEXT("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"" },
	{ TEXT("a\0b\x01\x1f\x7f"), "\"a\\u0000b\\u0001\\u001f\\u007f\"" },
	{ TEXT("é€😀"), "\"é€😀\"" },
	{ TEXT("\xff"), "\"\xef\xbf\xbd\"" },
	{ TEXT("a\xc3"), "\"a\xef\xbf\xbd\"" },
	{ TEXT("\xc3\xa9\xe9z\n"), "\"é\xef\xbf\xbdz\\n\"" },
	{ TEXT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ TEXT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};

START_TEST(writes_strings)
{
	json_text(&json, strings[_i].text);
	expect(buffer_text(&out), strings[_i].expected);
}
END_TEST

START_TEST(separates_items)
{
	json_open(&json, '{');
	json_key(&json, "a");
	json_open(&json, '[');
	json_unsigned(&json, 0);
	json_unsigned(&json, UINT64_MAX);
	json_open(&json, '{');
	json_close(&json, '}');
	json_open(&json, '[');
	json_close(&json, ']');
	json_null(&json);
	json_boolean(&json, true);
	json_close(&json, ']');
	json_key_text(&json, TEXT("q\"\n"));
	json_string(&json, NULL);
	json_key(&json, "c");
	json_text_or_null(&json, TEXT(""));
	json_key(&json, "d");
	json_raw_or_null(&json, TEXT("[128,128]"));
	json_close(&json, '}');
	expect(buffer_text(&out),
		"{\"a\":[0,18446744073709551615,{},[],null,true],\"q\\\"\\n\":null,\"c\":null,"
		"\"d\":[128,128]}");
}
END_TEST

START_TEST(writes_trees_with_their_digits_and_order)
{
	json_node(&json,
		tree_of("z: 9007199254740993\nb: 0.00020\na: [1e-5, ~, yes, \"yes\"]\nm: {y: {}, x: "
			"[]}\n"));
	expect(buffer_text(&out),
		"{\"z\":9007199254740993,\"b\":0.00020,\"a\":[1e-5,null,true,\"yes\"],"
		"\"m\":{\"y\":{},\"x\":[]}}");
}
END_TEST

START_TEST(goes_on_without_memory)
{
	struct arena small;
	arena_init(&small, 1024);
	buffer_init(&out, &small, 0);
	json_begin(&json, &out);
	json_open(&json, '[');
	for (int i = 0; i < 100; i++) {
		json_text(&json, TEXT("forty bytes, more or less, of a long text"));
		json_unsigned(&json, 7);
	}
	json_close(&json, ']');
	ck_assert(arena_failed(&small));
	arena_release(&small);
}
END_TEST

static const char nothing[] =
	"{\"status\":\"ok\",\"target\":\"canonical\",\"dialects\":[],\"canonical\":null,"
	"\"effective\":null,\"checkpoint\":null,\"errors\":[],\"warnings\":[],"
	"\"notes\":[],\"patch\":[]";

START_TEST(renders_an_empty_resolution)
{
	render_resolution_json(&out, &(struct resolution){ 0 });
	expect(buffer_text(&out), arena_printf(&arena, "%s}\n", nothing).data);
}
END_TEST

START_TEST(includes_what_is_asked_for)
{
	struct resolution resolution = { .include_migrated = true, .include_diff = true };
	render_resolution_json(&out, &resolution);
	expect(buffer_text(&out),
		arena_printf(&arena, "%s,\"migrated\":null,\"diff\":null}\n", nothing).data);
	buffer_init(&out, &arena, 0);
	resolution.source = TEXT("a: 1\n");
	resolution.migrated = TEXT("a: 2\n");
	resolution.filename = TEXT("c.yaml");
	render_resolution_json(&out, &resolution);
	expect(buffer_text(&out),
		arena_printf(&arena,
			"%s,\"migrated\":\"a: 2\\n\",\"diff\":\"--- a/c.yaml\\n+++ b/c.yaml\\n@@ -1 "
			"+1 @@\\n-a: 1\\n+a: 2\\n\"}\n",
			nothing)
			.data);
	buffer_init(&out, &arena, 0);
	resolution.migrated = resolution.source;
	render_resolution_json(&out, &resolution);
	expect(buffer_text(&out),
		arena_printf(&arena, "%s,\"migrated\":\"a: 1\\n\",\"diff\":\"\"}\n", nothing).data);
}
END_TEST

#define CONFIG "é: 1\ngptq: true\n"

static const struct diagnostic **some_findings(void)
{
	static struct location locations[2];
	static struct edit edits[1];
	static struct diagnostic error, note;
	static const struct diagnostic *findings[2];
	locations[0] = place_of(CONFIG, "gptq: true", "/gptq");
	locations[1] = unplaced("/a~1b");
	edits[0] = (struct edit){ .offset = 6, .length = 11, .text = TEXT("") };
	error = (struct diagnostic){
		.rule = registry_get("torchao-with-gptq"),
		.severity = SEVERITY_ERROR,
		.message = TEXT("both \"claim\" it"),
		.remedy = TEXT("remove one"),
		.locations = locations,
		.location_count = 2,
		.edits = edits,
		.edit_count = 1,
	};
	note = (struct diagnostic){
		.rule = registry_get("other-dialect"),
		.severity = SEVERITY_NOTE,
		.message = TEXT("m"),
		.remedy = TEXT("r"),
	};
	findings[0] = &note;
	findings[1] = &error;
	return findings;
}

START_TEST(renders_findings_by_severity)
{
	const struct resolution resolution = {
		.status = RESOLUTION_UNREADABLE,
		.target = TARGET_RELEASED,
		.dialects = { "flags", "nested" },
		.dialect_count = 2,
		.findings = some_findings(),
		.finding_count = 2,
	};
	render_resolution_json(&out, &resolution);
	expect(buffer_text(&out),
		"{\"status\":\"rejected\",\"target\":\"released\",\"dialects\":[\"flags\",\"nested\"],"
		"\"canonical\":null,\"effective\":null,\"checkpoint\":null,"
		"\"errors\":[{\"rule\":\"torchao-with-gptq\",\"severity\":\"error\",\"stage\":"
		"\"validation\",\"message\":\"both \\\"claim\\\" it\",\"remedy\":\"remove one\","
		"\"docs\":\"/v1/rules/torchao-with-gptq\",\"locations\":[{\"path\":\"/gptq\",\"line\":2,"
		"\"column\":1,\"end_line\":2,\"end_column\":11,\"offset\":6,\"length\":10},"
		"{\"path\":\"/a~1b\"}],\"edits\":[{\"offset\":6,\"length\":11,\"text\":\"\"}]}],"
		"\"warnings\":[],"
		"\"notes\":[{\"rule\":\"other-dialect\",\"severity\":\"note\",\"stage\":\"schema\","
		"\"message\":\"m\",\"remedy\":\"r\",\"docs\":\"/v1/rules/other-dialect\","
		"\"locations\":[],\"edits\":[]}],\"patch\":[]}\n");
}
END_TEST

START_TEST(renders_what_is_effective)
{
	const struct effective effective = {
		.adapter = TEXT("lora"),
		.source = QUANTIZATION_CONFIG,
		.backend = "torchao",
		.quant_method = TEXT("torchao"),
		.weight_dtype = TEXT("int8"),
		.weight_bits = TEXT("8"),
		.group_size = TEXT("64"),
		.installs_class = "TorchAoConfig",
		.quant_type_class = "Int8WeightOnlyConfig",
		.quant_type_kwargs = tree_of("group_size: 64"),
		.lora_layer = "TorchaoLoraLinear",
		.fsdp2_bnb_patches = "skipped",
		.merge_method_required = "legacy",
	};
	const struct patch_operation last = { .op = "remove", .path = TEXT("/peft") };
	const struct node *value = tree_of("v: ~");
	const struct patch_operation first = {
		.op = "add",
		.path = TEXT("/x"),
		.value = value->members[0].value,
		.next = (struct patch_operation *)&last,
	};
	const struct resolution resolution = {
		.canonical = tree_of("b: 1\na: 2"),
		.effective = &effective,
		.patch = &first,
	};
	render_resolution_json(&out, &resolution);
	expect(buffer_text(&out),
		"{\"status\":\"ok\",\"target\":\"canonical\",\"dialects\":[],\"canonical\":{\"b\":1,"
		"\"a\":2},\"effective\":{\"adapter\":\"lora\",\"load_in_4bit\":false,"
		"\"load_in_8bit\":false,\"quantization\":{\"source\":\"config\",\"backend\":\"torchao\","
		"\"quant_method\":\"torchao\",\"weight_dtype\":\"int8\",\"weight_bits\":8,"
		"\"group_size\":64,\"installs\":{\"class\":\"TorchAoConfig\",\"quant_type\":{\"class\":"
		"\"Int8WeightOnlyConfig\",\"kwargs\":{\"group_size\":64}}}},\"experts\":null,"
		"\"lora_layer\":\"TorchaoLoraLinear\",\"fsdp2_bnb_patches\":\"skipped\","
		"\"merge_method_required\":\"legacy\"},\"checkpoint\":null,\"errors\":[],"
		"\"warnings\":[],\"notes\":[],\"patch\":[{\"op\":\"add\",\"path\":\"/x\",\"value\":null},"
		"{\"op\":\"remove\",\"path\":\"/peft\"}]}\n");
}
END_TEST

START_TEST(renders_no_quantization)
{
	const struct effective effective = { .source = QUANTIZATION_NONE };
	render_resolution_json(&out, &(struct resolution){ .effective = &effective });
	const struct node *shown = at(parsed(buffer_text(&out)), "effective/quantization");
	ck_assert(node_is_string(at(shown, "source"), "none"));
	static const char *const absent[] = { "backend", "quant_method", "weight_dtype",
		"weight_bits", "group_size", "installs" };
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		ck_assert(node_is_null(at(shown, absent[i])));
}
END_TEST

START_TEST(renders_kwargs_of_a_class)
{
	const struct effective effective = {
		.source = QUANTIZATION_CONFIG,
		.backend = "bnb",
		.load_in_4bit = true,
		.installs_class = "BitsAndBytesConfig",
		.installs_kwargs = tree_of("load_in_4bit: true\nllm_int8_threshold: 6.0"),
	};
	render_resolution_json(&out, &(struct resolution){ .effective = &effective });
	ck_assert(text_contains(buffer_text(&out),
		"\"installs\":{\"class\":\"BitsAndBytesConfig\",\"kwargs\":{\"load_in_4bit\":true,"
		"\"llm_int8_threshold\":6.0}}}"));
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("render_json");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_loop_test(cases, writes_strings, 0, (int)(sizeof(strings) / sizeof(strings[0])));
	tcase_add_test(cases, separates_items);
	tcase_add_test(cases, writes_trees_with_their_digits_and_order);
	tcase_add_test(cases, goes_on_without_memory);
	tcase_add_test(cases, renders_an_empty_resolution);
	tcase_add_test(cases, includes_what_is_asked_for);
	tcase_add_test(cases, renders_findings_by_severity);
	tcase_add_test(cases, renders_what_is_effective);
	tcase_add_test(cases, renders_no_quantization);
	tcase_add_test(cases, renders_kwargs_of_a_class);
	return run("render_json", cases);
}
