/* Numbers as text: from YAML's spellings to JSON's, digit by digit, of any size. */
#pragma once

#include "base/arena.h"

enum number_form {
	NUMBER_OTHER,
	NUMBER_INTEGER,
	NUMBER_FLOAT,
};

/* What a text is that needs no change: most numbers are spelled as JSON has them. */
enum number_form number_json_form(struct text written);

/*
 * What PyYAML's resolver takes for an integer, in JSON's spelling; `data` NULL when it is none, when
 * a base has no digits behind it, or when more than a thousand digits would have to be converted.
 */
struct text number_integer(struct arena *arena, struct text written);

/* The same for a float. YAML 1.2's spellings (`1e5`, `-.5`) count; `.inf` and `.nan` do not. */
struct text number_float(struct arena *arena, struct text written);
