/*
 * What must be known before cJSON sees a text: that it is well-formed to the last letter (cJSON
 * lets much through), that cJSON's recursion is bounded, and how much it will allocate.
 */
#pragma once

#include "source/tree.h"

/*
 * Checks letters, numbers, strings and limits, not the order of commas and colons, which is
 * cJSON's. Blanks a byte order mark and replaces numbers that are too long for cJSON, and those
 * that are not finite, in `copy`, the same bytes. False when a problem was recorded.
 */
bool json_scan(struct tree *tree, struct text source, char *copy);
