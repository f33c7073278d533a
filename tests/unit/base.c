/* Arena, buffer, text and UTF-8. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

static void assert_text(struct text text, const char *expected)
{
	ck_assert_msg(
		text_is(text, expected), "\"%.*s\" is not \"%s\"", TEXT_ARGUMENTS(text), expected);
}

static char ended[8];

static void note_end(void *thing)
{
	ended[strlen(ended)] = *(const char *)thing;
}

START_TEST(arena_ends_what_was_deferred)
{
	memset(ended, 0, sizeof(ended));
	ck_assert(arena_defer(&arena, note_end, (char *)"a"));
	ck_assert(arena_defer(&arena, note_end, (char *)"b"));
	ck_assert_str_eq(ended, "");
	arena_reset(&arena);
	ck_assert_str_eq(ended, "ba");
	ck_assert(arena_defer(&arena, note_end, (char *)"c"));
	arena_release(&arena);
	arena_reset(&arena);
	ck_assert_str_eq(ended, "bac");
	arena_init(&arena, 0);
	ck_assert(!arena_defer(&arena, note_end, (char *)"d"));
	arena_release(&arena);
	ck_assert_str_eq(ended, "bac");
}
END_TEST

START_TEST(arena_gives_zeroed_aligned_pieces)
{
	for (size_t size = 0; size < 40000; size = size * 3 + 1) {
		unsigned char *piece = arena_alloc(&arena, size);
		ck_assert_ptr_nonnull(piece);
		ck_assert_uint_eq((uintptr_t)piece % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(piece[i], 0);
		memset(piece, 0xAA, size);
	}
}
END_TEST

START_TEST(arena_zeroes_again_after_reset)
{
	char *first = arena_alloc(&arena, 1000);
	memset(first, 'x', 1000);
	arena_reset(&arena);
	char *second = arena_alloc(&arena, 1000);
	ck_assert_ptr_eq(first, second);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(second[i], 0);
}
END_TEST

START_TEST(arena_failure_sticks_until_reset)
{
	ck_assert_ptr_null(arena_alloc(&arena, (size_t)2 << 20));
	ck_assert(arena_failed(&arena));
	ck_assert_ptr_null(arena_alloc(&arena, 1));
	assert_text(arena_copy(&arena, TEXT("x")), "");
	assert_text(arena_printf(&arena, "%d", 1), "");
	arena_reset(&arena);
	ck_assert(!arena_failed(&arena));
	ck_assert_ptr_nonnull(arena_alloc(&arena, 1));
}
END_TEST

START_TEST(arena_refuses_overflow)
{
	ck_assert_ptr_null(arena_array(&arena, SIZE_MAX / 2, 3));
	ck_assert(arena_failed(&arena));
	arena_reset(&arena);
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
	ck_assert(arena_failed(&arena));
}
END_TEST

START_TEST(arena_keeps_within_its_limit)
{
	struct arena small;
	arena_init(&small, 200000);
	while (arena_alloc(&small, 1000))
		ck_assert_uint_le(small.taken, 200000);
	ck_assert_uint_gt(small.taken, 60000);
	arena_release(&small);
	arena_release(&small);
}
END_TEST

START_TEST(arenas_share_a_pool)
{
	static struct arena_pool pool = { .limit = 1000000 };
	struct arena other;
	arena_init(&other, (size_t)1 << 20);
	other.pool = arena.pool = &pool;
	ck_assert_ptr_nonnull(arena_alloc(&arena, 200000)); /* the first pieces do not count */
	ck_assert_uint_eq(pool.taken, 0);
	char *piece = arena_alloc(&arena, 600000);
	ck_assert_ptr_nonnull(piece);
	ck_assert_uint_ge(pool.taken, 600000);
	ck_assert_ptr_nonnull(arena_extend(&arena, piece, 700000));
	ck_assert_uint_ge(pool.taken, 700000);
	size_t taken = pool.taken;
	ck_assert_ptr_nonnull(arena_alloc(&other, 200000));
	ck_assert_ptr_null(arena_alloc(&other, 400000));
	ck_assert(arena_failed(&other));
	ck_assert_uint_eq(pool.taken, taken);
	arena_reset(&other);
	arena_reset(&arena);
	ck_assert_uint_eq(pool.taken, 0);
	ck_assert_ptr_nonnull(arena_alloc(&other, 900000));
	arena_release(&other);
	ck_assert_uint_eq(pool.taken, 0);
}
END_TEST

START_TEST(buffer_grows_and_prints)
{
	struct buffer buffer;
	buffer_init(&buffer, &arena, 0);
	assert_text(buffer_text(&buffer), "");
	buffer_add_unsigned(&buffer, 0);
	buffer_add_unsigned(&buffer, UINT64_MAX);
	buffer_add_byte(&buffer, '-');
	buffer_add_string(&buffer, NULL);
	buffer_add(&buffer, TEXT("ab"));
	buffer_printf(&buffer, "%s:%03d", "c", 7);
	assert_text(buffer_text(&buffer), "018446744073709551615-abc:007");
	buffer_add_repeated(&buffer, ' ', 5000);
	ck_assert_uint_eq(buffer_text(&buffer).length, 5029);
	ck_assert_int_eq(memcmp(buffer_text(&buffer).data, "0184", 4), 0);
}
END_TEST

