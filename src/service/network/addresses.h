/*
 * How many connections each client address has. Addresses share a table of counters by a keyed hash, so
 * two may rarely count as one; an IPv6 address counts with its whole /64, and UNIX sockets not at all.
 */
#pragma once

#include "service/network/connection.h"

struct addresses;

/* An IPv4 client of an IPv6 socket: from here on an IPv4 address as any other. */
void address_unmap(struct sockaddr_storage *address, socklen_t *length);

/* NULL without memory. */
struct addresses *addresses_new(void);
void addresses_free(struct addresses *addresses);
/* False when the address has `limit` connections already (0: no limit); else it has one more. */
bool addresses_enter(struct addresses *addresses, struct connection *connection, size_t limit);
void addresses_leave(struct addresses *addresses, const struct connection *connection);
