/* Every rule there is, from the tables in rules/. */
#pragma once

#include "schema/rule.h"

/* In the order of the manual: by stage, then by family. */
size_t registry_count(void);
const struct rule *registry_at(size_t index);
/* The same rules as tables, for those who go through all of them. */
size_t registry_families(void);
const struct rule *registry_family(size_t index, size_t *ret_count);
/* NULL when there is no such rule. */
const struct rule *registry_find(struct text id);
/* For ids written in our own code: the rule exists, or the program is wrong. */
const struct rule *registry_get(const char *id);
/* FNV digest over ids, stages, severities and texts: tells two rule tables apart. */
uint64_t registry_digest(void);
