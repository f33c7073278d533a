/*
 * The edits of single findings as a property: each alone leads to a config that can be read, in which that finding is no more, no
 * other error stands in its place, and no comment is lost. Over the rules' own examples, tests/cases, real configs below
 * QUANTCONF_CORPUS, and random ones with faults: QUANTCONF_FUZZ_COUNT (default 4000) from QUANTCONF_FUZZ_SEED (default 1) on.
 */
#include "resolve/registry.h"
#include "runner/config_maker.h"
#include "runner/migration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_MAXIMUM 5
/* Rules whose findings must have been repaired at least once, or the test tests nothing. */
#define REPAIRED_LEAST 20

struct run {
	struct tally tally;
	struct arena arena;
	size_t *repaired; /* by the rule's place in the registry */
};

struct subject {
	struct run *run;
	const char *name;
	struct text config;
	struct text checkpoint; /* its config.json, or "" */
	enum target target;
};

static const struct resolution *resolved(const struct subject *subject, struct text config)
{
	bool given = subject->checkpoint.length > 0;
	struct resolve_request request = {
		.config = config,
		.target = subject->target,
		.checkpoint = given ? CHECKPOINT_GIVEN : CHECKPOINT_NO,
		.checkpoint_bytes = subject->checkpoint,
	};
	return resolve(&subject->run->arena, &request);
}

static size_t count_of(const struct resolution *resolution, const struct rule *rule)
{
	size_t count = 0;
	for (size_t i = 0; i < resolution->finding_count; i++)
		count += resolution->findings[i]->rule == rule;
	return count;
}

static void count_repair(struct run *run, const struct rule *rule)
{
	for (size_t i = 0; i < registry_count(); i++)
		run->repaired[i] += registry_at(i) == rule;
}

static bool comments_stay(struct arena *arena, struct text before, struct text after)
{
	struct comments old, new;
	struct text missing;
	return comments_find(arena, before, &old) && comments_find(arena, after, &new) &&
	       comments_within(arena, &old, &new, &missing);
}

/* A name that is read at last, or a base that gptq no longer hides, may bring findings of their own. */
static bool may_show_more(const struct rule *rule)
{
	return strcmp(rule->id, "misspelled-key") == 0 ||
	       strcmp(rule->id, "unknown-backend-key") == 0 ||
	       strcmp(rule->id, "gptq-ignores-bnb") == 0;
}

/* A fault of the schema silences rules of later stages, which speak when it is mended. */
static bool silences(const struct resolution *before)
{
	for (size_t i = 0; i < before->finding_count; i++) {
		const struct diagnostic *finding = before->findings[i];
		if (finding->severity == SEVERITY_ERROR && finding->rule->stage < STAGE_VALIDATION)
			return true;
	}
	return false;
}

static bool brings_error(const struct resolution *before, const struct resolution *after)
{
	for (size_t i = 0; i < after->finding_count; i++) {
		const struct diagnostic *finding = after->findings[i];
		if (finding->severity == SEVERITY_ERROR && count_of(before, finding->rule) == 0)
			return true;
	}
	return false;
}

static void check_fix(const struct subject *subject, const struct resolution *before,
	const struct diagnostic *finding)
{
	struct run *run = subject->run;
	const char *what = NULL;
	struct text edited = TEXT("");
	if (!edits_sane(finding, subject->config)) {
		what = "edits overlap or lie outside";
	} else {
		edited = edits_applied(&run->arena, subject->config, finding);
		const struct resolution *after = resolved(subject, edited);
		if (!after || after->status == RESOLUTION_UNREADABLE)
			what = "cannot be read any more";
		else if (count_of(after, finding->rule) >= count_of(before, finding->rule))
			what = "is found again";
		else if (before->canonical && !after->canonical && !may_show_more(finding->rule))
			what = "the config is rejected now";
		else if (!silences(before) && brings_error(before, after) &&
			 !may_show_more(finding->rule))
			what = "another error instead";
		else if (!comments_stay(&run->arena, subject->config, edited))
			what = "a comment is lost";
	}
	tally_check(&run->tally, !what, "%s, target %s: %s: %s\n%.*s\n--- the config\n%.*s\n---",
		subject->name, target_name(subject->target), finding->rule->id, what ? what : "",
		TEXT_ARGUMENTS(edited), TEXT_ARGUMENTS(subject->config));
	count_repair(run, finding->rule);
}

