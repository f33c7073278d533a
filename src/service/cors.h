/*
 * Which web pages may read the replies, by the origins that the administrator names: the Fetch standard's
 * CORS protocol. Without any there is no trace of it.
 */
#pragma once

#include "service/request.h"

/* What is wrong with an origin, for people; NULL when a browser could send it so. */
const char *cors_fault(const char *origin);
/* Finds out whether the request comes from a page of a known origin, and whether it only asks beforehand. */
void cors_check(struct request *request);
