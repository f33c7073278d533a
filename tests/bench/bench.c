/*
 * Microseconds per resolve (bytes to reply) beside libyaml's bare event loop over the same bytes,
 * interleaved in one run: only the ratio means anything on a machine that others share.
 */
#include "render/render.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

#define ROUNDS 31
#define ROUND_SECONDS 0.01

struct subject {
	const char *label;
	size_t wanted; /* bytes */
	const char *path;
	size_t bytes;
	struct text config;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool events_read(const struct subject *subject, struct arena *arena)
{
	(void)arena;
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

static bool core_resolve(const struct subject *subject, struct arena *arena)
{
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

/* Seconds a call, measured over at least ROUND_SECONDS; negative when a call failed. */
static double measure(bool (*call)(const struct subject *, struct arena *),
	const struct subject *subject, struct arena *arena)
{
	double start = now(), end = start;
	unsigned long calls = 0;
	while (end - start < ROUND_SECONDS) {
		for (int i = 0; i < 16; i++) {
			if (!call(subject, arena))
				return -1;
		}
		calls += 16;
		end = now();
	}
	return (end - start) / (double)calls;
}

static int number_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static double median(double *numbers)
{
	qsort(numbers, ROUNDS, sizeof(*numbers), number_compare);
	return numbers[ROUNDS / 2];
}

static bool subject_measure(const struct subject *subject)
{
	double core[ROUNDS], events[ROUNDS], ratios[ROUNDS];
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	bool fine = measure(core_resolve, subject, &arena) > 0;
	for (int i = 0; fine && i < ROUNDS; i++) {
		events[i] = measure(events_read, subject, &arena);
		core[i] = measure(core_resolve, subject, &arena);
		ratios[i] = core[i] / events[i];
		fine = events[i] > 0 && core[i] > 0;
	}
	arena_release(&arena);
	if (fine)
		printf("%-8s %7zu %12.1f %12.1f %8.2f  %s\n", subject->label, subject->bytes,
			median(core) * 1e6, median(events) * 1e6, median(ratios), subject->path);
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
