/*
 * What requests are served by, as one value that never changes: options, limits, model roots, tokens. A
 * reload makes a new one; a request keeps the one that it began with.
 */
#pragma once

#include <stdatomic.h>

#include "service/network/listener.h"

struct tls;
struct tokens;

struct settings {
	struct options options;
	struct resolve_limits limits;
	struct roots *roots;         /* NULL without model roots */
	const struct tokens *tokens; /* NULL: nobody needs one */
	struct tls *tls;             /* NULL: no certificate */
	struct arena arena;          /* of all the above */
	atomic_size_t users;
};

/*
 * Reads the command line and the files that it names. NULL unless OPTIONS_READY; then the caller is
 * the first user. `ret_check` tells whether only a check was asked for.
 */
struct settings *settings_load(int argc, char **argv, enum options_outcome *ret_outcome,
	bool *ret_check, struct faults *faults);
/* The model roots of `old` in place of its own, for one that nobody uses yet. */
bool settings_keep_roots(
	struct settings *settings, const struct settings *old, struct faults *faults);
/*
 * Adds a fault for each folder of models that cannot be opened, unless it is one of `old` (NULL: none), may
 * come below a folder of confine-read, or needs a restart.
 */
void settings_check_roots(
	const struct settings *settings, const struct settings *old, struct faults *faults);
struct settings *settings_use(struct settings *settings);
/* Which listeners these allow. */
struct listener_policy settings_policy(const struct settings *settings);
/* The last user frees it. NULL is fine. */
void settings_release(struct settings *settings);
