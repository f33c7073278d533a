/*
 * Tabs where PyYAML takes none. libyaml lets them separate tokens; PyYAML, by which Axolotl reads, takes them in quotes, in block
 * scalars and in comments alone. A text without tabs costs nothing but the look for one.
 */
#pragma once

#include "source/lines.h"

struct tabs {
	struct cursor
		cursor; /* how far the text is known; at the first tab that may not be there */
	bool any;       /* there is a tab somewhere */
};

struct tabs tabs_at_start(struct text source);
/* Over what stands between scalars, up to a mark. False when a tab stands there outside of a comment; so do all below. */
bool tabs_pass_gap(struct tabs *tabs, struct mark to);
/* Over a plain scalar. */
bool tabs_pass_plain(struct tabs *tabs, struct mark to);
/* Over one in quotes, or a block scalar, from its anchor and tag on; the line of a `|` or `>` may hold none. */
bool tabs_pass_quoted(struct tabs *tabs, struct mark to);