/* The old halves are given back, so a buffer may take nearly all that there is. */
START_TEST(buffer_grows_in_place)
{
	struct buffer buffer;
	buffer_init(&buffer, &arena, 0);
	for (int i = 0; i < 700; i++) {
		buffer_printf(&buffer, "%06d", i);
		buffer_add_repeated(&buffer, '.', 1018);
		if (i % 100 == 0)
			ck_assert_ptr_nonnull(arena_alloc(&arena, 100));
	}
	ck_assert(!arena_failed(&arena));
	ck_assert_uint_eq(buffer.length, 700 * 1024);
	for (int i = 0; i < 700; i++)
		ck_assert_int_eq((int)strtol(buffer.data + (size_t)i * 1024, NULL, 10), i);
	ck_assert_uint_le(arena.taken, arena.limit);
	ck_assert_ptr_null(arena_extend(&arena, buffer.data, (size_t)2 << 20));
	ck_assert(!arena_failed(&arena));
}
END_TEST

START_TEST(buffer_failure_leaves_the_rest_alone)
{
	struct buffer buffer;
	buffer_init(&buffer, &arena, 8);
	buffer_add(&buffer, TEXT("kept"));
	ck_assert_ptr_null(buffer_reserve(&buffer, (size_t)2 << 20));
	buffer_add_repeated(&buffer, 'x', 10000);
	buffer_add_byte(&buffer, '!');
	ck_assert(arena_failed(&arena));
	ck_assert(text_starts_with(buffer_text(&buffer), "kept"));
}
END_TEST

START_TEST(texts_compare)
{
	ck_assert(text_equal_nocase(TEXT("QLoRA"), TEXT("qlora")));
	ck_assert(!text_equal_nocase(TEXT("[a"), TEXT("{a")));
	ck_assert_int_lt(text_compare(TEXT("ab"), TEXT("abc")), 0);
	ck_assert_int_gt(text_compare(TEXT("b"), TEXT("abc")), 0);
	ck_assert_int_eq(text_compare(TEXT(""), (struct text){ 0 }), 0);
	ck_assert_int_gt(text_compare(TEXT("\xC3"), TEXT("a")), 0);
	ck_assert(text_equal((struct text){ 0 }, text_of(NULL)));
	ck_assert(text_ends_with(TEXT("a.json"), ".json"));
	ck_assert(!text_ends_with(TEXT("json"), ".json"));
	ck_assert(text_contains(TEXT("abc"), "bc"));
	ck_assert(!text_contains(TEXT(""), "a"));
	assert_text(text_from(TEXT("abc"), 9), "");
	assert_text(text_trim(TEXT(" \t\r\na b \n")), "a b");
	assert_text(text_trim(TEXT(" ")), "");
}
END_TEST

