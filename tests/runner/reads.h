/* `reads` of a rule is complete: its predicate does not look at any other slot. */
#pragma once

#include "runner/support.h"

/*
 * Fails for each slot outside of `reads` whose emptying makes the predicate false on the rule's bad
 * example. Does nothing for rules without a predicate.
 */
void reads_check(struct tally *tally, struct arena *arena, const struct rule *rule);
