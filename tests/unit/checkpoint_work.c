/* What entries may cost: patterns that explode, and lists that are too much work. */
#include "checkpoint.h"

#include "base/buffer.h"
#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/digits.h"
#include "checkpoint/names/pattern.h"

#include <stdlib.h>
#include <string.h>

#define FP8(list) "{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[" list "]}"

START_TEST(patterns_that_explode_end)
{
	struct checkpoint *checkpoint = inspect_block(FP8("\"(a+)+$\",\"(.*.*.*.*)*[xy]\""));
	struct buffer name;
	buffer_init(&name, &arena, 4096);
	buffer_add_repeated(&name, 'a', 2000);
	buffer_add_byte(&name, '!');
	struct text modules[200];
	for (int i = 0; i < 200; i++)
		modules[i] = arena_printf(
			&arena, "%.*s%d.%d", TEXT_ARGUMENTS(buffer_text(&name)), i, i * 7);
	ck_assert_ptr_null(exclusions_match(&arena, &checkpoint->exclusions, modules, 200));
	ck_assert(checkpoint->exclusions.list[0].untried);
	ck_assert(checkpoint->exclusions.list[1].untried);
	ck_assert_uint_eq(checkpoint->exclusions.untried, 2);
	ck_assert_uint_eq(checkpoint->exclusions.unmatched, 0);
}
END_TEST

/* Python finds these: that we do not is nothing to be told of the entry. */
START_TEST(what_is_given_up_is_not_unmatched)
{
	struct checkpoint *checkpoint =
		inspect_block(FP8("\"(?:.|.|.|.)*q_proj$\",\"lm_head\",\"nothing\""));
	const struct text modules[] = { TEXT("model.layers.0.self_attn.q_proj"), TEXT("lm_head"),
		TEXT("model.layers.0.self_attn.k_projection_of_a_long_name") };
	ck_assert_ptr_null(exclusions_match(&arena, &checkpoint->exclusions, modules, 3));
	ck_assert_uint_eq(checkpoint->exclusions.untried, 1);
	ck_assert_uint_eq(checkpoint->exclusions.unmatched, 1);
}
END_TEST

/* One finding, however many there are; and it is not the entries' fault. */
START_TEST(patterns_beyond_our_bounds_are_told_once)
{
	struct buffer block;
	buffer_init(&block, &arena, 1 << 18);
	buffer_add_string(&block, "{\"quant_method\":\"quark\",\"exclude\":[\"lm_head\",\"re:(");
	buffer_add_repeated(&block, 'a', PATTERN_BYTES_MAXIMUM);
	buffer_add_string(&block, ")\"");
	for (int i = 0; i < PATTERNS_MAXIMUM + 10; i++)
		buffer_printf(&block, ",\"re:model\\\\.layers\\\\.%d\\\\.x\"", i);
	buffer_add_string(&block, "]}");
	buffer_add_byte(&block, '\0');
	struct checkpoint *checkpoint = inspect_block(buffer_text(&block).data);
	ck_assert_uint_eq(checkpoint->problem_count, 1);
	ck_assert_uint_eq(checkpoint->problems_left_out, 0);
	const struct checkpoint_problem *problem =
		fault_at(checkpoint, CHECKPOINT_EXCLUSIONS_UNTRIED);
	ck_assert_ptr_nonnull(problem);
	assert_text(problem->detail, "11 of 4108");
	const struct text module = TEXT("model.layers.4100.x");
	ck_assert_ptr_null(exclusions_match(&arena, &checkpoint->exclusions, &module, 1));
	ck_assert_uint_eq(checkpoint->exclusions.untried, 11);
	ck_assert_uint_eq(checkpoint->exclusions.unmatched, 4108 - 11);
}
END_TEST

/* Patterns whose tries take many steps each have spent the budget after fewer of them. */
START_TEST(slow_patterns_spend_more)
{
	struct pattern_pool *pools[2] = { pattern_pool_new(&arena), pattern_pool_new(&arena) };
	struct text sources[2] = { TEXT("re5"), TEXT(".*\\.5\\..*(foo|bar)*$") }, detail;
	struct text name = TEXT("model.layers.15.mlp.experts.7.down_proj");
	size_t tries[2] = { 0 };
	for (int i = 0; i < 2; i++) {
		struct pattern *pattern =
			pattern_compile(pools[i], sources[i], PATTERN_START, &detail);
		while (tries[i] <= 2000000 &&
			pattern_match(pools[i], pattern, name) != PATTERN_LIMIT)
			tries[i]++;
		pattern_pool_end(pools[i]);
	}
	ck_assert_uint_eq(tries[0], 2000000);
	ck_assert_uint_lt(tries[1], 2000000 / 5);
}
END_TEST

