/* What holds for every migration, whatever the config. */
#pragma once

#include "runner/support.h"

struct migration_case {
	struct tally *tally;
	struct arena *arena;
	const char *name;
	struct text config;
	enum target target;
	bool may_be_refused;
	bool has_faults;    /* some entries are wrong on purpose */
	const char *folder; /* patch runs here; NULL: not at all */
};

enum migration_outcome {
	MIGRATION_REJECTED, /* errors, or not expressible: there is no such text */
	MIGRATION_REFUSED,
	MIGRATION_SAME, /* the text was in the target's form */
	MIGRATION_CHANGED,
};

/* Checks it all; failures are printed with the config. */
enum migration_outcome migration_check(const struct migration_case *subject);
/* canonical -> flat -> released -> canonical gives the same canonical value, as far as it can be said. */
void migration_check_round_trip(const struct migration_case *subject);

/* comments.c: the comments of a YAML text, by libyaml's tokens; false when it cannot be read. */
struct comments {
	struct text *items;
	size_t count;
};
bool comments_find(struct arena *arena, struct text yaml, struct comments *ret_comments);
/* Every comment of `some` stands in `all`, each as often. */
bool comments_within(struct arena *arena, const struct comments *some, const struct comments *all,
	struct text *ret_missing);
