/*
 * Memory that runs out in the core: at each of its requests for it once, and from there on; and at each place of the
 * arena. There is no answer then, or the one that is given otherwise, to the byte; and nothing is left behind.
 */
#include "chaos/memory.h"
#include "chaos/scenes.h"
#include "runner/support.h"

#include <stdlib.h>
#include <string.h>

/* As the arena has it: its blocks, and what they hold beside what they give. */
#define BLOCK ((size_t)64 * 1024)
#define BLOCK_WHOLE (BLOCK + 64)
/* Every place costs too much; this many bytes from one to the next meet others in every scene. */
#define STEP ((size_t)112)
/* The same with requests that are refused for good. */
#define GOOD_STEP 5
/* With a sanitizer only so many of each are tried, by turns: without, all are. */
#define WATCHED_PART 16

struct theatre {
	struct tally tally;
	const struct scene *scene;
	struct text expected;
	size_t part;    /* every such one is tried */
	size_t turn;    /* the first of them */
	size_t starved; /* plays that got no memory … */
	size_t plays;   /* … of so many */
};

/* Plays in an arena that is made and that goes; the outcome is one of the two that are allowed. */
static bool check(
	struct theatre *theatre, struct arena *arena, long before, const char *how, size_t at)
{
	struct text answer;
	bool answered = scene_play(theatre->scene, arena, &answer);
	size_t refused = memory_refused();
	memory_refuse(0, false);
	bool same = answered && text_equal(answer, theatre->expected);
	arena_release(arena);
	theatre->plays++;
	theatre->starved += !answered;
	if (!tally_check(&theatre->tally, same || !answered, "%s, %s %zu: another answer",
		    theatre->scene->name, how, at))
		return false;
	if (!tally_check(&theatre->tally, answered || refused > 0 || strcmp(how, "arena") == 0,
		    "%s, %s %zu: no answer, though nothing was refused", theatre->scene->name, how,
		    at))
		return false;
	return tally_check(&theatre->tally, memory_held() == before,
		"%s, %s %zu: %ld pieces are left behind", theatre->scene->name, how, at,
		memory_held() - before);
}

static void refuse_each(struct theatre *theatre, size_t asked, bool for_good)
{
	bool well = true;
	size_t step = theatre->part * (for_good ? GOOD_STEP : 1);
	for (size_t n = 1 + theatre->turn % step; well && n <= asked; n += step) {
		struct arena arena;
		long before = memory_held();
		arena_init(&arena, TEST_MEMORY);
		memory_refuse(n, for_good);
		well = check(theatre, &arena, before, for_good ? "from request" : "request", n);
	}
}

/* An arena that gives about so many bytes. */
static void squeeze(struct arena *arena, size_t bytes)
{
	size_t blocks = bytes / BLOCK + 1, waste = blocks * BLOCK - bytes;
	arena_init(arena, blocks * BLOCK_WHOLE);
	for (; waste >= 4096; waste -= 4096)
		arena_take(arena, 4096);
	arena_take(arena, waste);
}

static void squeeze_each(struct theatre *theatre, size_t taken)
{
	bool well = true;
	size_t step = theatre->part * STEP;
	for (size_t bytes = theatre->turn % step; well && bytes < taken; bytes += step) {
		struct arena arena;
		long before = memory_held();
		squeeze(&arena, bytes);
		well = check(theatre, &arena, before, "arena", bytes);
	}
}

static void rehearse(struct theatre *theatre, struct arena *arena)
{
	struct text answer;
	struct arena own;
	arena_init(&own, TEST_MEMORY);
	memory_refuse(0, false);
	if (!tally_check(&theatre->tally, scene_play(theatre->scene, &own, &answer),
		    "%s: no answer", theatre->scene->name))
		return;
	size_t asked = memory_asked(), taken = own.taken;
	theatre->expected = arena_copy(arena, answer);
	arena_release(&own);
	refuse_each(theatre, asked, false);
	refuse_each(theatre, asked, true);
	squeeze_each(theatre, taken);
}

int main(void)
{
	struct theatre theatre = { .tally.name = "chaos",
		.part = memory_is_watched() ? WATCHED_PART : 1 };
	const char *source = getenv("srcdir");
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	struct scenes scenes =
		scenes_make(&arena, path_join(&arena, source ? source : ".", "tests/cases"));
	tally_check(&theatre.tally, scenes.count > 0, "no scenes");
	for (size_t i = 0; i < scenes.count; i++) {
		theatre.scene = &scenes.list[i];
		theatre.turn = i;
		rehearse(&theatre, &arena);
	}
	/* Most plays end without an answer: else the test would not try what it says. */
	tally_check(&theatre.tally, theatre.starved > theatre.plays / 2,
		"only %zu of %zu plays were without memory", theatre.starved, theatre.plays);
	scenes_end();
	arena_release(&arena);
	return tally_finish(&theatre.tally);
}