START_TEST(patterns_are_bounded)
{
	struct pattern_pool *pool = pattern_pool_new(&arena);
	struct text detail, name;
	struct buffer source;
	buffer_init(&source, &arena, 2048);
	buffer_add_repeated(&source, 'a', PATTERN_BYTES_MAXIMUM);
	ck_assert_ptr_nonnull(pattern_compile(pool, buffer_text(&source), PATTERN_START, &detail));
	buffer_add_byte(&source, 'a');
	ck_assert_ptr_null(pattern_compile(pool, buffer_text(&source), PATTERN_START, &detail));
	ck_assert(text_contains(detail, "1024"));
	ck_assert_ptr_null(pattern_compile(
		pool, TEXT("((((a{1000}){1000}){1000}){1000})"), PATTERN_START, &detail));
	for (int i = 1; i < PATTERNS_MAXIMUM - 1; i++)
		ck_assert_ptr_nonnull(pattern_compile(pool, TEXT("a|b"), PATTERN_START, &detail));
	name = TEXT("c");
	ck_assert_ptr_null(pattern_compile(pool, name, PATTERN_START, &detail));
	ck_assert(text_contains(detail, "4096"));
	pattern_pool_end(pool);
}
END_TEST

/* Entries of the costliest kind on names that all differ: given up, and told as unknown. */
START_TEST(too_much_work_is_given_up)
{
	enum { NAMES = 20000 };
	struct text *modules = ARENA_ARRAY(&arena, struct text, NAMES);
	struct buffer block;
	buffer_init(&block, &arena, 65536);
	buffer_add_string(&block, "{\"quant_method\":\"modelopt\",\"ignore\":[\"x\"");
	for (int i = 0; i < 3000; i++)
		buffer_printf(&block, ",\"*[!abc]*[!abc]*[!abc]%d\"", i);
	buffer_add_string(&block, "]}");
	buffer_add_byte(&block, '\0');
	for (int i = 0; i < NAMES; i++)
		modules[i] = arena_printf(&arena, "aaaaaaaaaaaaaaaaaaaaaaa%c%c%c%c", 'a' + i % 26,
			'a' + i / 26 % 26, 'a' + i / 676 % 26, 'a' + i / 17576 % 26);
	struct exclusions *exclusions = &inspect_block(buffer_text(&block).data)->exclusions;
	ck_assert_uint_eq(exclusions->count, 3001);
	struct exclusions again = *exclusions;
	again.list = ARENA_ARRAY(&arena, struct exclusion, again.list_count);
	memcpy(again.list, exclusions->list, again.list_count * sizeof(again.list[0]));
	ck_assert_ptr_null(exclusions_match(&arena, exclusions, modules, NAMES));
	ck_assert(exclusions->modules_known);
	ck_assert_uint_gt(exclusions->untried, 1000);
	ck_assert_uint_lt(exclusions->untried, 3001);
	ck_assert(!exclusions->list[0].untried && exclusions->list[3000].untried);
	ck_assert_ptr_nonnull(exclusions_match(&arena, &again, modules, 10));
	ck_assert_uint_eq(again.untried, 0);
}
END_TEST

