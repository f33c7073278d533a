/* The JSON form of a resolve request: {"config": …, "checkpoint": …, "options": {…}}. */
#pragma once

#include "resolve/resolve.h"
#include "service/requests/parameters.h"

struct envelope {
	const struct node *config; /* a string of YAML, or a mapping that is the config itself */
	const struct document_problem
		*config_problems;      /* keys that stand twice in a config that is a mapping */
	bool bare;                     /* there was no "config": the whole body is the config */
	const struct node *checkpoint; /* a mapping; NULL when it is absent or null */
	struct parameter *options;     /* as if they were query parameters */
	size_t option_count;
};

/* True when a text that may be YAML or an envelope begins as an envelope does: `{"config":`. */
bool envelope_begins(struct text body);
/*
 * Nodes of the envelope live in the arena. False with the first fault in `ret_refusal`: the body is
 * no JSON object, it has members that nobody reads, or members of wrong types. Options are not
 * checked any further.
 */
bool envelope_read(struct envelope *envelope, struct arena *arena, struct text body,
	const struct resolve_limits *limits, struct refusal *ret_refusal);
