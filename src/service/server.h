/* The daemon as a whole: listeners, workers, and how they start and stop. */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>

#include "service/listener.h"
#include "service/options.h"

struct worker;

/* Does not change once the workers run, but for what is atomic. */
struct server {
	const struct options *options;
	struct resolve_limits limits;
	struct roots *roots; /* NULL without model roots; shared by the workers */
	struct listener listeners[LISTEN_MAXIMUM];
	size_t listener_count;
	struct worker *workers;
	size_t worker_count;
	atomic_size_t connections;   /* of all workers, those on their way to one included */
	atomic_bool draining;        /* finish what runs, accept nothing new */
	atomic_bool hurry;           /* do not wait for what runs */
	atomic_size_t quiet_workers; /* those that will accept nothing more */
	sem_t quiet;                 /* posted once by each of them */
	int finished;                /* eventfd, written once by each worker that ends */
};

/* Listens, serves, and returns the exit status once a signal has ended it. */
int server_run(const struct options *options);
