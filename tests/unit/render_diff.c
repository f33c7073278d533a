/* Unified diffs: their exact form, and that applying one gives the other text. */
#include "unit/render_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render/diff.h"
#include "runner/support.h"

#define HEADER "--- a/c\n+++ b/c\n"
#define NO_END "\\ No newline at end of file\n"

static const struct {
	const char *before;
	const char *after;
	const char *diff;
} exact[] = {
	{ "a\n", "a\n", "" },
	{ "", "", "" },
	{ "a\n", "b\n", HEADER "@@ -1 +1 @@\n-a\n+b\n" },
	{ "", "a\nb\n", HEADER "@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "a\n", "", HEADER "@@ -1 +0,0 @@\n-a\n" },
	{ "a", "a\n", HEADER "@@ -1 +1 @@\n-a\n" NO_END "+a\n" },
	{ "a\n", "a", HEADER "@@ -1 +1 @@\n-a\n+a\n" NO_END },
	{ "x\na", "y\na", HEADER "@@ -1,2 +1,2 @@\n-x\n+y\n a\n" NO_END },
	{ "a\r\nb\r\n", "a\r\nb\n", HEADER "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+b\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		HEADER "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
		HEADER "@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
		HEADER "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n"
		       "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n" },
	{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
		HEADER "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n" },
};

START_TEST(writes_hunks)
{
	expect(diff_unified(&arena, text_of(exact[_i].before), text_of(exact[_i].after), TEXT("c")),
		exact[_i].diff);
}
END_TEST

static const struct {
	const char *filename;
	const char *header;
} labels[] = {
	{ "c.yaml", "--- a/c.yaml\n+++ b/c.yaml\n@@" },
	{ "/etc/x", "--- a/etc/x\n+++ b/etc/x\n@@" },
	{ ".././/../x", "--- a/.././/../x\n+++ b/.././/../x\n@@" },
	{ ".//./x", "--- a/x\n+++ b/x\n@@" },
	{ "a b", "--- a/a b\t\n+++ b/a b\t\n@@" },
	{ "a\nb\x7f", "--- \"a/a\\012b\\177\"\n+++ \"b/a\\012b\\177\"\n@@" },
	{ "\"\\ é", "--- \"a/\\\"\\\\ é\"\n+++ \"b/\\\"\\\\ é\"\n@@" },
	{ "", "--- a/config.yaml\n+++ b/config.yaml\n@@" },
	{ "//", "--- a/config.yaml\n+++ b/config.yaml\n@@" },
};

START_TEST(labels_both_sides)
{
	const struct resolution resolution = {
		.source = TEXT("a\n"),
		.migrated = TEXT("b\n"),
		.filename = text_of(labels[_i].filename),
	};
	struct text diff = render_diff(&arena, &resolution);
	ck_assert_msg(text_starts_with(diff, labels[_i].header), "%.*s", TEXT_ARGUMENTS(diff));
}
END_TEST

START_TEST(is_absent_without_a_migrated_text)
{
	const struct resolution resolution = { .source = TEXT("a\n") };
	ck_assert_ptr_null(render_diff(&arena, &resolution).data);
}
END_TEST

/* A line of a diff with its end, and with the marker behind it taken into account. */
static struct text diff_line(struct text *rest)
{
	const char *end = memchr(rest->data, '\n', rest->length);
	if (!end)
		ck_abort_msg("a line of the diff without an end");
	struct text line = { .data = rest->data, .length = (size_t)(end - rest->data) + 1 };
	*rest = text_from(*rest, line.length);
	if (!text_starts_with(*rest, NO_END))
		return line;
	*rest = text_from(*rest, strlen(NO_END));
	line.length--;
	return line;
}

/* Consumes the line from the old text that a hunk says is there. */
static void take(struct text *before, struct text line)
{
	struct text there = { .data = before->data, .length = line.length };
	if (before->length < line.length || !text_equal(there, line))
		ck_abort_msg("not the old text: %.*s", TEXT_ARGUMENTS(line));
	*before = text_from(*before, line.length);
}

static struct text old_line(struct text *before)
{
	const char *end = memchr(before->data, '\n', before->length);
	size_t length = end ? (size_t)(end - before->data) + 1 : before->length;
	struct text line = { .data = before->data, .length = length };
	*before = text_from(*before, length);
	return line;
}

/* Reads "@@ -FIRST[,COUNT]"; the number of old lines before the hunk. */
static size_t lines_before(struct text header)
{
	char *end;
	ck_assert(text_starts_with(header, "@@ -"));
	unsigned long first = strtoul(header.data + 4, &end, 10);
	unsigned long count = *end == ',' ? strtoul(end + 1, &end, 10) : 1;
	return count > 0 ? first - 1 : first;
}

/* What a strict patch(1) would make of it. */
static struct text applied(struct text before, struct text diff)
{
	struct buffer after;
	size_t line = 0;
	buffer_init(&after, &arena, 256);
	if (diff.length > 0) {
		diff_line(&diff);
		diff_line(&diff);
	}
	while (diff.length > 0) {
		for (size_t wanted = lines_before(diff_line(&diff)); line < wanted; line++)
			buffer_add(&after, old_line(&before));
		while (diff.length > 0 && diff.data[0] != '@') {
			struct text next = diff_line(&diff), body = text_from(next, 1);
			if (next.data[0] != '+')
				take(&before, body);
			if (next.data[0] != '-')
				buffer_add(&after, body);
			line += next.data[0] != '+';
		}
	}
	buffer_add(&after, before);
	return buffer_text(&after);
}

static uint32_t noise(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Some lines of a few kinds, perhaps with CRLF, perhaps without an end. */
static struct text random_text(uint32_t *state, unsigned most, unsigned kinds)
{
	struct buffer text;
	buffer_init(&text, &arena, 0);
	for (unsigned count = noise(state) % (most + 1); count > 0; count--) {
		buffer_printf(&text, "k%u%s", noise(state) % kinds,
			noise(state) % 8 == 0 ? "\r\n" : "\n");
	}
	if (noise(state) % 3 == 0)
		buffer_add_byte(&text, 'e');
	return buffer_text(&text);
}

START_TEST(applies_to_random_texts)
{
	uint32_t state = (uint32_t)_i;
	for (int round = 0; round < 40; round++) {
		struct text before = random_text(&state, 30, 6), after = random_text(&state, 30, 6);
		struct text diff = diff_unified(&arena, before, after, TEXT("c"));
		ck_assert(text_equal(applied(before, diff), after));
		ck_assert_int_eq(diff.length == 0, text_equal(before, after));
	}
}
END_TEST

/* One line changed at both ends of a long text: two small hunks. */
START_TEST(stays_small_in_a_large_text)
{
	struct buffer before, after;
	buffer_init(&before, &arena, 0);
	buffer_init(&after, &arena, 0);
	for (int i = 0; i < 40000; i++) {
		buffer_printf(&before, "line: %d\n", i);
		buffer_printf(&after, i == 3 || i == 39990 ? "other: %d\n" : "line: %d\n", i);
	}
	struct text diff =
		diff_unified(&arena, buffer_text(&before), buffer_text(&after), TEXT("c"));
	ck_assert_uint_lt(diff.length, 400);
	ck_assert(text_equal(applied(buffer_text(&before), diff), buffer_text(&after)));
}
END_TEST

/* All is new, and there is much of it: one hunk that replaces all. */
START_TEST(replaces_all_beyond_its_bound)
{
	struct buffer before, after;
	buffer_init(&before, &arena, 0);
	buffer_init(&after, &arena, 0);
	buffer_add_repeated(&before, '\n', (size_t)1 << 20);
	for (int i = 0; i < 100000; i++)
		buffer_add_string(&after, "abcdefghi\n");
	struct text diff =
		diff_unified(&arena, buffer_text(&before), buffer_text(&after), TEXT("c"));
	ck_assert(text_starts_with(diff, HEADER "@@ -1,1048576 +1,100000 @@\n-\n"));
	ck_assert(text_equal(applied(buffer_text(&before), diff), buffer_text(&after)));
}
END_TEST

START_TEST(lives_without_memory)
{
	struct arena small;
	arena_init(&small, 2048);
	diff_unified(&small, TEXT("a\nb\nc\nd\n"), TEXT("e\nf\ng\nh\n"), TEXT("c"));
	ck_assert(arena_failed(&small));
	arena_release(&small);
}
END_TEST

static bool have_patch(void)
{
	return system("patch --version >/dev/null 2>&1") == 0;
}

/* patch(1) itself, with labels as it meets them. */
START_TEST(applies_with_patch)
{
	if (!have_patch())
		return;
	char folder[] = "/tmp/quantconf-diff-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(folder));
	const char *config = path_join(&arena, folder, "a b.yaml");
	const char *diff = path_join(&arena, folder, "diff");
	const char *command =
		arena_printf(&arena, "cd %s && patch --binary -s -p1 <diff", folder).data;
	uint32_t state = 7;
	for (int round = 0; round < 12; round++) {
		const struct resolution resolution = {
			.source = random_text(&state, 25, 5),
			.migrated = random_text(&state, 25, 5),
			.filename = TEXT("/a b.yaml"),
		};
		struct text after;
		if (resolution.source.length == 0 || resolution.migrated.length == 0)
			continue;
		ck_assert(file_write(config, resolution.source));
		ck_assert(file_write(diff, render_diff(&arena, &resolution)));
		ck_assert_int_eq(system(command), 0);
		ck_assert(file_read(&arena, config, &after));
		ck_assert(text_equal(after, resolution.migrated));
	}
	unlink(config);
	unlink(diff);
	unlink(path_join(&arena, folder, "a b.yaml.orig"));
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *cases = tcase_create("render_diff");
	tcase_add_checked_fixture(cases, fixture_setup, fixture_teardown);
	tcase_add_loop_test(cases, writes_hunks, 0, COUNT(exact));
	tcase_add_loop_test(cases, labels_both_sides, 0, COUNT(labels));
	tcase_add_test(cases, is_absent_without_a_migrated_text);
	tcase_add_loop_test(cases, applies_to_random_texts, 0, 20);
	tcase_add_test(cases, stays_small_in_a_large_text);
	tcase_add_test(cases, replaces_all_beyond_its_bound);
	tcase_add_test(cases, lives_without_memory);
	tcase_add_test(cases, applies_with_patch);
	return run("render_diff", cases);
}
