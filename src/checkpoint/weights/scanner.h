/*
 * A pull reader for JSON of a known shape: no tree, no places, nothing kept but what is asked for.
 * The first fault sticks; every call after it does nothing and returns false.
 */
#pragma once

#include "base/arena.h"

struct scanner {
	const char *start;
	const char *at;
	const char *end;
	struct arena *arena; /* for strings with escapes; others point into the source */
	const char *fault;   /* NULL: none */
	bool first;          /* nothing was read yet in the innermost collection */
};

void scan_begin(struct scanner *scanner, struct arena *arena, struct text source);
/* Returns false, to be returned. */
bool scan_fail(struct scanner *scanner, const char *fault);
bool scan_open(struct scanner *scanner, char bracket);
/* Moves to the next member and behind its colon; false at the closing brace, which it takes. */
bool scan_key(struct scanner *scanner, struct text *ret_key);
/* Moves to the next item; false at the closing bracket, which it takes. */
bool scan_item(struct scanner *scanner, char close);
bool scan_string(struct scanner *scanner, struct text *ret_text);
/* A whole number that fits. */
bool scan_unsigned(struct scanner *scanner, uint64_t *ret_value);
/* The same, but no fault and nothing taken when something else stands there. */
bool scan_try_unsigned(struct scanner *scanner, uint64_t *ret_value);
/* Any value, at most 64 deep. */
bool scan_skip(struct scanner *scanner);
/* Nothing but blanks is left. */
bool scan_end(struct scanner *scanner);
