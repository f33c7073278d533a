/* Findings for people: places, carets, and nothing raw to a terminal. */
#include "unit/render_fixture.h"

#include <string.h>

#include "base/utf8.h"
#include "render/excerpt.h"
#include "render/visible.h"
#include "resolve/registry.h"

static struct buffer out;

static void setup(void)
{
	fixture_setup();
	buffer_init(&out, &arena, 0);
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

static struct text rendered(const char *source, const struct diagnostic *finding, bool colour)
{
	const struct diagnostic *findings[] = { finding };
	const struct resolution resolution = {
		.status = RESOLUTION_REJECTED,
		.findings = findings,
		.finding_count = 1,
		.counts = { [SEVERITY_ERROR] = 1, [SEVERITY_WARNING] = 2 },
		.source = text_of(source),
		.filename = TEXT("c.yaml"),
	};
	buffer_init(&out, &arena, 0);
	render_resolution_text(&out, &resolution, colour);
	return buffer_text(&out);
}

/* A line of a source with "<" and ">" around the part that is meant, and what is shown. */
static const struct {
	const char *marked;
	const char *line;
	const char *underline;
} excerpts[] = {
	{ "<a>", "a", "^" },
	{ "<gptq: true> # no", "gptq: true # no", "^~~~~~~~~~" },
	{ "\ta:\t<b>", "\ta:\tb", "\t  \t^" },
	{ "größe: <größe> x", "größe: größe x", "       ^~~~~" },
	{ "日本: <語語>", "日本: 語語", "    ^~" },
	{ "\"😀\": <b>", "\"😀\": b", "     ^" },
	{ "a: <>b", "a: b", "   ^" },
	{ "a: b<>", "a: b", "    ^" },
	{ "<>", "", "^" },
	{ "a\033[31m: <b>", "a␛[31m: b", "        ^" },
	{ "a\x01\x7f: <b\x02>", "a␁␡: b␂", "     ^~" },
	{ "\xc2\x9b: <b>", "\xef\xbf\xbd: b", "   ^" },
	{ "\xff\xfe: <b\xe9>", "\xef\xbf\xbd\xef\xbf\xbd: b\xef\xbf\xbd", "    ^~" },
	{ "\xe2\x80\xae: <b>", "\xef\xbf\xbd: b", "   ^" },
};

static struct text excerpt_of(const char *marked)
{
	struct text line = arena_copy(&arena, text_of(marked));
	size_t from = (size_t)(strchr(marked, '<') - marked);
	size_t to = (size_t)(strchr(marked, '>') - marked) - 1;
	char *data = (char *)line.data;
	memmove(data + from, data + from + 1, line.length - from - 1);
	memmove(data + to, data + to + 1, line.length - to - 1);
	line.length -= 2;
	excerpt_put(&out, line, from, to, (struct excerpt_colour){ "", "" });
	return buffer_text(&out);
}

START_TEST(underlines)
{
	struct text expected =
		arena_printf(&arena, "    %s\n    %s\n", excerpts[_i].line, excerpts[_i].underline);
	expect(excerpt_of(excerpts[_i].marked), expected.data);
}
END_TEST

START_TEST(cuts_long_lines_around_the_place)
{
	static const size_t lengths[] = { 0, 1, 89, 90, 91, 500, 100000 };
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buffer line;
		buffer_init(&line, &arena, 0);
		for (size_t j = 0; j < lengths[i]; j++)
			buffer_add_string(&line, "é");
		size_t from = line.length;
		buffer_add_string(&line, "HERE");
		buffer_add_repeated(&line, 'z', 100000);
		buffer_init(&out, &arena, 0);
		excerpt_put(&out, buffer_text(&line), from, from + 4,
			(struct excerpt_colour){ "", "" });
		struct text shown = buffer_text(&out);
		ck_assert_uint_lt(shown.length, 700);
		ck_assert(text_contains(shown, "HERE"));
		ck_assert(text_ends_with(shown, " ^~~~\n"));
		ck_assert(text_contains(shown, "…\n"));
		ck_assert_int_eq(text_starts_with(shown, "    …"), lengths[i] > 90);
	}
}
END_TEST

START_TEST(underlines_at_most_what_is_shown)
{
	struct buffer line;
	buffer_init(&line, &arena, 0);
	buffer_add_repeated(&line, 'a', 1000);
	excerpt_put(&out, buffer_text(&line), 0, 1000, (struct excerpt_colour){ "", "" });
	ck_assert_uint_eq(out.length, 2 * (4 + 160 + 1) + strlen("…"));
	buffer_init(&out, &arena, 0);
	excerpt_put(&out, TEXT("abc"), 7, 9, (struct excerpt_colour){ "", "" });
	expect(buffer_text(&out), "    abc\n       ^\n");
}
END_TEST

