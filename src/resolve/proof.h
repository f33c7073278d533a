/* What a migrated text is held to before anybody sees it. Internal to this floor. */
#pragma once

#include "resolve/edits.h"
#include "resolve/resolver.h"

/* The text says what the canonical value says, at the same place, nothing that is deprecated, and would stay as it is. */
bool proof(const struct resolver *resolver, const struct layout *layout, const struct node *after,
	struct text text);
