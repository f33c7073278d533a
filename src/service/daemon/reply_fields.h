/* The header fields of a reply, beside those that the HTTP library writes itself. */
#pragma once

#include "service/requests/request.h"

struct reply_field {
	const char *name;
	const char *value; /* in the request's arena, or static */
};

#define REPLY_FIELDS_MAXIMUM 24

/* Fills `out` for a request that was answered; returns their number. */
size_t reply_fields(struct request *request, struct reply_field out[REPLY_FIELDS_MAXIMUM]);
/* Whether its client has it, although the library says that it failed to send it. */
bool reply_was_taken(const struct request *request);
