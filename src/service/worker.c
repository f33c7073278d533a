#include "service/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "service/acceptor.h"
#include "service/addresses.h"
#include "service/clock.h"
#include "service/http.h"
#include "service/metrics.h"
#include "service/settings.h"

#define SECOND ((uint64_t)1000000)
#define SWEEP_EVERY SECOND
#define DRAIN_SWEEP_EVERY (SECOND / 20)
/* How long a client may still use an open connection once the daemon is told to stop. */
#define DRAIN_GRACE (SECOND / 2)
#define EVENTS_AT_ONCE 64
#define IDLE_REQUESTS_MAXIMUM 64

/* What an epoll event is about: a listener's index, one of these, or the address of a connection. */
enum source {
	SOURCE_HTTP = LISTEN_MAXIMUM,
	SOURCE_INBOX,
	SOURCE_COUNT,
};

bool worker_watch(struct worker *worker, int fd, uint32_t events, uint64_t source)
{
	struct epoll_event event = { .events = events, .data.u64 = source };
	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void enlist(struct connection **list, struct connection *connection)
{
	connection->next = *list;
	if (connection->next)
		connection->next->link = &connection->next;
	connection->link = list;
	*list = connection;
}

static void delist(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
}

void worker_wake(struct worker *worker)
{
	acceptor_pass(worker, NULL);
}

struct connection *worker_joined(struct worker *worker)
{
	struct connection *connection = worker->joining;
	worker->joining = NULL;
	if (!connection)
		return NULL;
	enlist(&worker->connections, connection);
	worker_watch(worker, connection->fd, EPOLLRDHUP | EPOLLET, (uint64_t)(uintptr_t)connection);
	return connection;
}

static void forget(struct worker *worker, struct connection *connection)
{
	addresses_leave(worker->server->addresses, connection);
	free(connection);
	atomic_fetch_sub(&worker->load, 1);
	atomic_fetch_sub(&worker->server->connections, 1);
}

void worker_left(struct worker *worker, struct connection *connection)
{
	delist(connection);
	forget(worker, connection);
}

void worker_serve(struct worker *worker, struct connection *connection)
{
	connection->since = clock_microseconds();
	counter_add(&worker->metrics->accepted, 1);
	worker->joining = connection;
	http_add(worker->http, connection);
	if (worker->joining) {
		worker->joining = NULL;
		forget(worker, connection);
	}
}

/* splitmix64 */
static uint64_t next_random(struct worker *worker)
{
	uint64_t z = worker->random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct request *worker_take_request(struct worker *worker, struct connection *connection)
{
	struct request *request = worker->idle_requests;
	if (request) {
		worker->idle_requests = request->next;
		worker->idle_request_count--;
	} else {
		request = request_new(0);
	}
	if (!request)
		return NULL;
	request->next = NULL;
	request->server = worker->server;
	request->settings = settings_use(worker->settings);
	request->arena.limit = worker->settings->options.memory_limit;
	request->metrics = worker->metrics;
	counter_add(&worker->metrics->begun, 1);
	request->random = next_random(worker);
	request->connection = connection;
	connection->request = request;
	return request;
}

void worker_give_request(struct worker *worker, struct request *request, const char *ended)
{
	const struct options *options = &request->settings->options;
	if (options->log.threshold >= LOG_LEVEL_INFO || request->reply.status >= 500) {
		struct log_line line;
		request_log(request, &line, ended);
		log_batch_add(&worker->log, &line);
	}
	uint64_t now = clock_microseconds();
	metrics_count_request(worker->metrics, request, now - request->began);
	request->connection->request = NULL;
	request->connection->since = now;
	settings_release(request->settings);
	if (worker->idle_request_count == IDLE_REQUESTS_MAXIMUM) {
		request_free(request);
		return;
	}
	request_reset(request);
	request->next = worker->idle_requests;
	worker->idle_requests = request;
	worker->idle_request_count++;
}

/* Takes what the kernel has accepted already; afterwards this worker only finishes. */
static void begin_drain(struct worker *worker)
{
	struct server *server = worker->server;
	worker->drain_began = clock_microseconds();
	acceptor_finish(worker);
	worker->listen_again = UINT64_MAX;
	worker->quiet = true;
	atomic_fetch_add(&server->quiet_workers, 1);
	sem_post(&server->quiet);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The library's own timeout sees only whether anything moves, so a slow drip would never end. */
static void check_deadline(struct worker *worker, struct connection *connection, uint64_t now)
{
	const struct options *options = &worker->settings->options;
	uint64_t whole = options->request_timeout * SECOND;
	struct request *request = connection->request;
	if (request && now - request->began > whole) {
		if (!request->answered)
			request->reply.status = problems[PROBLEM_REQUEST_TIMEOUT].status;
		connection_cut(
			connection, request->answered ? PROBLEM_NONE : PROBLEM_REQUEST_TIMEOUT);
	} else if (!request && now - connection->since > whole + options->idle_timeout * SECOND) {
		/* An idle connection would be closed by now: a head drips. */
		connection_cut(connection, PROBLEM_REQUEST_TIMEOUT);
	} else if (!request && worker->drain_began &&
		   now > later(connection->since, worker->drain_began) + DRAIN_GRACE) {
		connection_hush(connection);
	} else if (connection->hung_up) {
		connection_hush(connection);
	}
}

static void sweep(struct worker *worker)
{
	uint64_t now = clock_microseconds();
	if (now < worker->next_sweep)
		return;
	for (struct connection *c = worker->connections; c; c = c->next)
		check_deadline(worker, c, now);
	worker->next_sweep = now + (worker->drain_began ? DRAIN_SWEEP_EVERY : SWEEP_EVERY);
}

static bool is_finished(const struct worker *worker)
{
	const struct server *server = worker->server;
	if (!worker->quiet)
		return false;
	if (atomic_load(&server->hurry))
		return true;
	uint64_t limit = worker->settings->options.drain_timeout * SECOND;
	if (clock_microseconds() - worker->drain_began > limit)
		return true;
	return atomic_load(&server->quiet_workers) == server->worker_count &&
	       atomic_load(&worker->load) == 0;
}

static int wait_milliseconds(const struct worker *worker)
{
	int due = http_timeout(worker->http);
	int limit = -1;
	if (worker->drain_began || !worker->listening)
		limit = 50;
	else if (worker->connections)
		limit = 1000;
	return due < 0 || (limit >= 0 && limit < due) ? limit : due;
}

static void take_event(struct worker *worker, uint64_t source)
{
	if (source < LISTEN_MAXIMUM) {
		acceptor_accept(worker, &worker->server->listeners[source]);
	} else if (source == SOURCE_INBOX) {
		acceptor_receive(worker);
	} else if (source >= SOURCE_COUNT) {
		struct connection *connection = (struct connection *)(uintptr_t)source;
		delist(connection);
		enlist(&worker->hanging_up, connection);
	}
}

/*
 * When data and the end of input come together, the library reads the data and waits for an event
 * that it had already. So once it has run, it gets another one.
 */
static void end_inputs(struct worker *worker)
{
	struct connection *connection;
	while ((connection = worker->hanging_up)) {
		delist(connection);
		enlist(&worker->connections, connection);
		connection->hung_up = true;
		connection_hush(connection);
	}
}

/* What begins from here on is served by the newest settings. */
static void follow_settings(struct worker *worker)
{
	struct server *server = worker->server;
	unsigned version = atomic_load(&server->settings_version);
	if (version == worker->settings_version)
		return;
	worker->settings_version = version;
	settings_release(worker->settings);
	worker->settings = server_settings(server);
}

static void turn(struct worker *worker)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(worker->epoll, events, EVENTS_AT_ONCE, wait_milliseconds(worker));
	atomic_store(&worker->answered, atomic_load(&worker->server->ping));
	follow_settings(worker);
	for (int i = 0; i < count; i++)
		take_event(worker, events[i].data.u64);
	if (!worker->drain_began && atomic_load(&worker->server->draining))
		begin_drain(worker);
	http_run(worker->http);
	end_inputs(worker);
	sweep(worker);
	acceptor_resume(worker);
	if (worker->log.length > 0)
		log_batch_write(&worker->log);
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	pthread_barrier_wait(&worker->server->gate);
	while (!is_finished(worker))
		turn(worker);
	acceptor_receive(worker);
	size_t left = atomic_load(&worker->load);
	if (left > 0)
		log_event(&worker->settings->options.log, LOG_LEVEL_WARNING, "stop",
			"%zu connections cut off", left);
	http_stop(worker->http);
	worker->http = NULL;
	log_batch_write(&worker->log);
	const uint64_t one = 1;
	if (write(worker->server->finished, &one, sizeof(one)) != sizeof(one))
		return NULL;
	return NULL;
}

static bool fail(const char *what)
{
	fprintf(stderr, "quantconfd: cannot start a worker: %s: %s; try fewer with --workers\n",
		what, strerror(errno));
	return false;
}

bool worker_prepare(struct worker *worker, struct server *server)
{
	worker->server = server;
	worker->settings = server_settings(server);
	worker->metrics = metrics_new();
	if (!worker->metrics)
		return fail("memory");
	worker->inbox[0] = worker->inbox[1] = -1;
	if (getrandom(&worker->random, sizeof(worker->random), 0) != sizeof(worker->random))
		return fail("getrandom");
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll < 0 || pipe2(worker->inbox, O_CLOEXEC | O_NONBLOCK) != 0)
		return fail("epoll or pipe");
	worker->http = http_start(worker);
	if (!worker->http)
		return fail("libmicrohttpd");
	acceptor_listen(worker);
	return (worker_watch(worker, worker->inbox[0], EPOLLIN, SOURCE_INBOX) &&
		       worker_watch(worker, http_descriptor(worker->http), EPOLLIN, SOURCE_HTTP)) ||
	       fail("epoll");
}

bool worker_start(struct worker *worker)
{
	int error = pthread_create(&worker->thread, NULL, run, worker);
	errno = error;
	return error == 0 || fail("thread");
}

void worker_join(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
	for (struct request *request = worker->idle_requests, *next; request; request = next) {
		next = request->next;
		request_free(request);
	}
	metrics_free(worker->metrics);
	settings_release(worker->settings);
	close(worker->inbox[0]);
	close(worker->inbox[1]);
	close(worker->epoll);
}