START_TEST(shows_place_line_and_remedy)
{
	const char source[] = "a: 1\r\ngptq: true\r\ntorchao: 1";
	struct location locations[] = {
		place_of(source, "gptq: true", "/gptq"),
		place_of(source, "torchao", "/torchao"),
		unplaced("/x\n"),
		unplaced(""),
	};
	struct diagnostic finding = finding_at(locations, 4);
	expect(rendered(source, &finding, false), "c.yaml:2:1: error: Both. [torchao-with-gptq]\n"
						  "    gptq: true\n"
						  "    ^~~~~~~~~~\n"
						  "c.yaml:3:1: note: also here\n"
						  "    torchao: 1\n"
						  "    ^~~~~~~\n"
						  "c.yaml: note: also /x␊\n"
						  "help: One.\n"
						  "c.yaml: rejected: 1 error, 2 warnings\n");
}
END_TEST

START_TEST(cuts_a_place_at_the_end_of_its_line)
{
	const char source[] = "\xef\xbb\xbfk:\n  a: 1\n  b: 2\n";
	struct location locations[] = { place_of(source, "k:\n  a: 1\n  b: 2", "/k") };
	struct diagnostic finding = finding_at(locations, 1);
	ck_assert_uint_eq(locations[0].column, 1);
	ck_assert(text_starts_with(rendered(source, &finding, false),
		"c.yaml:1:1: error: Both. [torchao-with-gptq]\n    k:\n    ^~\nhelp: "));
}
END_TEST

/* Offsets are those of UTF-16 that was sent, and the text that is shown is the UTF-8 made of it. */
START_TEST(goes_by_columns_where_offsets_are_those_of_utf_16)
{
	const char source[] = "\xc3\xa9: 1\ng: [\xc3\xa9, gptq: true]\n";
	struct location locations[] = {
		place_of(source, "gptq: true", "/gptq"),
		place_of(source, "\xc3\xa9: 1\ng", ""),
	};
	locations[0].offset = 2 + 2 * strlen("e: 1 g: [e, ");
	locations[0].length *= 2;
	locations[1].offset = 2;
	locations[1].length = 2 * strlen("e: 1 g");
	struct diagnostic finding = finding_at(locations, 2);
	ck_assert(text_starts_with(rendered(source, &finding, false),
		"c.yaml:2:8: error: Both. [torchao-with-gptq]\n"
		"    g: [\xc3\xa9, gptq: true]\n"
		"           ^~~~~~~~~~\n"
		"c.yaml:1:1: note: also here\n"
		"    \xc3\xa9: 1\n"
		"    ^~~~\n"
		"help: "));
}
END_TEST

START_TEST(shows_findings_without_a_place)
{
	struct diagnostic finding = finding_at(NULL, 0);
	finding.message = TEXT("\033[2Jgone\r\nagain");
	finding.remedy = TEXT("");
	expect(rendered("", &finding, false), "c.yaml: error: ␛[2Jgone␍␊again [torchao-with-gptq]\n"
					      "c.yaml: rejected: 1 error, 2 warnings\n");
	struct location beyond = place_of("a\nb\nc", "c", "/c");
	finding = finding_at(&beyond, 1);
	expect(rendered("a", &finding, false), "c.yaml:3:1: error: Both. [torchao-with-gptq]\n"
					       "help: One.\n"
					       "c.yaml: rejected: 1 error, 2 warnings\n");
}
END_TEST

START_TEST(names_the_checkpoint)
{
	const char config[] = "{\n  \"quantization_config\": {}\n}";
	struct location location = checkpoint_place_of(config, "{}", "/quantization_config");
	struct diagnostic finding = finding_at(&location, 1);
	const struct diagnostic *findings[] = { &finding };
	struct checkpoint checkpoint = { .bytes = text_of(config) };
	struct resolution resolution = {
		.checkpoint = &checkpoint,
		.findings = findings,
		.finding_count = 1,
		.filename = TEXT("c.yaml"),
		.source = TEXT("other: text\nof: the\nconfig: here\n"),
	};
	render_resolution_text(&out, &resolution, false);
	ck_assert(text_starts_with(buffer_text(&out),
		"checkpoint:2:26: error: Both. [torchao-with-gptq]\n"
		"      \"quantization_config\": {}\n"
		"                             ^~\n"
		"help: One.\n"));
	checkpoint.model = TEXT("some/model\n");
	checkpoint.bytes = TEXT("");
	location.placed = false;
	buffer_init(&out, &arena, 0);
	render_resolution_text(&out, &resolution, false);
	ck_assert(text_starts_with(
		buffer_text(&out), "some/model␊: error: Both. [torchao-with-gptq]\nhelp: One.\n"));
}
END_TEST

/* What is amiss is missing from the config: the line where it would be named is not at fault. */
START_TEST(shows_no_line_that_is_not_at_fault)
{
	const char source[] = "adapter: lora\nbase_model: a/b\n";
	struct location location = place_of(source, "base_model: a/b", "/base_model");
	struct diagnostic finding = finding_at(&location, 1);
	finding.rule = registry_get("checkpoint-not-inspected");
	expect(rendered(source, &finding, false),
		"c.yaml:2:1: error: Both. [checkpoint-not-inspected]\n"
		"help: One.\n"
		"c.yaml: rejected: 1 error, 2 warnings\n");
}
END_TEST

