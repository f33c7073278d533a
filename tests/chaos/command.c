/*
 * The command with memory that runs out, at each of its requests: it does as it does otherwise, or exits with 3 and tells
 * of it; and what it wrote before is true.
 */
#include "chaos/memory.h"
#include "chaos/models.h"
#include "runner/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_NO_MEMORY 3
/* See core.c. */
#define WATCHED_PART 16
#define WORDS_MAXIMUM 8

/* In the folder with the models. `whole`: nothing of the output can be there without the rest. */
static const struct play {
	const char *words[WORDS_MAXIMUM];
	bool whole;
} plays[] = {
	{ { "resolve", "-o", "text", "configs/conflict.yaml" }, true },
	{ { "resolve", "-o", "yaml", "configs/qlora.yaml" }, true },
	{ { "resolve", "-o", "diff", "configs/qlora.yaml" }, true },
	{ { "resolve", "-q", "-o", "text", "--checkpoint", "models/plain", "configs/qlora.yaml" },
		true },
	{ { "resolve", "configs" }, false },
	{ { "resolve", "--model-root", "models", "--hf-cache", "cache", "configs/named.yaml" },
		true },
	{ { "resolve", "-o", "sarif", "configs" }, false },
	{ { "migrate", "configs/qlora.yaml" }, true },
	{ { "migrate", "--check", "configs" }, false },
	{ { "migrate", "--diff", "configs" }, false },
	{ { "migrate", "--in-place", "configs" }, false },
	{ { "inspect", "models/plain" }, true },
	{ { "inspect", "models/plain/config.json" }, true },
	{ { "rules" }, true },
	{ { "rules", "-o", "json", "yaml-syntax" }, true },
	{ { "schema" }, true },
};

static const struct {
	const char *path;
	const char *text;
} configs[] = {
	{ "configs/qlora.yaml", "base_model: a/b\nadapter: qlora  # cheap\nload_in_4bit: true\n" },
	{ "configs/named.yaml", "base_model: org/name\nadapter: lora\ngptq: true\n" },
	{ "configs/conflict.yaml", "adapter: qlora\nload_in_8bit: true\n" },
	{ "configs/below/broken.yml", "adapter: [\n" },
};

struct ending {
	int status;
	size_t asked; /* for memory */
	struct text written, told;
	struct text migrated; /* what became of the first config */
};

struct theatre {
	struct tally tally;
	char *program;
	struct arena arena; /* of one play */
	const struct play *play;
	struct ending expected;
};

static bool put_configs(struct arena *arena)
{
	bool done = true;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		done = models_put(arena, configs[i].path, text_of(configs[i].text)) && done;
	return done;
}

/* In the child: never returns. Its output goes to the files. */
static void perform(const struct theatre *theatre, size_t nth, const int files[3])
{
	char number[24];
	const char *arguments[WORDS_MAXIMUM + 3] = { theatre->program, number };
	snprintf(number, sizeof(number), "%zu", nth);
	for (int i = 0; i < WORDS_MAXIMUM; i++)
		arguments[i + 2] = theatre->play->words[i];
	for (int i = 0; i < 3; i++)
		dup2(files[i], i + 1);
	execv(theatre->program, (char **)(uintptr_t)arguments);
	_exit(127);
}

static struct text contents(struct arena *arena, int file)
{
	off_t length = lseek(file, 0, SEEK_END);
	char *data = arena_alloc(arena, (size_t)length + 1);
	ssize_t got = data ? pread(file, data, (size_t)length, 0) : 0;
	return (struct text){ data, got > 0 ? (size_t)got : 0 };
}

static struct ending run_one(struct theatre *theatre, size_t nth)
{
	struct ending ending = { .status = -1 };
	int files[3], status = 0;
	if (!put_configs(&theatre->arena))
		return ending;
	/* Above those that the child puts in their places. */
	for (int i = 0; i < 3; i++)
		files[i] = fcntl(memfd_create("output", MFD_CLOEXEC), F_DUPFD_CLOEXEC, 10);
	pid_t child = fork();
	if (child == 0)
		perform(theatre, nth, files);
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status))
		ending.status = WEXITSTATUS(status);
	ending.written = contents(&theatre->arena, files[0]);
	ending.told = contents(&theatre->arena, files[1]);
	if (pread(files[2], &ending.asked, sizeof(ending.asked), 0) < 0)
		ending.asked = 0;
	file_read(&theatre->arena, configs[0].path, &ending.migrated);
	for (int i = 0; i < 3; i++)
		close(files[i]);
	return ending;
}

/* Each line of what was written is one of those that are written otherwise; of a log, its end tells that it is not whole. */
static bool is_part(struct text written, struct text expected)
{
	struct text line;
	if (text_contains(written, "\"executionSuccessful\":"))
		return text_contains(written, "\"executionSuccessful\":false");
	while (text_line(&written, &line)) {
		struct text rest = expected, other;
		bool found = false;
		while (!found && text_line(&rest, &other))
			found = text_equal(line, other);
		if (!found)
			return false;
	}
	return true;
}

static bool is_same(const struct ending *a, const struct ending *b)
{
	return a->status == b->status && text_equal(a->written, b->written) &&
	       text_equal(a->told, b->told) && text_equal(a->migrated, b->migrated);
}

static bool is_starved(const struct theatre *theatre, const struct ending *ending)
{
	const struct ending *expected = &theatre->expected;
	bool whole = ending->written.length == 0 || text_equal(ending->written, expected->written);
	bool kept = text_is(ending->migrated, configs[0].text) ||
		    text_equal(ending->migrated, expected->migrated);
	return ending->status == STATUS_NO_MEMORY && text_contains(ending->told, "memory") &&
	       kept && (theatre->play->whole ? whole : is_part(ending->written, expected->written));
}

static void play_each(struct theatre *theatre)
{
	size_t part = memory_is_watched() ? WATCHED_PART : 1, starved = 0;
	theatre->expected = run_one(theatre, 0);
	size_t most = theatre->expected.asked;
	const char *const *words = theatre->play->words;
	for (size_t n = 1; n <= most; n += part) {
		struct ending ending = run_one(theatre, n);
		starved += ending.status == STATUS_NO_MEMORY;
		if (!tally_check(&theatre->tally,
			    is_same(&ending, &theatre->expected) || is_starved(theatre, &ending),
			    "%s %s %s, request %zu of %zu: status %d\n%.*s\n%.*s", words[0],
			    words[1] ? words[1] : "", words[2] ? words[2] : "", n, most,
			    ending.status, TEXT_ARGUMENTS(ending.told),
			    TEXT_ARGUMENTS(ending.written)))
			return;
	}
	tally_check(&theatre->tally, most > 0 && starved > 0, "%s %s: it never lacked memory",
		words[0], words[1] ? words[1] : "");
}

int main(void)
{
	struct theatre theatre = { .tally.name = "command" };
	struct arena models;
	arena_init(&models, TEST_MEMORY);
	theatre.program = realpath("tests/chaos/starving", NULL);
	bool made =
		theatre.program && models_make(&models) && chdir(models_path(&models, ".")) == 0;
	tally_check(&theatre.tally, made, "no program, or no folder");
	for (size_t i = 0; made && i < sizeof(plays) / sizeof(plays[0]); i++) {
		arena_init(&theatre.arena, TEST_MEMORY);
		theatre.play = &plays[i];
		play_each(&theatre);
		arena_release(&theatre.arena);
	}
	models_remove();
	free(theatre.program);
	arena_release(&models);
	return tally_finish(&theatre.tally);
}
