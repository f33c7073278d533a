/* Bearer tokens (RFC 6750) of a file. No token ever goes into a message or a log. */
#pragma once

#include "service/options/options.h"

struct tokens;

/*
 * One token a line; blank lines and those that begin with "#" are skipped. In the arena; NULL, and
 * the reason in `ret_fault`, when the file cannot be used.
 */
const struct tokens *tokens_read(struct arena *arena, const char *path, struct fault *ret_fault);
/*
 * Whether the value of an Authorization field has one of them. How long that takes depends on the
 * length of what was sent alone, not on how much of it is right.
 */
bool tokens_admit(const struct tokens *tokens, struct text authorization);