/* A bracket that is still open is missed where the text ends, perhaps in a line without anything. */
START_TEST(shows_no_empty_line)
{
	const char source[] = "a: [1\n\n";
	struct location location = place_of(source, "\n\n", "");
	location.offset += 1;
	location.line += 1;
	struct diagnostic finding = finding_at(&location, 1);
	ck_assert(text_starts_with(rendered(source, &finding, false),
		"c.yaml:2:6: error: Both. [torchao-with-gptq]\nhelp: "));
}
END_TEST

/* What stops a run is said first, wherever it stands. */
START_TEST(tells_errors_first)
{
	static const enum severity severities[] = { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR,
		SEVERITY_NOTE, SEVERITY_ERROR };
	struct diagnostic diagnostics[5];
	const struct diagnostic *findings[5];
	for (size_t i = 0; i < 5; i++) {
		diagnostics[i] = finding_at(NULL, 0);
		diagnostics[i].severity = severities[i];
		diagnostics[i].message = arena_printf(&arena, "%zu", i);
		diagnostics[i].remedy = TEXT("");
		findings[i] = &diagnostics[i];
	}
	const struct resolution resolution = {
		.status = RESOLUTION_REJECTED,
		.findings = findings,
		.finding_count = 5,
		.filename = TEXT("c.yaml"),
	};
	render_resolution_text(&out, &resolution, false);
	expect(buffer_text(&out), "c.yaml: error: 2 [torchao-with-gptq]\n"
				  "c.yaml: error: 4 [torchao-with-gptq]\n"
				  "c.yaml: warning: 1 [torchao-with-gptq]\n"
				  "c.yaml: note: 0 [torchao-with-gptq]\n"
				  "c.yaml: note: 3 [torchao-with-gptq]\n"
				  "c.yaml: rejected: \n");
}
END_TEST

START_TEST(colours_only_when_asked)
{
	const char source[] = "gptq: true\n";
	struct location location = place_of(source, "gptq", "/gptq");
	struct diagnostic finding = finding_at(&location, 1);
	ck_assert_ptr_null(memchr(rendered(source, &finding, false).data, '\033', out.length));
	struct text plain = rendered(source, &finding, false);
	struct text coloured = rendered(source, &finding, true);
	ck_assert(text_contains(coloured, "\033[1;31merror: \033[0m"));
	ck_assert(text_contains(coloured, "\033[1;32m^~~~\033[0m\n"));
	struct buffer stripped;
	buffer_init(&stripped, &arena, 0);
	for (size_t i = 0; i < coloured.length; i++) {
		if (coloured.data[i] == '\033')
			while (coloured.data[++i] != 'm')
				ck_assert_uint_lt(i, coloured.length);
		else
			buffer_add_byte(&stripped, coloured.data[i]);
	}
	ck_assert(text_equal(buffer_text(&stripped), plain));
}
END_TEST

/* Every byte, alone and in front of others: what comes out has no control but the tab, and is UTF-8. */
START_TEST(lets_no_control_through)
{
	static const char *const tails[] = { "", "\x80", "\x9b", "\xbf\xbf",
		("\x80\x8e"
		 "z"),
		"\x80\xae\x80" };
	for (int byte = 0; byte < 256; byte++)
		for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
			struct buffer text;
			buffer_init(&text, &arena, 0);
			buffer_add_byte(&text, (char)byte);
			buffer_add_string(&text, tails[i]);
			buffer_init(&out, &arena, 0);
			visible_put(&out, buffer_text(&text));
			ck_assert_uint_eq(utf8_first_fault(buffer_text(&out)), out.length);
			for (size_t j = 0; j < out.length; j++) {
				unsigned char shown = (unsigned char)out.data[j];
				ck_assert(shown >= 0x20 || shown == '\t');
				ck_assert_int_ne(shown, 0x7f);
				if (shown == 0xc2)
					ck_assert_int_ge((unsigned char)out.data[j + 1], 0xa0);
			}
		}
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *cases = tcase_create("render_text");
	tcase_add_checked_fixture(cases, setup, fixture_teardown);
	tcase_add_loop_test(cases, underlines, 0, COUNT(excerpts));
	tcase_add_test(cases, cuts_long_lines_around_the_place);
	tcase_add_test(cases, underlines_at_most_what_is_shown);
	tcase_add_test(cases, shows_place_line_and_remedy);
	tcase_add_test(cases, cuts_a_place_at_the_end_of_its_line);
	tcase_add_test(cases, goes_by_columns_where_offsets_are_those_of_utf_16);
	tcase_add_test(cases, shows_findings_without_a_place);
	tcase_add_test(cases, shows_no_line_that_is_not_at_fault);
	tcase_add_test(cases, names_the_checkpoint);
	tcase_add_test(cases, shows_no_empty_line);
	tcase_add_test(cases, tells_errors_first);
	tcase_add_test(cases, colours_only_when_asked);
	tcase_add_test(cases, lets_no_control_through);
	return run("render_text", cases);
}
