/* What the core is asked on behalf of a client: a body and the options beside it, put together. */
#pragma once

#include "resolve/resolve.h"
#include "service/requests/request.h"

struct call {
	struct request *request;
	struct arena *arena;     /* of this call: the request's, or that of one item of many */
	struct refusal *refusal; /* the first fault */
	struct resolve_request ask;
	unsigned rejected_status;
};

/* Of one config; and what may hold for many of them at once. */
extern const struct parameter_row resolve_parameters[];
extern const struct parameter_row batch_parameters[];

/* A call with the daemon's defaults. */
struct call call_begin(struct request *request, struct arena *arena, struct refusal *refusal);
/* Takes over values that were checked before; later calls win. */
void call_take_settings(struct call *call, const struct parameter *parameters, size_t count);
/* The JSON form: a body that is an envelope, or the config itself. */
void call_take_envelope(struct call *call, struct text body);
/* The parameters of the query, which win over what was taken before. */
void call_take_query(struct call *call);
/* Refuses what is longer than its limit. */
void call_check_size(struct call *call, const char *what, size_t length, size_t limit);
