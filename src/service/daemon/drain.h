/* How a worker stops. */
#pragma once

#include "service/daemon/worker.h"

/* Takes what the kernel has accepted already; afterwards this worker only finishes. */
void drain_begin(struct worker *worker);
/* Whether all is finished, or there is no more time for it. */
bool drain_is_over(const struct worker *worker);
/*
 * What is ready is sent and what waits is refused; then every connection is closed. Of what the crew is still at after a
 * moment nothing is freed, and the server is told.
 */
void drain_end(struct worker *worker);
