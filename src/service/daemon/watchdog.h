/*
 * Tells the service manager that every worker still turns and that the crew's threads get on. A ping goes to all of
 * them; only when all have answered the last one is the manager told, so one hung thread is enough to starve it, and
 * idleness is not. Neither is a model that takes long to read, as long as its bytes come: pulse.h.
 */
#pragma once

#include "service/daemon/server.h"

struct watchdog {
	uint64_t every; /* microseconds between pings; 0: nobody watches */
	uint64_t next;
};

void watchdog_start(struct watchdog *watchdog);
/* Milliseconds until watchdog_tick() is due; -1: never. */
int watchdog_timeout(const struct watchdog *watchdog);
void watchdog_tick(struct watchdog *watchdog, struct server *server);
