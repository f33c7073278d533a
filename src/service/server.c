#include "service/server.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "service/worker.h"

/* Descriptors beside those of connections. */
#define OTHER_DESCRIPTORS 256
/* Of options that cannot be followed. */
#define EXIT_USAGE 2

static size_t core_count(void)
{
	cpu_set_t cores;
	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 1;
	int count = CPU_COUNT(&cores);
	return count > 0 ? (size_t)count : 1;
}

static void raise_descriptor_limit(const struct options *options)
{
	struct rlimit limit;
	rlim_t wanted = options->connection_limit + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted)
		log_event(options->log_level, LOG_LEVEL_WARNING, "start",
			"only %llu descriptors are allowed, fewer than %zu connections need",
			(unsigned long long)limit.rlim_cur, options->connection_limit);
}

/* Blocked before any thread starts, so that they all arrive at one descriptor. */
static int open_signals(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static enum listener_outcome open_listeners(struct server *server)
{
	const struct options *options = server->options;
	for (size_t i = 0; i < options->listen_count; i++) {
		enum listener_outcome outcome =
			listener_open(&server->listeners[i], options->listen[i], options->insecure);
		if (outcome != LISTENER_OPEN)
			return outcome;
		server->listener_count++;
	}
	return LISTENER_OPEN;
}

static void close_listeners(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		listener_close(&server->listeners[i]);
}

static void announce(const struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		fprintf(stderr, "quantconfd: listening on %s\n", server->listeners[i].name);
}

/* Returns once all workers accept nothing more and the listeners are closed. */
static void drain(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		listener_quiesce(&server->listeners[i]);
	atomic_store(&server->draining, true);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_wake(&server->workers[i]);
	for (size_t i = 0; i < server->worker_count; i++)
		while (sem_wait(&server->quiet) != 0 && errno == EINTR)
			;
	close_listeners(server);
}

static void on_signal(struct server *server, int signals)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	enum log_level threshold = server->options->log_level;
	if (!atomic_load(&server->draining)) {
		log_event(threshold, LOG_LEVEL_INFO, "stop", "%s: finishing what runs",
			strsignal((int)info.ssi_signo));
		drain(server);
		return;
	}
	log_event(threshold, LOG_LEVEL_WARNING, "stop", "%s again: not waiting for what runs",
		strsignal((int)info.ssi_signo));
	atomic_store(&server->hurry, true);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_wake(&server->workers[i]);
}

/* Until every worker has ended, which they do after a signal. */
static void wait_for_workers(struct server *server, int signals)
{
	uint64_t ended = 0;
	while (ended < server->worker_count) {
		struct pollfd polled[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = server->finished, .events = POLLIN },
		};
		uint64_t more;
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[0].revents)
			on_signal(server, signals);
		if (polled[1].revents &&
			read(server->finished, &more, sizeof(more)) == sizeof(more))
			ended += more;
	}
}

static bool start_workers(struct server *server)
{
	size_t wanted = server->options->workers > 0 ? server->options->workers : core_count();
	server->workers = calloc(wanted, sizeof(*server->workers));
	if (!server->workers)
		return false;
	server->worker_count = wanted;
	for (size_t i = 0; i < wanted; i++)
		if (!worker_prepare(&server->workers[i], server))
			return false;
	for (size_t i = 0; i < wanted; i++)
		if (!worker_start(&server->workers[i]))
			return false;
	return true;
}

/* True when there are none, too. */
static bool open_roots(struct server *server)
{
	const struct options *options = server->options;
	if (options->root_count == 0)
		return true;
	struct roots_limits limits = roots_limits_default;
	limits.file_bytes = server->limits.checkpoint_bytes;
	limits.document = server->limits.checkpoint;
	server->roots = roots_new(options->roots, options->root_count, &limits);
	const char *unreadable = server->roots ? roots_unreadable(server->roots) : NULL;
	if (unreadable)
		log_event(options->log_level, LOG_LEVEL_WARNING, "start",
			"the folder of models %s cannot be opened: not ready until it can",
			unreadable);
	return server->roots != NULL;
}

int server_run(const struct options *options)
{
	struct server server = { .options = options, .limits = options_limits(options) };
	int signals = open_signals();
	server.finished = eventfd(0, EFD_CLOEXEC);
	sem_init(&server.quiet, 0, 0);
	raise_descriptor_limit(options);
	enum listener_outcome outcome = open_listeners(&server);
	if (outcome != LISTENER_OPEN || signals < 0 || server.finished < 0 ||
		!open_roots(&server) || !start_workers(&server)) {
		close_listeners(&server);
		return outcome == LISTENER_MISUSED ? EXIT_USAGE : EXIT_FAILURE;
	}
	announce(&server);
	wait_for_workers(&server, signals);
	for (size_t i = 0; i < server.worker_count; i++)
		worker_join(&server.workers[i]);
	free(server.workers);
	roots_free(server.roots);
	close(server.finished);
	close(signals);
	log_event(options->log_level, LOG_LEVEL_INFO, "stop", "stopped");
	return 0;
}
