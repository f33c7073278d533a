/*
 * Microseconds per resolve (bytes to rendered reply) beside libyaml's bare event loop over the same
 * bytes: the best of rounds in which both take turns.
 */
#include "bench/timing.h"
#include "render/render.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct subject {
	const char *label;
	size_t wanted; /* bytes */
	const char *path;
	size_t bytes;
	struct text config;
	struct arena arena;
};

static bool events_read(void *thing)
{
	const struct subject *subject = thing;
	yaml_parser_t parser;
	yaml_event_t event;
	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)subject->config.data, subject->config.length);
	bool done = false, fine = true;
	while (!done && (fine = yaml_parser_parse(&parser, &event))) {
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return fine;
}

static bool core_resolve(void *thing)
{
	struct subject *subject = thing;
	struct arena *arena = &subject->arena;
	struct resolve_request request = {
		.config = subject->config,
		.checkpoint = CHECKPOINT_LOOK_UP,
	};
	const struct resolution *resolution = resolve(arena, &request);
	if (!resolution)
		return false;
	struct buffer reply;
	buffer_init(&reply, arena, 4096);
	render_resolution_json(&reply, resolution);
	bool fine = reply.length > 0 && !arena_failed(arena);
	arena_reset(arena);
	return fine;
}

static bool subject_measure(struct subject *subject)
{
	double core, events;
	arena_init(&subject->arena, TEST_MEMORY);
	bool fine = timing_compare(core_resolve, events_read, subject, &core, &events);
	arena_release(&subject->arena);
	if (fine)
		printf("%-8s %7zu %12.1f %12.1f %8.2f  %s\n", subject->label, subject->bytes,
			core * 1e6, events * 1e6, core / events, subject->path);
	else
		printf("%s: failed: %s\n", subject->label, subject->path);
	return fine;
}

static size_t distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

/* Takes the file where it is nearer to the wanted size than the one before. */
static void subject_offer(struct subject *subject, const char *path, struct text config)
{
	if (subject->path && distance(config.length, subject->wanted) >=
				     distance(subject->bytes, subject->wanted))
		return;
	subject->path = path;
	subject->bytes = config.length;
	subject->config = config;
}

static bool folder_offer(
	struct arena *arena, const char *folder, struct subject *subjects, size_t count)
{
	struct listing listing;
	if (!folder_list(arena, folder, ".y", &listing))
		return false;
	for (size_t i = 0; i < listing.count; i++) {
		const char *path = path_join(arena, folder, listing.names[i]);
		struct text config;
		for (size_t j = 0; file_read(arena, path, &config) && j < count; j++)
			subject_offer(&subjects[j], path, config);
	}
	return listing.count > 0;
}

int main(int argc, char **argv)
{
	struct subject subjects[] = {
		{ .label = "small", .wanted = 600 },
		{ .label = "median", .wanted = 1600 },
		{ .label = "large", .wanted = 12000 },
	};
	size_t count = sizeof(subjects) / sizeof(*subjects);
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	const char *folder = corpus_path(&arena, "configs/axolotl");
	if (!folder)
		folder = argc > 1 ? argv[1] : "examples";
	if (!folder_offer(&arena, folder, subjects, count)) {
		fprintf(stderr, "bench: no configs in %s\n", folder);
		return EXIT_FAILURE;
	}
	printf("%-8s %7s %12s %12s %8s\n", "", "bytes", "resolve/us", "libyaml/us", "ratio");
	bool fine = true;
	for (size_t i = 0; i < count; i++)
		fine &= subject_measure(&subjects[i]);
	arena_release(&arena);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
