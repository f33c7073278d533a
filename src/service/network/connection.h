/* A client's connection, as long as the HTTP library holds it. */
#pragma once

#include <sys/socket.h>

#include "service/network/listener.h"
#include "service/network/problems.h"

struct request;
struct settings;

struct connection {
	struct connection *next;
	struct connection **link; /* what points here: connections stand in lists of their worker */
	const struct listener *listener;
	struct request *request;   /* the one that is under way, or NULL */
	const char *version_at;    /* where the version stands behind a target without NUL */
	const char *request_id;    /* of it, or NULL */
	uint64_t since;            /* when it was opened or its last request ended, microseconds */
	uint64_t head_began;       /* when the first byte of a request came; 0: none since then */
	uint64_t moved;            /* when something of its head came last */
	void *peer;                /* the HTTP library's own */
	void *session;             /* of TLS; NULL without */
	struct settings *settings; /* those with its certificate; NULL without TLS */
	int fd;
	unsigned slot; /* addresses.c: where its address counts */
	bool counted;
	bool cut;         /* was shut down by us */
	bool surplus;     /* is over the limit: little is served, and soon it ends */
	bool attended;    /* the client was there when its reply was made */
	bool hung_up;     /* the client will send nothing more */
	bool gone;        /* … and nobody waits for a reply */
	bool greeted;     /* by TLS: something came */
	bool asleep;      /* … the library does not look at it */
	uint64_t round;   /* … in which it is its turn; 0: it waits for its client */
	bool established; /* … its handshake is over */
	struct sockaddr_storage address;
	socklen_t address_length;
};

/* Something came; as long as no request is under way, it is of a head. */
void connection_stir(struct connection *connection);
/* Into a list and out of the one that it stands in. */
void connection_enlist(struct connection **list, struct connection *connection);
void connection_delist(struct connection *connection);
/*
 * Ends a connection whose request has no reply yet, where the library offers no way to reply: the
 * problem is written straight to the socket, as the last thing on it. With PROBLEM_NONE nothing is
 * written. The library notices and closes.
 */
void connection_cut(struct connection *connection, enum problem problem);
/* The same where the library closes by itself at once: the client may still send, so that nothing is reset. */
void connection_end(struct connection *connection, enum problem problem);
/* Tells a client that speaks plain HTTP where TLS is spoken; nothing more is sent. */
void connection_misspoken(struct connection *connection);
/* Tells a client why the library was not given its connection; the last thing on it. */
void connection_refuse(struct connection *connection, enum problem problem);
/* Whether the client has closed its side, having read all that was sent to it so far. */
bool connection_has_left(const struct connection *connection);
/* Nothing that is sent on it arrives. */
bool connection_is_dead(const struct connection *connection);
/*
 * Sends what clients of HTTP/1.1 pass over before a reply ("100 Continue"); one that has closed its connection answers with
 * a reset.
 */
void connection_probe(const struct connection *connection);
/* Lets the library see an end of input, once it has read what came before; may be repeated. */
void connection_hush(struct connection *connection);
