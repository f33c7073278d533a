/*
 * Threads that do what would keep a worker from its other connections: large bodies, models that are read for
 * the first time, and all that comes once a worker has been at it for too long. Meanwhile the library does not look
 * at the request's connection, and only the crew touches the request. Whose turn it is: backlog.h. Of several
 * requests for a model that has to be read one reads it, and the others wait until it is kept.
 *
 * Functions with a worker are for its own thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/requests/backlog.h"

struct connection;
struct metrics;
struct server;
struct worker;

struct crew_member {
	pthread_t thread;
	struct crew *crew;
	struct metrics *metrics; /* it alone writes them */
	const struct job *job;   /* what it is at; NULL: nothing */
	atomic_uint answered;    /* the last ping of the watchdog that it saw */
};

struct crew {
	struct server *server;
	atomic_uint_fast64_t
		slow_until;   /* storage of models has been slow, so that workers leave it alone */
	pthread_mutex_t lock; /* of all below, and of the workers' `done` */
	pthread_cond_t more;  /* something may be there to do */
	pthread_cond_t less;  /* something was done */
	struct backlog backlog;
	struct crew_member *members;
	size_t count;
	bool over;
};

/* As many members as there are workers. False, with the reason on stderr, when it cannot. */
bool crew_prepare(struct crew *crew, struct server *server);
bool crew_start(struct crew *crew);
/* Its members look whether there is something to do, and so answer the watchdog. For any thread. */
void crew_wake(struct crew *crew);
/* Once no worker runs any more. */
void crew_end(struct crew *crew);

/* Works at the request, or has the crew do so: then false, and the library asks again once that is done. */
bool crew_work(struct request *request);
/*
 * Takes connections whose requests went to the crew from the library, after it has run: by then it has noted that it
 * waits for the reply. One that is taken within its call would be read from before it is answered, and a client
 * that has ended its side, as `nc -N` does, would lose the reply.
 */
void crew_part(struct worker *worker);
/* Takes back what is done; the library goes on with these connections when it runs next. */
void crew_settle(struct worker *worker);
/* The client of a request that is away has gone: nobody needs the reply. */
void crew_forsake(struct connection *connection);
/*
 * The client of a request that is away has ended its side, and so has one that has closed its connection: over TCP only
 * something that is sent tells who waits. Who has gone is forsaken in a moment.
 */
void crew_doubt(const struct connection *connection);
/* It has been away for too long, if it still waits: it is answered so. */
void crew_give_up(struct request *request);
/*
 * The worker ends: what waits is given up, what is worked at is waited for, for a moment. False when it is worked at still:
 * then nothing may be freed that belongs to it.
 */
bool crew_leave(struct worker *worker);
