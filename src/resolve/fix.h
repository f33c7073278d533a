/* One edit that repairs a finding, where there is one clear repair. Internal to this floor. */
#pragma once

#include "resolve/resolver.h"

/* Fills the finding's edits after its rule's `fix`; they stay empty where no edit is safe. */
void fix_by_rule(struct resolver *resolver, struct diagnostic *diagnostic);
/* The key's name becomes `name`. */
void fix_rename(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *name);
