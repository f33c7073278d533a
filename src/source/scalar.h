/*
 * What a plain scalar is: YAML 1.1 as PyYAML's safe loader resolves it, with one difference:
 * `1e-5`, `1E5` and `1.5e3` (strings for PyYAML, floats in YAML 1.2) are numbers.
 */
#pragma once

#include "source/node.h"

/*
 * Types the plain scalar `written` into node->kind, ->boolean and ->text. Integers in any of YAML's
 * bases and sexagesimals come out in decimal, floats with the user's digits in JSON's spelling;
 * `.inf`, `.nan` and dates are strings.
 */
void scalar_resolve(struct node *node, struct arena *arena, struct text written);

/* The same by a tag that was written out (`tag:yaml.org,2002:int` …). False when the text cannot be
 * that. */
bool scalar_resolve_as(
	struct node *node, struct arena *arena, struct text contents, const char *tag);

/* A plain scalar of which PyYAML makes a date, with or without a time. */
bool scalar_is_date(const struct node *node);
