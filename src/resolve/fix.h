/*
 * One edit that repairs a finding, where there is one clear repair. Each leaves the finding as it is where no edit is safe: where the
 * entry comes through an alias or a merge key, is anchored, or stands twice. Internal to this floor.
 */
#pragma once

#include "resolve/resolver.h"

/* After the rule's `fix`. */
void fix_by_rule(struct resolver *resolver, struct diagnostic *diagnostic);
/* With that adapter the config would have an error that it has not now. */
bool adapter_clashes(const struct resolver *resolver, const char *adapter);
/* The name of an entry of `mapping` becomes `name`. */
void fix_rename(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct node *mapping, const struct member *member, const char *name);
/* The entry's value becomes `{backend: {}}`. */
void fix_select(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *backend);
/* The entry's value is spelt otherwise; its quotes stay. */
void fix_respell(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *text);
/* The entry's value becomes `text`, without the quotes it had. */
void fix_replace(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, struct text text);
void fix_remove(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct node *mapping, const struct member *member);
/* The entry, whose place a later one took and which has no effect, goes. */
void fix_remove_replaced(
	struct resolver *resolver, struct diagnostic *diagnostic, const struct replaced *replaced);
