/* SARIF 2.1.0: the shape, and the places in code points. */
#include "unit/render_fixture.h"

#include "resolve/registry.h"

static struct buffer out;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
}

static const char source[] = "größe: 1\ngptq: true\nmodel_quantization_config: {é: 1}\n";

static const struct node *rendered(const struct diagnostic *finding, const char *filename)
{
	const struct diagnostic *findings[] = { finding };
	const struct resolution resolution = {
		.status = RESOLUTION_REJECTED,
		.findings = findings,
		.finding_count = finding ? 1 : 0,
		.source = text_of(source),
		.filename = text_of(filename),
	};
	buffer_init(&out, &arena, 0);
	render_resolution_sarif(&out, &resolution);
	return parsed(buffer_text(&out));
}

static struct diagnostic finding_at(struct location *locations, size_t count)
{
	return (struct diagnostic){
		.rule = registry_get("torchao-with-gptq"),
		.severity = SEVERITY_ERROR,
		.message = TEXT("Both."),
		.remedy = TEXT("One."),
		.locations = locations,
		.location_count = count,
	};
}

static void expect_region(
	const struct node *region, int start_line, int start_column, int end_line, int end_column)
{
	struct buffer shown;
	buffer_init(&shown, &arena, 0);
	for (uint32_t i = 0; i < region->count; i++) {
		buffer_add(&shown, region->members[i].key);
		buffer_printf(&shown, "=%.*s ", TEXT_ARGUMENTS(region->members[i].value->text));
	}
	expect(buffer_text(&shown),
		arena_printf(&arena, "startLine=%d startColumn=%d endLine=%d endColumn=%d ",
			start_line, start_column, end_line, end_column)
			.data);
}

START_TEST(names_tool_and_rules)
{
	const struct node *log = rendered(NULL, "c.yaml");
	ck_assert(node_is_string(at(log, "version"), "2.1.0"));
	ck_assert(text_ends_with(at(log, "$schema")->text, "/sarif-2.1.0.json"));
	ck_assert_uint_eq(at(log, "runs")->count, 1);
	ck_assert(node_is_string(at(log, "runs/0/columnKind"), "unicodeCodePoints"));
	ck_assert_uint_eq(at(log, "runs/0/results")->count, 0);
	const struct node *rules = at(log, "runs/0/tool/driver/rules");
	ck_assert_uint_eq(rules->count, registry_count());
	for (uint32_t i = 0; i < rules->count; i++) {
		ck_assert(node_is_string(at(rules->items[i], "id"), registry_at(i)->id));
		ck_assert_uint_gt(at(rules->items[i], "shortDescription/text")->text.length, 0);
		ck_assert_uint_gt(at(rules->items[i], "fullDescription/text")->text.length, 0);
		ck_assert_uint_gt(at(rules->items[i], "help/text")->text.length, 0);
	}
}
END_TEST

START_TEST(places_results)
{
	struct location locations[] = {
		place_of(source, "gptq: true", "/gptq"),
		place_of(source, "é: 1}", "/model_quantization_config/é"),
		unplaced("/elsewhere"),
	};
	struct diagnostic finding = finding_at(locations, 3);
	const struct node *log = rendered(&finding, "my configs/ü#1.yaml");
	const struct node *result = at(log, "runs/0/results/0");
	ck_assert(node_is_string(at(result, "ruleId"), "torchao-with-gptq"));
	int64_t index;
	ck_assert(node_integer(at(result, "ruleIndex"), &index));
	ck_assert_str_eq(registry_at((size_t)index)->id, "torchao-with-gptq");
	ck_assert(node_is_string(at(result, "level"), "error"));
	ck_assert(node_is_string(at(result, "message/text"), "Both."));
	ck_assert_uint_eq(at(result, "locations")->count, 1);
	const struct node *place = at(result, "locations/0/physicalLocation");
	ck_assert(
		node_is_string(at(place, "artifactLocation/uri"), "my%20configs/%C3%BC%231.yaml"));
	expect_region(at(place, "region"), 2, 1, 2, 11);
	ck_assert(node_is_string(
		at(result, "locations/0/logicalLocations/0/fullyQualifiedName"), "/gptq"));
	ck_assert_uint_eq(at(result, "relatedLocations")->count, 2);
	ck_assert(text_is(at(result, "relatedLocations/0/id")->text, "1"));
	expect_region(at(result, "relatedLocations/0/physicalLocation/region"), 3, 29, 3, 34);
	ck_assert_ptr_null(node_get(at(result, "relatedLocations/1/physicalLocation"), "region"));
	ck_assert_ptr_null(node_get(result, "fixes"));
}
END_TEST

