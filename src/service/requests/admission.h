/* What can be said of a request before its body has come: may it be served, and how. */
#pragma once

#include "service/requests/request.h"

/*
 * Finds the route, how the body is to be read and which form the reply takes. Refuses what cannot be
 * served; the first fault counts.
 */
void admit(struct request *request);