/* As many full names as there are modules, of every grammar that has them: each is found, and no other. */
START_TEST(full_names_are_looked_up)
{
	enum { LAYERS = 40, EXPERTS = 500, NAMES = LAYERS * EXPERTS };
	static const char *const blocks[] = {
		"{\"quant_method\":\"quark\",\"exclude\":[%s]}",
		"{\"quant_method\":\"modelopt\",\"ignore\":[%s]}",
		"{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[%s]}",
	};
	struct text *modules = ARENA_ARRAY(&arena, struct text, NAMES);
	struct buffer list;
	buffer_init(&list, &arena, 65536);
	for (int i = 0; i < NAMES; i++) {
		modules[i] = arena_printf(
			&arena, "model.layers.%d.mlp.experts.%d.up_proj", i / EXPERTS, i % EXPERTS);
		if (i % 7 != 0)
			buffer_printf(&list, "%s\"%.*s\"", list.length > 0 ? "," : "",
				TEXT_ARGUMENTS(modules[i]));
	}
	buffer_add_byte(&list, '\0');
	const char *format = blocks[_i], *middle = strstr(format, "%s");
	struct text block = arena_printf(&arena, "%.*s%s%s", (int)(middle - format), format,
		buffer_text(&list).data, middle + 2);
	struct exclusions *exclusions = &inspect_block(block.data)->exclusions;
	const unsigned char *verdicts = exclusions_match(&arena, exclusions, modules, NAMES);
	ck_assert_ptr_nonnull(verdicts);
	for (int i = 0; i < NAMES; i++)
		ck_assert_int_eq(verdicts[i], i % 7 != 0 ? VERDICT_EXCLUDED : VERDICT_SILENT);
	ck_assert_uint_eq(exclusions->unmatched, 0);
	for (size_t i = 0; i < exclusions->count; i++)
		ck_assert_uint_eq(exclusions->list[i].modules, 1);
}
END_TEST

static const struct {
	const char *source;
	const char *loosened;
} loosened[] = {
	{ "layers\\.12\\..*", "layers\\.[0-9][0-9]\\..*" },
	{ "[1-3]x{2,3}", "[1-30-9]x{2,3}" },
	{ "(?:a|1)+?$", "(?:a|[0-9])+?$" },
	{ "^\\d\\w[a\\]b]", "^\\d\\w[a\\]b]" },
	{ "[\\d4]", "[\\d40-9]" },
	{ "(?!1)a", "" },
	{ "(?<=1)a", "" },
	{ "(?>1*)5", "" },
	{ "(?i)a1", "" },
	{ "(*COMMIT)1", "" },
	{ "(a)\\1", "" },
	{ "\\x31", "" },
	{ "\\Q1\\E", "" },
	{ "[^1]", "" },
	{ "[]1]", "" },
	{ "[[:digit:]]", "" },
	{ "1*+5", "" },
	{ "1{2}+5", "" },
	{ "1?+5", "" },
	{ "1++5", "" },
	{ "x{,3}", "" },
	{ "x{2", "" },
	{ "[1", "" },
	{ "1\\", "" },
};

START_TEST(patterns_are_loosened)
{
	assert_text(pattern_loosened(&arena, text_of(loosened[_i].source)), loosened[_i].loosened);
}
END_TEST

/* Random patterns: what a name matches, its class matches with the loosened pattern. */
START_TEST(loosened_patterns_accept_no_less)
{
	static const char *const pieces[] = { "1", "12", "[13]", "[2-5]", "[^a]", "\\d", "a", "b",
		".", "\\.", "a*", "1+", "2?", "(1|a)", "(?:b|2)*", "{2}", "{1,2}", "$", "^", "\\b",
		"\\D", "[ab4]*", ".*" };
	static const char *const letters[] = { "1", "2", "3", "4", "a", "b", "." };
	enum { PIECES = sizeof(pieces) / sizeof(pieces[0]), LETTERS = 7 };
	size_t compared = 0;
	srand(1);
	for (int i = 0; i < 3000; i++) {
		struct pattern_pool *pool = pattern_pool_new(&arena);
		struct buffer source;
		struct text detail;
		buffer_init(&source, &arena, 64);
		for (int j = rand() % 5; j >= 0; j--)
			buffer_add_string(&source, pieces[rand() % PIECES]);
		struct text loose = pattern_loosened(&arena, buffer_text(&source));
		const struct pattern *strict =
			pattern_compile(pool, buffer_text(&source), PATTERN_START, &detail);
		const struct pattern *any = pattern_compile(pool, loose, PATTERN_SEARCH, &detail);
		for (int j = 0; strict && any && loose.length > 0 && j < 40; j++) {
			struct buffer name;
			buffer_init(&name, &arena, 16);
			for (int k = rand() % 6; k >= 0; k--)
				buffer_add_string(&name, letters[rand() % LETTERS]);
			if (pattern_match(pool, strict, buffer_text(&name)) != PATTERN_YES)
				continue;
			compared++;
			struct text class = digits_zeroed(&arena, buffer_text(&name));
			ck_assert_msg(pattern_match(pool, any, class) == PATTERN_YES,
				"%.*s on %.*s", TEXT_ARGUMENTS(buffer_text(&source)),
				TEXT_ARGUMENTS(buffer_text(&name)));
		}
		pattern_pool_end(pool);
	}
	ck_assert_uint_gt(compared, 10000);
}
END_TEST

