/*
 * Closing a connection with unread bytes resets it, and with it the reply that the client has not read yet. So
 * where one is ended while its client may still send, the socket stays for a moment, and what comes is dropped.
 */
#pragma once

#include "service/daemon/worker.h"

/* Takes the descriptor over. Nothing more is sent on it. */
void linger_take(struct worker *worker, int fd);
/* What an event of epoll is about; of no other source this can be said. */
bool linger_is_source(uint64_t source);
void linger_event(struct worker *worker, uint64_t source);
/* Closes those that have lingered long enough. */
void linger_sweep(struct worker *worker, uint64_t now);
void linger_close_all(struct worker *worker);
