#include "service/daemon/server.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "service/daemon/reload.h"
#include "service/daemon/watchdog.h"
#include "service/daemon/worker.h"
#include "service/network/addresses.h"
#include "service/process/clock.h"
#include "service/process/confined.h"
#include "service/process/descriptors.h"
#include "service/process/log_sink.h"
#include "service/process/notify.h"
#include "service/process/process.h"
#include "service/requests/settings.h"

/* Of options that cannot be followed. */
#define EXIT_USAGE 2
/* For signals, what has ended, /proc/self and the service manager; beside the listeners. */
#define SERVER_DESCRIPTORS 4
/* A worker's: its epoll and its inbox, and the library's epoll, for TLS another. */
#define WORKER_DESCRIPTORS 5
/* For a few connections, and what serving and confining opens for a moment. */
#define DESCRIPTORS_LEAST 64
/* Seconds that stopping takes beside the drain. */
#define STOP_MARGIN 5

static size_t core_count(void)
{
	cpu_set_t cores;
	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 1;
	int count = CPU_COUNT(&cores);
	return count > 0 ? (size_t)count : 1;
}

/* Large pieces are mapped and given back at once; else the library's own idea of large grows with the first of them. */
static void give_back_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
}

/* Blocked before any thread starts, so that they all arrive at one descriptor. */
static int open_signals(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static enum listener_outcome open_listeners(struct server *server)
{
	const struct settings *settings = server->settings;
	const struct options *options = &settings->options;
	struct listener_policy policy = settings_policy(settings);
	size_t passed = listener_passed();
	if (passed > LISTEN_MAXIMUM) {
		fprintf(stderr,
			"quantconfd: %zu sockets are passed (LISTEN_FDS), at most %d are served\n",
			passed, LISTEN_MAXIMUM);
		return LISTENER_FAILED;
	}
	for (size_t i = 0; i < passed; i++) {
		struct listener *listener = &server->listeners[i];
		enum listener_outcome outcome = listener_adopt(listener, i, policy);
		if (outcome != LISTENER_OPEN)
			return outcome;
		server->listener_count++;
	}
	if (passed > 0)
		return LISTENER_OPEN;
	for (size_t i = 0; i < options->listen_count; i++) {
		enum listener_outcome outcome =
			listener_open(&server->listeners[i], options->listen[i], policy);
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
	struct log_style style = server->settings->options.log;
	bool plain = style.format == LOG_FORMAT_LOGFMT && style.priority != LOG_PRIORITY_ALWAYS;
	style.threshold = LOG_LEVEL_DEBUG; /* whoever asked for port 0 waits for it */
	for (size_t i = 0; i < server->listener_count; i++) {
		char line[256];
		const char *name = server->listeners[i].name;
		int length = snprintf(line, sizeof(line), "quantconfd: listening on %s\n", name);
		if (plain)
			log_sink_write(line, (size_t)length);
		else
			log_event(&style, LOG_LEVEL_INFO, "start", "listening on %s", name);
	}
}

static void notify_ready(const struct server *server, const char *remark)
{
	notify_send(server->manager, "READY=1\nSTATUS=Serving at %s with %zu workers%s",
		server->listeners[0].name, server->worker_count, remark);
}

/* The manager waits as long as the drain may take, whatever its unit says. */
static void notify_stopping(const struct server *server)
{
	unsigned long long most = server->settings->options.drain_timeout + STOP_MARGIN;
	notify_send(server->manager,
		"STOPPING=1\nSTATUS=Finishing what runs on %zu connections\n"
		"EXTEND_TIMEOUT_USEC=%llu",
		atomic_load(&server->connections), most * 1000000);
}

const char *server_check_roots(struct server *server, const struct settings *settings)
{
	const char *unreadable = settings->roots ? roots_unreadable(settings->roots) : NULL;
	const struct log_style *log = &settings->options.log;
	bool before = atomic_exchange(&server->unready, unreadable != NULL);
	if (unreadable && !before)
		log_event(log, LOG_LEVEL_WARNING, "ready",
			"not ready: the folder of models %s cannot be opened%s", unreadable,
			confined_forbids(unreadable) ? CONFINED_RESTART : "");
	else if (!unreadable && before)
		log_event(log, LOG_LEVEL_INFO, "ready",
			"ready: every folder of models can be opened");
	return unreadable;
}

bool server_speaks_tls(const struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i].tls)
			return true;
	return false;
}

struct settings *server_settings(struct server *server)
{
	pthread_mutex_lock(&server->settings_lock);
	struct settings *settings = settings_use(server->settings);
	pthread_mutex_unlock(&server->settings_lock);
	return settings;
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
	if (info.ssi_signo == SIGHUP && atomic_load(&server->draining))
		return;
	if (info.ssi_signo == SIGHUP) {
		notify_send(server->manager, "RELOADING=1\nMONOTONIC_USEC=%llu",
			(unsigned long long)clock_microseconds());
		bool sound = reload(server);
		notify_ready(server, sound ? "" : "; the last reload found a fault, see the log");
		return;
	}
	const struct log_style *style = &server->settings->options.log;
	if (!atomic_load(&server->draining)) {
		log_event(style, LOG_LEVEL_INFO, "stop", "%s: finishing what runs",
			strsignal((int)info.ssi_signo));
		notify_stopping(server);
		drain(server);
		return;
	}
	log_event(style, LOG_LEVEL_WARNING, "stop", "%s again: not waiting for what runs",
		strsignal((int)info.ssi_signo));
	atomic_store(&server->hurry, true);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_wake(&server->workers[i]);
}

