/*
 * Handshakes of TLS. The library takes a connection whose handshake waits for its client as ready all
 * the time, and would turn without a pause. So such a connection is put to sleep until something
 * arrives, and its deadline is kept here, for the library keeps none of those that sleep.
 *
 * To go on with one takes up to milliseconds, so only a few do so in a turn of the worker: in each round one of
 * each address.
 */
#pragma once

#include "service/daemon/worker.h"

/* The library has just got it. */
void greeting_begin(struct worker *worker, struct connection *connection);
/* Its session is there: it gets the newest certificate. */
void greeting_meet(struct worker *worker, struct connection *connection, void *session);
/* Something arrived: it stands in line. */
void greeting_stir(struct worker *worker, struct connection *connection);
/* It was cut, or the like: the library looks at it when it runs next. */
void greeting_wake(struct worker *worker, struct connection *connection);
/* The library is about to run: it looks at those whose turn it is. */
void greeting_call(struct worker *worker);
/* The library has run: sorts those that shake hands still from those that are through. */
void greeting_settle(struct worker *worker);
/* Wakes all, before the library stops. */
void greeting_wake_all(struct worker *worker);
