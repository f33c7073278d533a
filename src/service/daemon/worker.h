/*
 * A thread that accepts connections and serves them. All workers share the listening sockets; one
 * that accepts a connection while another has fewer passes it on.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/daemon/server.h"
#include "service/network/connection.h"
#include "service/process/log.h"
#include "service/requests/metrics.h"
#include "service/requests/request.h"

struct http;
struct lingering;

struct worker {
	struct server *server;
	struct http *http;
	struct http *https; /* NULL without listeners that speak TLS */
	pthread_t thread;
	int epoll;
	int inbox[2];               /* pipe: connections from other workers; NULL only wakes */
	atomic_size_t load;         /* connections, those on their way included */
	struct connection *joining; /* being handed to the library */
	struct connection *connections;
	struct connection *newcomers; /* those of TLS that have just come */
	struct connection *greeting;  /* those that TLS shakes hands with … */
	struct connection *asleep;    /* … those of them that wait for their client … */
	struct connection *lined_up;  /* … and for their turn, which comes in this order */
	uint64_t greeting_round;      /* of those whose turn it was last */
	struct lingering *lingering;  /* linger.c: what was ended while its client may still send */
	size_t lingering_count;
	struct connection *hanging_up; /* those whose client has just ended its side */
	struct job *done;              /* what the crew has done for it: with its lock */
	size_t away;                   /* requests that are with the crew, the above included */
	struct request *leaving;       /* … those whose connections the library still looks at */
	uint64_t turn_began;
	uint64_t tidy_at; /* when to give memory back to the system; 0: there is none */
	uint64_t random;  /* state of a generator for ids; nothing secret */
	struct request *idle_requests;
	size_t idle_request_count;
	bool listening;        /* the listeners are in `epoll` */
	bool quiet;            /* will accept nothing more */
	bool ending;           /* turns no more, and begins no work */
	uint64_t listen_again; /* when to, after a pause */
	uint64_t drain_began;  /* 0: not draining */
	uint64_t next_sweep;
	uint64_t warn_again[REFUSALS]; /* of connections over a limit */
	uint64_t look_again;           /* for idle connections, after a vain look */
	struct log_batch log;
	struct settings *settings;
	unsigned settings_version;
	atomic_uint answered;    /* the last ping of the watchdog that it saw */
	struct metrics *metrics; /* this worker alone writes them */
};

/*
 * Workers pass connections to each other, so all are prepared before the first one is started. False,
 * with the reason on stderr, when it cannot.
 */
bool worker_prepare(struct worker *worker, struct server *server);
bool worker_start(struct worker *worker);
/* May be called by any thread. */
void worker_wake(struct worker *worker);
/* Waits for its end and frees what it had. */
void worker_join(struct worker *worker);

/* Sources of events from here on are addresses. */
#define SOURCE_ADDRESSES 4096
/* Waits for events on a descriptor, whose `source` is what worker.c knows it by. */
bool worker_watch(struct worker *worker, int fd, uint32_t events, uint64_t source);
/* Takes the connection, which counts in `load` already. */
void worker_serve(struct worker *worker, struct connection *connection);

/* For http.c, within the worker's thread. */
struct connection *worker_joined(struct worker *worker);
void worker_left(struct worker *worker, struct connection *connection);
/* A request for a connection; NULL without memory. */
struct request *worker_take_request(struct worker *worker, struct connection *connection);
/* Its reply is sent, or it ended otherwise; then `ended` says how. */
void worker_give_request(struct worker *worker, struct request *request, const char *ended);