static void check_config(struct subject *subject)
{
	for (enum target target = TARGET_CANONICAL; target < TARGET_COUNT; target++) {
		subject->target = target;
		const struct resolution *before = resolved(subject, subject->config);
		for (size_t i = 0; before && i < before->finding_count; i++)
			if (before->findings[i]->edit_count > 0)
				check_fix(subject, before, before->findings[i]);
	}
	tally_check(&subject->run->tally, !arena_failed(&subject->run->arena), "%s: out of memory",
		subject->name);
	arena_reset(&subject->run->arena);
}

static void check_examples(struct run *run)
{
	for (size_t i = 0; i < registry_count(); i++) {
		const struct rule *rule = registry_at(i);
		struct subject subject = {
			.run = run,
			.name = rule->id,
			.config = text_of(rule->bad),
			.checkpoint = text_of(rule->bad_checkpoint),
		};
		if (rule->bad)
			check_config(&subject);
	}
}

static void check_file(struct run *run, const char *path)
{
	struct subject subject = { .run = run, .name = path };
	if (tally_check(&run->tally, file_read(&run->arena, path, &subject.config),
		    "%s: cannot be read", path))
		check_config(&subject);
}

/* The files of a folder, or one of that name in each of its folders. */
static void check_folder(struct run *run, const char *path, const char *inside)
{
	struct arena names;
	struct listing listing = { 0 };
	arena_init(&names, TEST_MEMORY);
	tally_check(&run->tally, folder_list(&names, path, inside ? "" : ".y", &listing),
		"%s: cannot be read", path);
	for (size_t i = 0; i < listing.count; i++) {
		const char *found = path_join(&names, path, listing.names[i]);
		const char *file = inside ? path_join(&names, found, inside) : found;
		struct text text;
		if (!inside || file_read(&names, file, &text))
			check_file(run, file);
	}
	arena_release(&names);
}

static void check_folders(struct run *run)
{
	struct arena names;
	arena_init(&names, TEST_MEMORY);
	const char *source = getenv("srcdir");
	check_folder(run, path_join(&names, source ? source : ".", "tests/cases"), "config.yaml");
	check_folder(run, path_join(&names, source ? source : ".", "tests/migrations"), NULL);
	if (corpus_path(&names, "")) {
		check_folder(run, corpus_path(&names, "configs/axolotl"), NULL);
		check_folder(run, corpus_path(&names, "configs/wild"), NULL);
	} else {
		puts("skipped: QUANTCONF_CORPUS names no folder of real configs");
	}
	arena_release(&names);
}

static void check_randoms(struct run *run)
{
	unsigned long long seed = number_of_variable("QUANTCONF_FUZZ_SEED", 1);
	unsigned long long count = number_of_variable("QUANTCONF_FUZZ_COUNT", 4000);
	for (unsigned long long i = 0; i < count && run->tally.failures < FAILURES_MAXIMUM; i++) {
		char name[32];
		snprintf(name, sizeof(name), "seed %llu", seed + i);
		struct subject subject = {
			.run = run,
			.name = name,
			.config = config_make(&run->arena, seed + i, true).text,
			.checkpoint = TEXT(""),
		};
		check_config(&subject);
	}
}

static void check_coverage(struct run *run)
{
	size_t rules = 0;
	for (size_t i = 0; i < registry_count(); i++) {
		if (run->repaired[i] > 0)
			printf("%s: %zu repaired\n", registry_at(i)->id, run->repaired[i]);
		rules += run->repaired[i] > 0;
	}
	tally_check(&run->tally, rules >= REPAIRED_LEAST, "only %zu rules repaired", rules);
}

int main(void)
{
	struct run run = { .tally.name = "fixes" };
	arena_init(&run.arena, TEST_MEMORY);
	run.repaired = calloc(registry_count(), sizeof(*run.repaired));
	if (!run.repaired)
		return EXIT_FAILURE;
	check_examples(&run);
	check_folders(&run);
	check_randoms(&run);
	check_coverage(&run);
	free(run.repaired);
	arena_release(&run.arena);
	return tally_finish(&run.tally);
}
