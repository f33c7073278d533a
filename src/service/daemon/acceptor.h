/*
 * How connections come to workers. All of them wait for the same listening sockets; whoever accepts
 * one gives it to the worker that has the fewest. At the limit of all connections an idle one makes room.
 * Without one, a few more are taken: they may ask whether the daemon is alive and ready, and are told 503
 * otherwise. What comes beyond these is told so without being asked.
 */
#pragma once

#include "service/daemon/worker.h"

/* Connections above the limit that are served as far as that goes. */
#define CONNECTIONS_RESERVED 32

void acceptor_listen(struct worker *worker);
/* After a pause: listens again when it is over. */
void acceptor_resume(struct worker *worker);
/* Takes what waits at a listening socket. */
void acceptor_accept(struct worker *worker, const struct listener *listener);
/* Takes what waits at all of them, whatever the limit, and listens no more. */
void acceptor_finish(struct worker *worker);
/* Into another worker's inbox; NULL only wakes it. False when the inbox is full. */
bool acceptor_pass(struct worker *worker, struct connection *connection);
/* Takes what came to this worker's inbox. */
void acceptor_receive(struct worker *worker);
