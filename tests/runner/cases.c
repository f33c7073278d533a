/*
 * Runs the folders of tests/cases: config.yaml (or config.json, a config that comes as a value),
 * perhaps checkpoint.json, perhaps `options` (lines of name=value, named as the query parameters),
 * and expected.json, the whole reply. With --update it writes expected.json, to be read before it
 * is committed.
 */
#include "render/render.h"
#include "runner/support.h"
#include "source/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct document_limits case_limits = { .depth = 64, .nodes = 100000 };

static void include_set(struct resolve_request *request, struct text names)
{
	request->include_exclusions = text_contains(names, "exclusions");
	request->include_migrated = text_contains(names, "migrated");
	request->include_diff = text_contains(names, "diff");
}

static bool option_set(struct resolve_request *request, struct text name, struct text value)
{
	if (text_is(name, "target"))
		return target_from_name(value, &request->target);
	if (text_is(name, "checkpoint") && text_is(value, "none"))
		request->checkpoint = CHECKPOINT_NO;
	else if (text_is(name, "require_checkpoint"))
		request->require_checkpoint = text_is(value, "true");
	else if (text_is(name, "include"))
		include_set(request, value);
	else if (text_is(name, "filename"))
		request->filename = value;
	else
		return false;
	return true;
}

static bool options_read(struct tally *tally, struct resolve_request *request, struct text options)
{
	struct text line;
	while (text_line(&options, &line)) {
		const char *equals = memchr(line.data, '=', line.length);
		size_t length = equals ? (size_t)(equals - line.data) : line.length;
		struct text name = { .data = line.data, .length = length };
		if (!option_set(request, name, text_from(line, length + 1)))
			return tally_check(
				tally, false, "unknown option: %.*s", TEXT_ARGUMENTS(line));
	}
	return true;
}

/* The config as text, or as the value that a JSON file holds. */
static bool config_read(struct arena *arena, const char *folder, struct resolve_request *request)
{
	if (file_read(arena, path_join(arena, folder, "config.yaml"), &request->config))
		return true;
	struct text bytes;
	if (!file_read(arena, path_join(arena, folder, "config.json"), &bytes))
		return false;
	struct document document;
	json_read(&document, arena, bytes, &case_limits);
	request->config_tree = document.root;
	return document.root;
}

static bool request_read(struct tally *tally, struct arena *arena, const char *folder,
	struct resolve_request *request)
{
	if (!config_read(arena, folder, request))
		return tally_check(
			tally, false, "%s: no config.yaml and no usable config.json", folder);
	if (file_read(
		    arena, path_join(arena, folder, "checkpoint.json"), &request->checkpoint_bytes))
		request->checkpoint = CHECKPOINT_GIVEN;
	struct text options;
	if (!file_read(arena, path_join(arena, folder, "options"), &options))
		return true;
	return options_read(tally, request, options);
}

/* The first line that differs, both ways. */
static void difference_print(struct text expected, struct text actual)
{
	struct text left = { 0 }, right = { 0 };
	for (unsigned line = 1;; line++) {
		bool more_left = text_line(&expected, &left);
		bool more_right = text_line(&actual, &right);
		if (more_left && more_right && text_equal(left, right))
			continue;
		printf("  line %u\n  expected: %.*s\n  actual:   %.*s\n", line,
			more_left ? (int)left.length : 5, more_left ? left.data : "(end)",
			more_right ? (int)right.length : 5, more_right ? right.data : "(end)");
		return;
	}
}

static void reply_compare(
	struct tally *tally, struct arena *arena, const char *folder, struct text actual)
{
	struct text expected;
	if (!file_read(arena, path_join(arena, folder, "expected.json"), &expected)) {
		tally_check(tally, false, "%s: no expected.json (make one with --update)", folder);
		return;
	}
	if (!tally_check(tally, text_equal(expected, actual), "%s: another reply", folder))
		difference_print(expected, actual);
}

static void case_run(struct tally *tally, struct arena *arena, const char *folder, bool update)
{
	struct resolve_request request = { .checkpoint = CHECKPOINT_LOOK_UP };
	if (!request_read(tally, arena, folder, &request))
		return;
	const struct resolution *resolution = resolve(arena, &request);
	if (!resolution) {
		tally_check(tally, false, "%s: out of memory", folder);
		return;
	}
	struct buffer reply;
	buffer_init(&reply, arena, 4096);
	render_resolution_json(&reply, resolution);
	struct text pretty = json_pretty(arena, buffer_text(&reply));
	if (update)
		tally_check(tally, file_write(path_join(arena, folder, "expected.json"), pretty),
			"%s: cannot write expected.json", folder);
	else
		reply_compare(tally, arena, folder, pretty);
}

static bool is_case(const char *folder, struct arena *arena)
{
	struct stat entry;
	return stat(path_join(arena, folder, "config.yaml"), &entry) == 0 ||
	       stat(path_join(arena, folder, "config.json"), &entry) == 0;
}

/* A case, or a folder of cases. */
static void folder_run(struct tally *tally, const char *folder, bool update)
{
	struct arena names;
	arena_init(&names, TEST_MEMORY);
	struct listing listing = { 0 };
	if (is_case(folder, &names)) {
		case_run(tally, &names, folder, update);
	} else if (!folder_list(&names, folder, "", &listing)) {
		tally_check(tally, false, "%s: no such folder", folder);
	}
	for (size_t i = 0; i < listing.count; i++) {
		struct arena arena;
		arena_init(&arena, TEST_MEMORY);
		case_run(tally, &arena, path_join(&names, folder, listing.names[i]), update);
		arena_release(&arena);
	}
	arena_release(&names);
}

int main(int argc, char **argv)
{
	struct tally tally = { .name = "cases" };
	int first = 1;
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	first += update;
	for (int i = first; i < argc; i++)
		folder_run(&tally, argv[i], update);
	if (first >= argc) {
		const char *source = getenv("srcdir");
		struct arena arena;
		arena_init(&arena, TEST_MEMORY);
		folder_run(&tally, path_join(&arena, source ? source : ".", "tests/cases"), update);
		arena_release(&arena);
	}
	return tally_finish(&tally);
}