/* Until every worker has ended, which they do after a signal. */
static void wait_for_workers(struct server *server, int signals)
{
	struct watchdog watchdog;
	watchdog_start(&watchdog);
	uint64_t ended = 0;
	while (ended < server->worker_count) {
		struct pollfd polled[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = server->finished, .events = POLLIN },
		};
		uint64_t more;
		if (poll(polled, 2, watchdog_timeout(&watchdog)) < 0)
			continue;
		if (polled[0].revents)
			on_signal(server, signals);
		if (polled[1].revents &&
			read(server->finished, &more, sizeof(more)) == sizeof(more))
			ended += more;
		watchdog_tick(&watchdog, server);
	}
}

static bool cannot_confine(const struct server *server)
{
	fprintf(stderr,
		"quantconfd: cannot be confined as required: %s; --confine=auto goes without\n",
		server->confinement.missing);
	return false;
}

static size_t workers_wanted(const struct options *options)
{
	return options->workers > 0 ? options->workers : core_count();
}

/* Before the first is taken. With fewer it could start perhaps, and be ready, and accept nothing. */
static bool have_descriptors(const struct options *options)
{
	size_t allowed, open, workers = workers_wanted(options);
	size_t more = SERVER_DESCRIPTORS + options->listen_count + workers * WORKER_DESCRIPTORS +
		      DESCRIPTORS_LEAST;
	if (descriptors_have_room(more, &allowed, &open))
		return true;
	fprintf(stderr,
		"quantconfd: only %zu descriptors are allowed (LimitNOFILE=, ulimit -n), %zu workers "
		"need at least %zu: allow more, or try fewer with --workers\n",
		allowed, workers, open + more);
	return false;
}

static bool prepare_workers(struct server *server)
{
	size_t wanted = workers_wanted(&server->settings->options);
	server->workers = calloc(wanted, sizeof(*server->workers));
	if (!server->workers)
		return false;
	server->worker_count = wanted;
	for (size_t i = 0; i < wanted; i++)
		if (!worker_prepare(&server->workers[i], server))
			return false;
	return crew_prepare(&server->crew, server);
}

/* All that is opened once is open by now. Workers wait until every thread is confined. */
static bool start_workers(struct server *server)
{
	struct confinement *confinement = &server->confinement;
	if (!confine_files(confinement, &server->settings->options))
		return cannot_confine(server);
	size_t threads = server->worker_count + server->crew.count;
	pthread_barrier_init(&server->gate, NULL, (unsigned)threads + 1);
	for (size_t i = 0; i < server->worker_count; i++)
		if (!worker_start(&server->workers[i]))
			return false;
	if (!crew_start(&server->crew))
		return false;
	if (!confine_calls(confinement, server->manager))
		return cannot_confine(server);
	pthread_barrier_wait(&server->gate);
	return true;
}

/* What the crew is at is used still: the system takes it all back. */
static _Noreturn void break_off(struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		pthread_join(server->workers[i].thread, NULL);
	log_event(&server->settings->options.log, LOG_LEVEL_WARNING, "stop",
		"stopped in the middle of what runs");
	_exit(EXIT_SUCCESS);
}

int server_run(struct settings *settings, int argc, char **argv)
{
	static struct server server; /* workers may still wait when this returns */
	server = (struct server){ .settings = settings, .argc = argc, .argv = argv };
	server.first_settings = settings_use(settings);
	const struct options *options = &settings->options;
	descriptors_take_all();
	if (!have_descriptors(options)) {
		settings_release(server.settings);
		settings_release(server.first_settings);
		return EXIT_FAILURE;
	}
	int signals = open_signals();
	server.finished = eventfd(0, EFD_CLOEXEC);
	server.addresses = addresses_new();
	server.process = process_open();
	server.manager = notify_open();
	sem_init(&server.quiet, 0, 0);
	pthread_mutex_init(&server.settings_lock, NULL);
	reload_apply(&server, settings);
	give_back_memory();
	tzset(); /* the library reads a file for it, once */
	enum listener_outcome outcome = open_listeners(&server);
	if (outcome != LISTENER_OPEN || signals < 0 || server.finished < 0 || !server.addresses ||
		!server.process || !prepare_workers(&server) || !start_workers(&server)) {
		close_listeners(&server);
		addresses_free(server.addresses);
		settings_release(server.settings);
		settings_release(server.first_settings);
		return outcome == LISTENER_MISUSED ? EXIT_USAGE : EXIT_FAILURE;
	}
	announce(&server);
	confine_tell(&server.confinement, options);
	notify_ready(&server, "");
	wait_for_workers(&server, signals);
	if (atomic_load(&server.abandoned))
		break_off(&server);
	for (size_t i = 0; i < server.worker_count; i++)
		worker_join(&server.workers[i]);
	crew_end(&server.crew);
	free(server.workers);
	addresses_free(server.addresses);
	process_close(server.process);
	close(server.finished);
	close(signals);
	log_event(&server.settings->options.log, LOG_LEVEL_INFO, "stop", "stopped");
	settings_release(server.settings);
	settings_release(server.first_settings);
	return 0;
}
