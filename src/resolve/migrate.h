/* The user's own text, rewritten to the target by the smallest edits, and proved. Internal to this floor. */
#pragma once

#include "resolve/resolver.h"

/*
 * Fills resolution->migrated: the input itself where nothing changes; with data NULL (and the warning migration-refused, which
 * names why) where no edit is safe. The text is read and resolved again before it is handed out: it must give the same canonical
 * value and no deprecation.
 */
void migrate(struct resolver *resolver, struct resolution *resolution);
