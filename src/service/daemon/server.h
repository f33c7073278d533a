/* The daemon as a whole: listeners, workers, and how they start and stop. */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "service/daemon/confine.h"
#include "service/daemon/crew.h"
#include "service/network/listener.h"
#include "service/options/options.h"

struct addresses;
struct process_files;
struct settings;
struct worker;

/* Does not change once the workers run, but for the settings and what is atomic. */
struct server {
	struct settings *settings;       /* the newest; the main thread replaces it */
	struct settings *first_settings; /* those that it started with */
	pthread_mutex_t settings_lock;   /* for whoever else takes it */
	struct addresses *addresses;
	struct process_files *process;
	struct confinement confinement;
	int manager;                  /* socket to the service manager; -1: none */
	pthread_barrier_t gate;       /* opens once every worker runs and all are confined */
	atomic_uint ping;             /* of the watchdog */
	atomic_uint settings_version; /* counts replacements */
	int argc;                     /* the command line, to read it again */
	char **argv;
	struct listener listeners[LISTEN_MAXIMUM];
	size_t listener_count;
	struct worker *workers;
	size_t worker_count;
	struct crew crew;
	struct arena_pool memory;           /* of all requests */
	atomic_size_t possible_connections; /* by the descriptors that the system allows */
	atomic_size_t connections;          /* of all workers, those on their way to one included */
	atomic_bool unready;         /* a folder of models could not be opened when last asked */
	atomic_bool draining;        /* finish what runs, accept nothing new */
	atomic_bool hurry;           /* do not wait for what runs */
	atomic_bool abandoned;       /* the crew is still at work for a worker that has ended */
	atomic_size_t quiet_workers; /* those that will accept nothing more */
	sem_t quiet;                 /* posted once by each of them */
	int finished;                /* eventfd, written once by each worker that ends */
};

/*
 * Listens, serves, and returns the exit status once a signal has ended it. Takes over `settings`; the
 * command line is read again for a reload.
 */
int server_run(struct settings *settings, int argc, char **argv);
/* The first folder of models that cannot be opened, or NULL. A change is logged. For any thread. */
const char *server_check_roots(struct server *server, const struct settings *settings);
/* Whether one of its listeners does. */
bool server_speaks_tls(const struct server *server);
/* The newest settings; the caller becomes a user. For any thread. */
struct settings *server_settings(struct server *server);
