/* Bounds of the core that no single config file of a readable size could show. */
#include <check.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "resolve/resolve.h"
#include "schema/suggestion.h"

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void tear_down(void)
{
	arena_release(&arena);
}

static struct text many_keys(const char *before, const char *format, int count, const char *behind)
{
	struct buffer out;
	buffer_init(&out, &arena, 1 << 16);
	buffer_add_string(&out, before);
	for (int i = 0; i < count; i++) {
		buffer_add_string(&out, format);
		buffer_add_unsigned(&out, (uint64_t)i);
		buffer_add_string(&out, ": 1,");
	}
	buffer_add_string(&out, behind);
	return buffer_text(&out);
}

static size_t count_of(const struct resolution *resolution, const char *id)
{
	size_t count = 0;
	for (size_t i = 0; i < resolution->finding_count; i++)
		count += text_is(text_of(resolution->findings[i]->rule->id), id);
	return count;
}

/* 3 000 findings in one line of 30 kB: a thousand are listed, the rest is counted, and said. */
START_TEST(findings_are_bounded)
{
	struct resolve_request request = {
		.config = many_keys(
			"adapter: lora\nmodel_quantization_config: {bnb: {weight_dtype: nf4,", "k",
			3000, "}}\n"),
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_int_eq(resolution->status, RESOLUTION_OK);
	ck_assert_uint_eq(resolution->counts[SEVERITY_WARNING], 3000);
	ck_assert_uint_eq(resolution->finding_count, FINDINGS_MAXIMUM + 1);
	ck_assert_uint_eq(count_of(resolution, "unknown-backend-key"), FINDINGS_MAXIMUM);
	ck_assert_uint_eq(count_of(resolution, "findings-left-out"), 1);
}
END_TEST

/* One below the bound nothing is left out. */
START_TEST(findings_at_the_bound_are_all_there)
{
	struct resolve_request request = {
		.config = many_keys(
			"adapter: lora\nmodel_quantization_config: {bnb: {weight_dtype: nf4,", "k",
			FINDINGS_MAXIMUM, "}}\n"),
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_uint_eq(count_of(resolution, "unknown-backend-key"), FINDINGS_MAXIMUM);
	ck_assert_uint_eq(count_of(resolution, "findings-left-out"), 0);
}
END_TEST

/* An error behind the bound still rejects the config. */
START_TEST(errors_behind_the_bound_count)
{
	struct resolve_request request = {
		.config = many_keys("model_quantization_config: {bnb: {weight_dtype: nf4,", "k",
			2000, "}}\nadapter: lora\ngptq: maybe\n"),
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_int_eq(resolution->status, RESOLUTION_REJECTED);
	ck_assert_ptr_null(resolution->canonical);
	ck_assert_uint_eq(count_of(resolution, "wrong-type"), 1);
}
END_TEST

/* A thousand keys that stand twice hide neither a fault behind them nor a key that decides. */
START_TEST(repeated_keys_hide_nothing)
{
	static const struct {
		const char *behind;
		const char *rule;
	} endings[] = {
		{ "z: [\n", "yaml-syntax" },
		{ "load_in_8bit: true\nload_in_8bit: false\n", "duplicate-decisive-key" },
		{ "x: {a: 1, a: 2, b: 1, b: 2}\nmodel_quantization_config: {bnb: {weight_dtype: nf4, weight_dtype: int8}}",
			"duplicate-decisive-key" },
	};
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct buffer out;
		buffer_init(&out, &arena, 1 << 16);
		for (int j = 0; j < 3000; j++)
			buffer_printf(&out, "k%d: 1\n", j / 2);
		buffer_add_string(&out, endings[i].behind);
		struct resolve_request request = {
			.config = buffer_text(&out),
			.checkpoint = CHECKPOINT_NO,
		};
		const struct resolution *resolution = resolve(&arena, &request);
		ck_assert_ptr_nonnull(resolution);
		ck_assert_int_ne(resolution->status, RESOLUTION_OK);
		ck_assert_uint_eq(count_of(resolution, endings[i].rule), 1);
	}
}
END_TEST

/* Places behind characters of several bytes, far along one line. */
START_TEST(places_in_long_lines)
{
	struct resolve_request request = {
		.config = many_keys("{\xc3\xa9: 1, ", "\xe2\x82\xac", 4000, " adaptor: lora}\n"),
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_uint_eq(resolution->finding_count, 1);
	const struct location *place = resolution->findings[0]->locations;
	ck_assert_uint_eq(place->offset, request.config.length - sizeof("adaptor: lora}"));
	ck_assert_uint_eq(place->length, sizeof("adaptor: lora") - 1);
	ck_assert_uint_lt(place->column, place->offset);
}
END_TEST

/* The second line begins behind the mark and five characters of two bytes; its entry has eleven units. */
START_TEST(utf16_places_are_those_of_the_bytes_sent)
{
	struct resolve_request request = {
		.config = TEXT("\xFF\xFE\xE9\0:\0 \0"
			       "1\0\n\0"
			       "a\0d\0a\0p\0t\0o\0r\0:\0 \0"
			       "\x3D\xD8\x00\xDE\n\0"),
		.checkpoint = CHECKPOINT_NO,
		.include_migrated = true,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_uint_eq(count_of(resolution, "misspelled-key"), 1);
	ck_assert_uint_eq(count_of(resolution, "migration-refused"), 1);
	ck_assert_ptr_null(resolution->migrated.data);
	for (size_t i = 0; i < resolution->finding_count; i++) {
		const struct diagnostic *finding = resolution->findings[i];
		ck_assert_uint_eq(finding->edit_count, 0);
		if (finding->location_count == 0)
			continue;
		ck_assert_uint_eq(finding->locations[0].offset, 12);
		ck_assert_uint_eq(finding->locations[0].length, 22);
		ck_assert_uint_eq(finding->locations[0].line, 2);
	}
}
END_TEST

/* Ten thousand keys that stand twice: the edits of a thousand findings share what is found once. */
START_TEST(repeated_keys_are_bounded)
{
	struct buffer out;
	buffer_init(&out, &arena, 1 << 20);
	buffer_add_string(&out, "adapter: lora\nx:\n");
	for (int i = 0; i < 20000; i++)
		buffer_printf(&out, "  k%d: 1\n", i / 2);
	struct resolve_request request = {
		.config = buffer_text(&out),
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(&arena, &request);
	ck_assert_ptr_nonnull(resolution);
	ck_assert_uint_ge(count_of(resolution, "duplicate-key"), FINDINGS_MAXIMUM - 1);
	for (size_t i = 0; i < resolution->finding_count; i++)
		if (resolution->findings[i]->severity == SEVERITY_WARNING)
			ck_assert_uint_eq(resolution->findings[i]->edit_count, 1);
}
END_TEST

START_TEST(hopeless_suggestions)
{
	static const struct {
		const char *written, *known;
	} close[] = {
		{ "adaptor", "adapter" },
		{ "load_in_4bits", "load_in_4bit" },
		{ "LOAD_IN_4BIT", "load_in_4bit" },
		{ "model_quantisation_config", "model_quantization_config" },
		{ "lora_dropuot", "lora_dropout" },
	};
	for (size_t i = 0; i < sizeof(close) / sizeof(close[0]); i++) {
		struct text written = text_of(close[i].written), known = text_of(close[i].known);
		ck_assert_uint_lt(suggestion_closeness(written, known), SUGGESTION_FAR);
		ck_assert(!suggestion_lengths_hopeless(written.length, known.length));
		ck_assert(!suggestion_letters_hopeless(
			suggestion_letters(written), suggestion_letters(known)));
	}
	ck_assert(suggestion_letters_hopeless(
		suggestion_letters(TEXT("zzqxxw")), suggestion_letters(TEXT("lora_r"))));
	ck_assert(suggestion_lengths_hopeless(4, 7));
	ck_assert(suggestion_lengths_hopeless(7, 4));
	ck_assert(!suggestion_lengths_hopeless(5, 7));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *bounds = tcase_create("bounds");
	tcase_add_checked_fixture(bounds, set_up, tear_down);
	tcase_add_test(bounds, findings_are_bounded);
	tcase_add_test(bounds, findings_at_the_bound_are_all_there);
	tcase_add_test(bounds, errors_behind_the_bound_count);
	tcase_add_test(bounds, places_in_long_lines);
	tcase_add_test(bounds, hopeless_suggestions);
	tcase_add_test(bounds, utf16_places_are_those_of_the_bytes_sent);
	tcase_add_test(bounds, repeated_keys_are_bounded);
	tcase_add_test(bounds, repeated_keys_hide_nothing);
	suite_add_tcase(suite, bounds);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