static const struct {
	struct text text;
	size_t fault;
} utf8_texts[] = {
	{ TEXT(""), 0 },
	{ TEXT("plain text of more than eight bytes"), 35 },
	{ TEXT("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF"), 13 },
	{ TEXT("\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), 14 },
	{ TEXT("a\x80"), 1 },
	{ TEXT("12345678\xC1\x81"), 8 },
	{ TEXT("\xC0\x80"), 0 },
	{ TEXT("ab\xE0\x9F\xBF"), 2 },
	{ TEXT("\xED\xA0\x80"), 0 },
	{ TEXT("\xF0\x8F\xBF\xBF"), 0 },
	{ TEXT("\xF4\x90\x80\x80"), 0 },
	{ TEXT("\xF5\x80\x80\x80"), 0 },
	{ TEXT("\xC3"), 0 },
	{ TEXT("\xE2\x82"), 0 },
	{ TEXT("\xF0\x9F\x98"), 0 },
	{ TEXT("\xE2\x82g"), 0 },
	{ TEXT("1234567\xC3\xA9\xFF"), 9 },
};

START_TEST(utf8_faults_are_found)
{
	ck_assert_uint_eq(utf8_first_fault(utf8_texts[_i].text), utf8_texts[_i].fault);
}
END_TEST

START_TEST(utf8_counts_characters)
{
	struct text text = TEXT("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
	ck_assert_uint_eq(utf8_count(text), 5);
	const size_t offsets[] = { 0, 1, 3, 6, 10, 11, 11 };
	for (size_t i = 0; i < COUNT(offsets); i++)
		ck_assert_uint_eq(utf8_offset(text, i), offsets[i]);
}
END_TEST

START_TEST(utf8_is_shortened_between_characters)
{
	struct text text = TEXT("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
	const size_t lengths[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
	for (size_t i = 0; i < COUNT(lengths); i++) {
		const char *rest;
		struct text shown = utf8_shortened(text, i, &rest);
		ck_assert_uint_eq(shown.length, lengths[i]);
		ck_assert_str_eq(rest, i < text.length ? "…" : "");
	}
}
END_TEST

START_TEST(utf8_encodes_what_it_accepts)
{
	const uint32_t scalars[] = { 0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000,
		0x10FFFF };
	const size_t lengths[] = { 1, 1, 2, 2, 3, 3, 3, 3, 4, 4 };
	char out[4];
	for (size_t i = 0; i < COUNT(scalars); i++) {
		size_t length = utf8_encode(scalars[i], out);
		ck_assert_uint_eq(length, lengths[i]);
		ck_assert_uint_eq(utf8_first_fault((struct text){ out, length }), length);
		ck_assert_uint_eq(utf8_count((struct text){ out, length }), 1);
	}
	ck_assert_uint_eq(utf8_encode(0xD800, out), 0);
	ck_assert_uint_eq(utf8_encode(0xDFFF, out), 0);
	ck_assert_uint_eq(utf8_encode(0x110000, out), 0);
}
END_TEST

START_TEST(utf16_becomes_utf8)
{
	struct text little = TEXT("\xFF\xFE"
				  "a\0\xE9\0\x3D\xD8\x00\xDE");
	struct text big = TEXT("\xFE\xFF"
			       "\0a\0\xE9\xD8\x3D\xDE\x00");
	ck_assert(utf8_looks_like_utf16(little) && utf8_looks_like_utf16(big));
	ck_assert(!utf8_looks_like_utf16(TEXT("\xFF")));
	assert_text(utf8_from_utf16(&arena, little), "a\xC3\xA9\xF0\x9F\x98\x80");
	assert_text(utf8_from_utf16(&arena, big), "a\xC3\xA9\xF0\x9F\x98\x80");
	ck_assert_ptr_nonnull(utf8_from_utf16(&arena, TEXT("\xFF\xFE")).data);
}
END_TEST

static const struct text bad_utf16[] = {
	TEXT("a"),
	TEXT("\xFF\xFE"
	     "a"),
	TEXT("\xFF\xFE"
	     "\x3D\xD8"),
	TEXT("\xFF\xFE"
	     "\x3D\xD8"
	     "a\0"),
	TEXT("\xFF\xFE"
	     "\x00\xDE"),
};

START_TEST(ill_formed_utf16_is_refused)
{
	ck_assert_ptr_null(utf8_from_utf16(&arena, bad_utf16[_i]).data);
	ck_assert(!arena_failed(&arena));
}
END_TEST

/* Every byte at every place of a longer text, so that words of eight are met as well as the rest. */
START_TEST(plain_runs_end_at_what_is_escaped)
{
	char bytes[21];
	for (size_t length = 0; length <= sizeof(bytes); length++)
		for (size_t at = 0; at < length; at++) {
			bool plain = _i >= ' ' && _i < 0x7f && _i != '"' && _i != '\\';
			memset(bytes, 'a', sizeof(bytes));
			bytes[at] = (char)_i;
			struct text text = { bytes, length };
			ck_assert_uint_eq(utf8_plain_run(text), plain ? length : at);
		}
}
END_TEST

START_TEST(sequences_are_measured)
{
	ck_assert_uint_eq(utf8_sequence(TEXT("")), 0);
	ck_assert_uint_eq(utf8_sequence(TEXT("ab")), 1);
	ck_assert_uint_eq(utf8_sequence(TEXT("éa")), 2);
	ck_assert_uint_eq(utf8_sequence(TEXT("€")), 3);
	ck_assert_uint_eq(utf8_sequence(TEXT("😀x")), 4);
	ck_assert_uint_eq(utf8_sequence(TEXT("\xe2\x82")), 0);
	ck_assert_uint_eq(utf8_sequence(TEXT("\x82")), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *cases = tcase_create("base");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, arena_gives_zeroed_aligned_pieces);
	tcase_add_loop_test(cases, plain_runs_end_at_what_is_escaped, 0, 256);
	tcase_add_test(cases, sequences_are_measured);
	tcase_add_test(cases, arena_ends_what_was_deferred);
	tcase_add_test(cases, arena_zeroes_again_after_reset);
	tcase_add_test(cases, arena_failure_sticks_until_reset);
	tcase_add_test(cases, arena_refuses_overflow);
	tcase_add_test(cases, arena_keeps_within_its_limit);
	tcase_add_test(cases, arenas_share_a_pool);
	tcase_add_test(cases, buffer_grows_and_prints);
	tcase_add_test(cases, buffer_grows_in_place);
	tcase_add_test(cases, buffer_failure_leaves_the_rest_alone);
	tcase_add_test(cases, texts_compare);
	tcase_add_loop_test(cases, utf8_faults_are_found, 0, COUNT(utf8_texts));
	tcase_add_test(cases, utf8_counts_characters);
	tcase_add_test(cases, utf8_is_shortened_between_characters);
	tcase_add_test(cases, utf8_encodes_what_it_accepts);
	tcase_add_test(cases, utf16_becomes_utf8);
	tcase_add_loop_test(cases, ill_formed_utf16_is_refused, 0, COUNT(bad_utf16));
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
