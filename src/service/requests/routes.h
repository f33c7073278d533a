/* Every path and method there is: one row each. */
#pragma once

#include "service/requests/request.h"

/* A media type that a body may have, and how it is read then. */
struct form_row {
	const char *type; /* "" stands for no type at all; NULL behind the last row */
	enum body_form form;
};

struct route {
	const char *path; /* NULL behind the last row; a last segment in braces stands for any */
	enum verb verb;
	void (*handle)(struct request *request);
	bool is_open;                           /* needs no token */
	bool looks_up;                          /* may look at model roots, which may be slow */
	bool is_static;                         /* the same bytes as long as the program runs */
	const struct form_row *forms;           /* NULL: a body means nothing */
	const char *const *types;               /* what Accept can choose; NULL: no choice */
	const struct parameter_row *parameters; /* NULL: none */
};

extern const struct route routes[];

/*
 * The row for a path and method; NULL when there is none. HEAD finds the row of GET. `ret_known`
 * tells whether the path exists with another method.
 */
const struct route *route_find(
	struct text path, enum verb verb, struct text *ret_variable, bool *ret_known);
/* VERB_OTHER for a method that no route has. */
enum verb route_verb(struct text method);
/* The value of Allow for a path. */
struct text route_allow(struct arena *arena, struct text path);
