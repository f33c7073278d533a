/* Values as YAML text, in the file's own layout; what the user wrote is copied, not made anew. Internal to this floor. */
#pragma once

#include "resolve/edits.h"

/*
 * "KEY: VALUE" as whole lines at `indent` columns, block style. Collections that come from the source keep their text, with
 * comments and layout, and stay aliases where they are; a refusal is noted in `edits` where that cannot be done.
 */
struct text emit_lines(struct edits *edits, const struct layout *layout,
	const struct member *member, unsigned indent);
/* "KEY: VALUE" on one line, for a flow mapping. */
struct text emit_flow(
	struct edits *edits, const struct layout *layout, const struct member *member);