START_TEST(turns_edits_into_fixes)
{
	struct location location = place_of(source, "gptq: true", "/gptq");
	struct edit edits[] = {
		{ .offset = location.offset, .length = 11, .text = TEXT("") },
		{ .offset = location.offset + 11, .length = 0, .text = TEXT("x: \"ü\"\n") },
	};
	struct diagnostic finding = finding_at(&location, 1);
	finding.edits = edits;
	finding.edit_count = 2;
	const struct node *fixes = at(rendered(&finding, "c.yaml"), "runs/0/results/0/fixes");
	ck_assert_uint_eq(fixes->count, 1);
	ck_assert(node_is_string(at(fixes, "0/description/text"), "One."));
	const struct node *change = at(fixes, "0/artifactChanges/0");
	ck_assert(node_is_string(at(change, "artifactLocation/uri"), "c.yaml"));
	expect_region(at(change, "replacements/0/deletedRegion"), 2, 1, 3, 1);
	ck_assert(node_is_string(at(change, "replacements/0/insertedContent/text"), ""));
	expect_region(at(change, "replacements/1/deletedRegion"), 3, 1, 3, 1);
	ck_assert(node_is_string(at(change, "replacements/1/insertedContent/text"), "x: \"ü\"\n"));
}
END_TEST

static const struct {
	enum severity severity;
	const char *level;
} levels[] = {
	{ SEVERITY_NOTE, "note" },
	{ SEVERITY_WARNING, "warning" },
	{ SEVERITY_ERROR, "error" },
};

START_TEST(grades_results)
{
	struct diagnostic finding = finding_at(NULL, 0);
	finding.severity = levels[_i].severity;
	const struct node *result = at(rendered(&finding, "c.yaml"), "runs/0/results/0");
	ck_assert(node_is_string(at(result, "level"), levels[_i].level));
	ck_assert_ptr_null(node_get(at(result, "locations/0/physicalLocation"), "region"));
	ck_assert_ptr_null(node_get(result, "relatedLocations"));
}
END_TEST

START_TEST(names_the_checkpoints_file)
{
	struct location location = checkpoint_place_of("{\"a\": 1}", "\"a\"", "/a");
	struct diagnostic finding = finding_at(&location, 1);
	const struct node *place =
		at(rendered(&finding, "c.yaml"), "runs/0/results/0/locations/0/physicalLocation");
	ck_assert(node_is_string(at(place, "artifactLocation/uri"), "config.json"));
	expect_region(at(place, "region"), 1, 2, 1, 5);
}
END_TEST

static const struct {
	const char *filename;
	const char *uri;
} uris[] = {
	{ "a-b_c.~9/Z.yaml", "a-b_c.~9/Z.yaml" },
	{ "C:\\x y?.yaml", "C%3A%5Cx%20y%3F.yaml" },
	{ "/a/b.yaml", "file:///a/b.yaml" },
	{ "././a/b.yaml", "a/b.yaml" },
	{ "//host/%2e", "file:///host/%252e" },
	{ "\"<>\x7f", "%22%3C%3E%7F" },
};

START_TEST(escapes_names)
{
	struct diagnostic finding = finding_at(NULL, 0);
	const struct node *log = rendered(&finding, uris[_i].filename);
	expect(at(log, "runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri")->text,
		uris[_i].uri);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *cases = tcase_create("render_sarif");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_test(cases, names_tool_and_rules);
	tcase_add_test(cases, places_results);
	tcase_add_test(cases, turns_edits_into_fixes);
	tcase_add_loop_test(cases, grades_results, 0, COUNT(levels));
	tcase_add_test(cases, names_the_checkpoints_file);
	tcase_add_loop_test(cases, escapes_names, 0, COUNT(uris));
	return run("render_sarif", cases);
}
