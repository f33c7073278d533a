/*
 * How connections come to workers. All of them wait for the same listening sockets; whoever accepts
 * one gives it to the worker that has the fewest. At a limit nobody accepts for a moment: what comes
 * waits in the kernel's backlog.
 */
#pragma once

#include "service/worker.h"

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