/* As many patterns as a model has layers, for the few modules of a layer among thousands of experts. */
START_TEST(patterns_of_layers_are_tried)
{
	enum { LAYERS = 100, EXPERTS = 400, NAMES = LAYERS * (EXPERTS + 1) };
	struct text *modules = ARENA_ARRAY(&arena, struct text, NAMES);
	struct buffer block;
	buffer_init(&block, &arena, 65536);
	buffer_add_string(&block, "{\"quant_method\":\"quark\",\"exclude\":[\"lm_head\"");
	for (int i = 0; i < LAYERS; i++) {
		struct text *layer = &modules[i * (EXPERTS + 1)];
		layer[0] = arena_printf(&arena, "model.layers.%d.self_attn.q_proj", i);
		for (int j = 1; j <= EXPERTS; j++)
			layer[j] = arena_printf(&arena, "model.layers.%d.mlp.experts.%d", i, j);
		buffer_printf(&block, ",\"re:model\\\\.layers\\\\.%d\\\\.self_attn.*\"", i);
	}
	buffer_add_string(&block, "]}");
	buffer_add_byte(&block, '\0');
	struct exclusions *exclusions = &inspect_block(buffer_text(&block).data)->exclusions;
	const unsigned char *verdicts = exclusions_match(&arena, exclusions, modules, NAMES);
	ck_assert_ptr_nonnull(verdicts);
	ck_assert_uint_eq(exclusions->untried, 0);
	for (int i = 0; i < NAMES; i++)
		ck_assert_int_eq(
			verdicts[i], i % (EXPERTS + 1) == 0 ? VERDICT_EXCLUDED : VERDICT_SILENT);
	for (size_t i = 1; i < exclusions->count; i++)
		ck_assert_uint_eq(exclusions->list[i].modules, 1);
}
END_TEST

START_TEST(globs_take_time_in_proportion)
{
	struct buffer glob, name;
	size_t left = 1000000, before;
	buffer_init(&glob, &arena, 4096);
	buffer_init(&name, &arena, 4096);
	for (int i = 0; i < 1000; i++) {
		buffer_add_string(&glob, "*a");
		buffer_add_byte(&name, 'a');
	}
	ck_assert(glob_match(buffer_text(&glob), buffer_text(&name), &left));
	buffer_add_byte(&glob, 'b');
	ck_assert(!glob_match(buffer_text(&glob), buffer_text(&name), &left));
	ck_assert_uint_gt(left, 980000);
	before = left;
	ck_assert(glob_match(TEXT("[[]x[]]"), TEXT("[x]"), &left));
	ck_assert(glob_match(TEXT("a[b"), TEXT("a[b"), &left));
	ck_assert(!glob_match(TEXT(""), TEXT("a"), &left));
	ck_assert_uint_lt(left, before);
	/* Sets and stars in a place where nothing fits are the most work; it ends when no more is allowed. */
	before = left = 10000;
	ck_assert(!glob_match(TEXT("*[!aaaaaaaaaaaaaaaaaaaaaaaa]"), buffer_text(&name), &left));
	ck_assert_uint_eq(left, 0);
	ck_assert(!glob_match(TEXT("a"), TEXT("a"), &left));
}
END_TEST

TCase *case_work(void)
{
	TCase *tcase = make_case("work");
	tcase_add_test(tcase, patterns_that_explode_end);
	tcase_add_test(tcase, what_is_given_up_is_not_unmatched);
	tcase_add_test(tcase, patterns_beyond_our_bounds_are_told_once);
	tcase_add_test(tcase, slow_patterns_spend_more);
	tcase_add_test(tcase, patterns_are_bounded);
	tcase_add_test(tcase, globs_take_time_in_proportion);
	tcase_add_test(tcase, too_much_work_is_given_up);
	tcase_add_loop_test(tcase, full_names_are_looked_up, 0, 3);
	tcase_add_loop_test(
		tcase, patterns_are_loosened, 0, sizeof(loosened) / sizeof(loosened[0]));
	tcase_add_test(tcase, loosened_patterns_accept_no_less);
	tcase_add_test(tcase, patterns_of_layers_are_tried);
	return tcase;
}
