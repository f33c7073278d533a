/*
 * Which web pages may read the replies, by the origins that the administrator names: the Fetch standard's
 * CORS protocol. Without any there is no trace of it.
 */
#pragma once

#include "service/requests/request.h"

/* Finds out whether the request comes from a page of a known origin, and whether it only asks beforehand. */
void cors_check(struct request *request);
