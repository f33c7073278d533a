/*
 * Real configs and checkpoints: the canonical form of every config resolves to itself and to no
 * finding that the config did not have; every checkpoint can be inspected.
 */
#include "render/json.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subject {
	struct tally *tally;
	struct arena *arena;
	const char *name;
	enum target target;
};

static struct text node_json(struct arena *arena, const struct node *node)
{
	struct buffer out;
	struct json json;
	buffer_init(&out, arena, 4096);
	json_begin(&json, &out);
	json_node(&json, node);
	return buffer_text(&out);
}

/* Old spellings are the right ones under target released, and are named there as a note. */
static bool is_dialect_finding(const struct diagnostic *finding)
{
	return strncmp(finding->rule->id, "deprecated-", strlen("deprecated-")) == 0 ||
	       strcmp(finding->rule->id, "other-dialect") == 0;
}

static void check_findings(const struct subject *subject, const struct resolution *first,
	const struct resolution *second)
{
	for (size_t i = 0; i < second->finding_count; i++) {
		const struct diagnostic *finding = second->findings[i];
		bool fine = is_dialect_finding(finding)
				    ? subject->target == TARGET_RELEASED
				    : resolution_finding(first, finding->rule->id) != NULL;
		tally_check(subject->tally, fine, "%s, target %s: the canonical form has %s: %.*s",
			subject->name, target_name(subject->target), finding->rule->id,
			TEXT_ARGUMENTS(finding->message));
	}
}

static void check_again(const struct subject *subject, const struct resolution *first)
{
	struct resolve_request request = {
		.config_tree = first->canonical,
		.target = subject->target,
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *second = resolve(subject->arena, &request);
	if (!tally_check(subject->tally, second && second->canonical,
		    "%s, target %s: the canonical form is rejected", subject->name,
		    target_name(subject->target)))
		return;
	struct text before = node_json(subject->arena, first->canonical);
	struct text after = node_json(subject->arena, second->canonical);
	tally_check(subject->tally, text_equal(before, after),
		"%s, target %s: the canonical form changes again:\n%.*s\n%.*s", subject->name,
		target_name(subject->target), TEXT_ARGUMENTS(before), TEXT_ARGUMENTS(after));
	tally_check(subject->tally, !second->patch,
		"%s, target %s: a patch for what does not change", subject->name,
		target_name(subject->target));
	check_findings(subject, first, second);
}

static void rejection_print(const struct subject *subject, const struct resolution *resolution)
{
	printf("%s, target %s: rejected:", subject->name, target_name(subject->target));
	for (size_t i = 0; i < resolution->finding_count; i++) {
		if (resolution->findings[i]->severity == SEVERITY_ERROR)
			printf(" %s", resolution->findings[i]->rule->id);
	}
	putchar('\n');
}

static void check_config(const struct subject *subject, struct text config)
{
	struct resolve_request request = {
		.config = config,
		.filename = text_of(subject->name),
		.target = subject->target,
		.checkpoint = CHECKPOINT_NO,
	};
	const struct resolution *resolution = resolve(subject->arena, &request);
	if (!tally_check(subject->tally, resolution, "%s: out of memory", subject->name))
		return;
	bool rejected = resolution->counts[SEVERITY_ERROR] > 0;
	tally_check(subject->tally, rejected == (resolution->canonical == NULL),
		"%s: errors and a canonical form", subject->name);
	if (rejected)
		rejection_print(subject, resolution);
	else if (resolution->canonical)
		check_again(subject, resolution);
}

static void check_configs(struct tally *tally, const char *folder)
{
	struct arena names, arena;
	arena_init(&names, TEST_MEMORY);
	arena_init(&arena, TEST_MEMORY);
	struct listing listing = { 0 };
	const char *path = corpus_path(&names, folder);
	tally_check(tally, folder_list(&names, path, ".y", &listing), "%s: cannot be read", path);
	for (size_t i = 0; i < listing.count; i++) {
		struct text config;
		if (!tally_check(tally,
			    file_read(&names, path_join(&names, path, listing.names[i]), &config),
			    "%s: cannot be read", listing.names[i]))
			continue;
		for (enum target target = TARGET_CANONICAL; target < TARGET_COUNT; target++) {
			struct subject subject = { tally, &arena, listing.names[i], target };
			check_config(&subject, config);
			arena_reset(&arena);
		}
	}
	printf("%s: %zu configs\n", folder, listing.count);
	arena_release(&arena);
	arena_release(&names);
}

static void check_checkpoint(
	struct tally *tally, struct arena *arena, const char *name, struct text bytes)
{
	const struct inspection *inspection = inspect(arena, bytes, NULL);
	if (!tally_check(tally, inspection && inspection->checkpoint, "%s: no inspection", name))
		return;
	const struct checkpoint_problem *problem = inspection->checkpoint->problems;
	for (; problem; problem = problem->next)
		tally_check(tally, problem->fault != CHECKPOINT_UNREADABLE, "%s: %.*s", name,
			TEXT_ARGUMENTS(problem->detail));
}

static void check_checkpoints(struct tally *tally)
{
	struct arena names, arena;
	arena_init(&names, TEST_MEMORY);
	arena_init(&arena, TEST_MEMORY);
	struct listing listing = { 0 };
	const char *path = corpus_path(&names, "checkpoints");
	tally_check(
		tally, folder_list(&names, path, ".json", &listing), "%s: cannot be read", path);
	for (size_t i = 0; i < listing.count; i++) {
		struct text bytes;
		if (tally_check(tally,
			    file_read(&names, path_join(&names, path, listing.names[i]), &bytes),
			    "%s: cannot be read", listing.names[i]))
			check_checkpoint(tally, &arena, listing.names[i], bytes);
		arena_reset(&arena);
	}
	printf("%zu checkpoints\n", listing.count);
	arena_release(&arena);
	arena_release(&names);
}

int main(void)
{
	if (!getenv("QUANTCONF_CORPUS")) {
		puts("skipped: QUANTCONF_CORPUS names no folder of real configs");
		return EXIT_SKIPPED;
	}
	struct tally tally = { .name = "corpus" };
	check_configs(&tally, "configs/axolotl");
	check_configs(&tally, "configs/wild");
	check_checkpoints(&tally);
	return tally_finish(&tally);
}
