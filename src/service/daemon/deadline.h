/* Ends connections that take too long; the HTTP library sees only whether anything moves. */
#pragma once

#include "service/daemon/worker.h"

/*
 * Ends the connection that has been idle for longest, to make room for another. False when none has been
 * for a second. What it sent by then is answered first.
 */
bool deadline_make_room(struct worker *worker);
/* Looks at all connections of the worker, when it is time to. */
void deadline_sweep(struct worker *worker);
