/* Media types: which form of a reply the client wants, and which form its body has. */
#pragma once

#include "base/arena.h"

/*
 * The index of the media type that `accept` (RFC 9110 §12.5.1; "" accepts all) likes best: the
 * highest quality, and among equals the first. -1 when none is acceptable. `types` are like
 * "text/plain", without parameters.
 */
int negotiate(struct text accept, const char *const *types, size_t count);

/* "Type/Sub; name=value" without its parameters and the blanks around. */
struct text media_type(struct text value);
/*
 * The parameter's value: bare, or between quotes with its escapes undone (a copy in the arena then).
 * A `data` of NULL when it is absent or ill-formed. Also reads Content-Disposition.
 */
struct text media_parameter(struct arena *arena, struct text value, const char *name);
