/*
 * Migration as a property: comments and other lines stay, JSON stays JSON, the text says the same and nothing deprecated, and
 * migrating again changes nothing. Over tests/migrations, over real ones below QUANTCONF_CORPUS, and over random ones:
 * QUANTCONF_FUZZ_COUNT (default 2000) from QUANTCONF_FUZZ_SEED (default 1) on.
 */
#include "runner/config_maker.h"
#include "runner/migration.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FAILURES_MAXIMUM 5
#define PATCH_EVERY 100
#define FAULTY_EVERY 3

struct outcomes {
	unsigned long count[MIGRATION_CHANGED + 1];
};

struct run {
	struct tally tally;
	struct arena arena;
	struct outcomes outcomes;
	const char *folder; /* NULL: there is no patch */
};

static void check_targets(struct run *run, struct migration_case *subject)
{
	for (enum target target = TARGET_CANONICAL; target < TARGET_COUNT; target++) {
		subject->target = target;
		run->outcomes.count[migration_check(subject)]++;
	}
	subject->target = TARGET_CANONICAL;
	/* What a backend does not know has no place in another spelling. */
	if (!subject->has_faults)
		migration_check_round_trip(subject);
}

static void print_outcomes(struct run *run, const char *what)
{
	const unsigned long *count = run->outcomes.count;
	printf("%s: %lu changed, %lu as they were, %lu refused, %lu rejected\n", what,
		count[MIGRATION_CHANGED], count[MIGRATION_SAME], count[MIGRATION_REFUSED],
		count[MIGRATION_REJECTED]);
	run->outcomes = (struct outcomes){ .count = { 0 } };
}

static void check_file(struct run *run, const char *path, bool may_be_refused)
{
	struct migration_case subject = {
		.tally = &run->tally,
		.arena = &run->arena,
		.name = path,
		.may_be_refused = may_be_refused,
		.folder = run->folder,
	};
	if (tally_check(&run->tally, file_read(&run->arena, path, &subject.config),
		    "%s: cannot be read", path))
		check_targets(run, &subject);
	arena_reset(&run->arena);
}

static void check_folder(struct run *run, const char *path)
{
	struct arena names;
	struct listing listing = { 0 };
	arena_init(&names, TEST_MEMORY);
	tally_check(
		&run->tally, folder_list(&names, path, ".y", &listing), "%s: cannot be read", path);
	for (size_t i = 0; i < listing.count; i++)
		check_file(run, path_join(&names, path, listing.names[i]), false);
	print_outcomes(run, path);
	arena_release(&names);
}

/* NAME.expected, NAME.flat and NAME.released: the text for a target; at least one of them. */
static const char *const answers[TARGET_COUNT] = {
	[TARGET_CANONICAL] = "expected",
	[TARGET_FLAT] = "flat",
	[TARGET_RELEASED] = "released",
};

static bool check_answer(struct run *run, const char *path, enum target target)
{
	struct arena *arena = &run->arena;
	struct resolve_request request = {
		.include_migrated = true,
		.checkpoint = CHECKPOINT_NO,
		.target = target,
	};
	struct text expected;
	size_t stem = text_of(path).length - (sizeof("yaml") - 1);
	const char *answer = arena_printf(arena, "%.*s%s", (int)stem, path, answers[target]).data;
	if (!file_read(arena, answer, &expected))
		return false;
	bool read = file_read(arena, path, &request.config);
	const struct resolution *resolution = read ? resolve(arena, &request) : NULL;
	if (tally_check(&run->tally, resolution, "%s: cannot be read", path))
		tally_check(&run->tally, text_equal(resolution->migrated, expected),
			"%s, target %s: the migrated text is\n%.*s", path, target_name(target),
			TEXT_ARGUMENTS(resolution->migrated));
	return true;
}

static void check_expected(struct run *run, const char *path)
{
	size_t count = 0;
	for (enum target target = TARGET_CANONICAL; target < TARGET_COUNT; target++)
		count += check_answer(run, path, target);
	tally_check(&run->tally, count > 0, "%s: there is nothing to hold it to", path);
	arena_reset(&run->arena);
}

static void check_examples(struct run *run)
{
	struct arena names;
	struct listing listing = { 0 };
	arena_init(&names, TEST_MEMORY);
	const char *source = getenv("srcdir");
	const char *path = path_join(&names, source ? source : ".", "tests/migrations");
	tally_check(&run->tally, folder_list(&names, path, ".yaml", &listing), "%s: cannot be read",
		path);
	for (size_t i = 0; i < listing.count; i++)
		check_expected(run, path_join(&names, path, listing.names[i]));
	check_folder(run, path);
	arena_release(&names);
}

static void check_corpus(struct run *run)
{
	struct arena names;
	arena_init(&names, TEST_MEMORY);
	if (corpus_path(&names, "")) {
		check_folder(run, corpus_path(&names, "configs/axolotl"));
		check_folder(run, corpus_path(&names, "configs/wild"));
	} else {
		puts("skipped: QUANTCONF_CORPUS names no folder of real configs");
	}
	arena_release(&names);
}

static void check_random(struct run *run, uint64_t seed)
{
	char name[32];
	snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
	bool faulty = seed % FAULTY_EVERY == 0;
	struct made_config made = config_make(&run->arena, seed, faulty);
	struct migration_case subject = {
		.tally = &run->tally,
		.arena = &run->arena,
		.name = name,
		.config = made.text,
		.may_be_refused = made.entangled,
		.has_faults = faulty,
		.folder = seed % PATCH_EVERY == 0 ? run->folder : NULL,
	};
	check_targets(run, &subject);
	tally_check(&run->tally, !arena_failed(&run->arena), "%s: out of memory", name);
	arena_reset(&run->arena);
}

static void check_randoms(struct run *run)
{
	unsigned long long seed = number_of_variable("QUANTCONF_FUZZ_SEED", 1);
	unsigned long long count = number_of_variable("QUANTCONF_FUZZ_COUNT", 2000);
	for (unsigned long long i = 0; i < count && run->tally.failures < FAILURES_MAXIMUM; i++)
		check_random(run, seed + i);
	print_outcomes(run, "random configs and targets");
}

int main(void)
{
	char folder[] = "/tmp/quantconf-migrate-XXXXXX";
	struct run run = { .tally.name = "migrate" };
	arena_init(&run.arena, TEST_MEMORY);
	bool patch = system("patch --version >/dev/null 2>&1") == 0;
	run.folder = patch ? mkdtemp(folder) : NULL;
	if (!run.folder)
		puts("skipped: there is no patch to give the diffs to");
	check_examples(&run);
	check_corpus(&run);
	check_randoms(&run);
	arena_release(&run.arena);
	if (run.folder) {
		unlink(path_join(&run.arena, run.folder, "config.yaml"));
		unlink(path_join(&run.arena, run.folder, "patch"));
		rmdir(run.folder);
	}
	arena_release(&run.arena);
	return tally_finish(&run.tally);
}
