/* Named values of a query, or of an envelope's options: a row says what each may be. */
#pragma once

#include "service/network/problems.h"

enum value_form {
	VALUE_STRING, /* of a query, or a string of an envelope */
	VALUE_WORD,   /* a number, true or false of an envelope */
	VALUE_LIST,   /* a list of an envelope, joined with commas here */
	VALUE_ABSENT, /* null: only the name counts */
};

struct parameter {
	struct text name;
	struct text value; /* "" where none was written */
	enum value_form form;
};

enum parameter_kind {
	PARAMETER_CHOICE, /* one of `allowed` */
	PARAMETER_LIST,   /* some of `allowed`, with commas between them */
	PARAMETER_TEXT,   /* 1 to 1024 bytes of UTF-8 without control characters */
	PARAMETER_FLAG,   /* true by being there */
};

struct parameter_row {
	const char *name; /* NULL behind the last row */
	enum parameter_kind kind;
	const char *const *allowed; /* NULL-terminated; where kind is PARAMETER_TEXT words for
				       people alone */
};

/*
 * True when every parameter has a row and a value that the row allows, and none comes twice; else
 * false with the first fault in `ret_refusal`.
 */
bool parameters_check(const struct parameter_row *rows, const struct parameter *parameters,
	size_t count, struct arena *arena, struct refusal *ret_refusal);
/* NULL when it was not given, or null. */
const struct parameter *parameter_find(
	const struct parameter *parameters, size_t count, const char *name);
/* Takes %XX apart, in place, save that %00 stays as it is: paths are terminated strings. The new length. */
size_t parameter_unescape(char *text);
/* True when the comma list has the word. */
bool parameter_lists(const struct parameter *parameter, const char *word);
