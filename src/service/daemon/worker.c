#include "service/daemon/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "service/daemon/acceptor.h"
#include "service/daemon/deadline.h"
#include "service/daemon/drain.h"
#include "service/daemon/greeting.h"
#include "service/daemon/http.h"
#include "service/daemon/linger.h"
#include "service/network/addresses.h"
#include "service/process/clock.h"
#include "service/requests/metrics.h"
#include "service/requests/settings.h"

#define SECOND ((uint64_t)1000000)
#define EVENTS_AT_ONCE 64
#define TIDY_PAUSE (2 * SECOND)
#define IDLE_REQUESTS_MAXIMUM 64

/* What an epoll event is about: a listener's index, one of these, or the address of a connection. */
enum source {
	SOURCE_HTTP = LISTEN_MAXIMUM,
	SOURCE_INBOX,
};

bool worker_watch(struct worker *worker, int fd, uint32_t events, uint64_t source)
{
	struct epoll_event event = { .events = events, .data.u64 = source };
	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
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
	if (connection->listener->tls) {
		greeting_begin(worker, connection);
		return connection;
	}
	connection_enlist(&worker->connections, connection);
	worker_watch(worker, connection->fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
		(uint64_t)(uintptr_t)connection);
	return connection;
}

/* The allocator keeps what is free between pieces that are in use, for as long as nobody asks it to give that back. */
static void tidy(struct worker *worker)
{
	if (worker->tidy_at == 0 || worker->turn_began < worker->tidy_at)
		return;
	worker->tidy_at = 0;
	malloc_trim(0);
}

static void tidy_later(struct worker *worker)
{
	if (worker->tidy_at == 0)
		worker->tidy_at = worker->turn_began + TIDY_PAUSE;
}

static void forget(struct worker *worker, struct connection *connection)
{
	tidy_later(worker);
	addresses_leave(worker->server->addresses, connection);
	settings_release(connection->settings);
	free(connection);
	atomic_fetch_sub(&worker->load, 1);
	atomic_fetch_sub(&worker->server->connections, 1);
}

/* Whether the client may still send something, or has and it was not read. */
static bool may_send(const struct connection *connection)
{
	char next;
	ssize_t length = recv(connection->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
	return length > 0 || (length < 0 && errno == EAGAIN);
}

/* The library is about to close its descriptor; what epoll knows by it would stay with the copy. */
static void let_linger(struct worker *worker, const struct connection *connection)
{
	int copy = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return;
	epoll_ctl(worker->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
	linger_take(worker, copy);
}

void worker_left(struct worker *worker, struct connection *connection)
{
	if (may_send(connection))
		let_linger(worker, connection);
	connection_delist(connection);
	if (connection->listener->tls && !connection->established)
		counter_add(&worker->metrics->not_established, 1);
	forget(worker, connection);
}

void worker_serve(struct worker *worker, struct connection *connection)
{
	connection->since = clock_microseconds();
	counter_add(&worker->metrics->accepted, 1);
	worker->joining = connection;
	http_add(connection->listener->tls ? worker->https : worker->http, connection);
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

struct request *worker_take_request(struct worker *worker, struct connection *connection)
{
	struct request *request = worker->idle_requests;
	follow_settings(worker);
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
	request->arena.pool = &worker->server->memory;
	request->metrics = worker->metrics;
	counter_add(&worker->metrics->begun, 1);
	request->random = next_random(worker);
	request->job.worker = worker;
	request->connection = connection;
	connection->request = request;
	return request;
}

void worker_give_request(struct worker *worker, struct request *request, const char *ended)
{
	const struct options *options = &request->settings->options;
	if (request_log_level(request) <= options->log.threshold) {
		struct log_line line;
		request_log(request, &line, ended);
		log_batch_add(&worker->log, &line, &options->log);
	}
	uint64_t now = clock_microseconds();
	metrics_count_request(worker->metrics, request, now - request->began);
	request->connection->request = NULL;
	request->connection->request_id = NULL;
	request->connection->since = now;
	request->connection->head_began = 0;
	tidy_later(worker);
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

static int wait_milliseconds(const struct worker *worker)
{
	int due = http_timeout(worker->http), due_tls = http_timeout(worker->https);
	int limit = -1;
	if (worker->lined_up)
		return 0;
	if (due < 0 || (due_tls >= 0 && due_tls < due))
		due = due_tls;
	if (worker->drain_began || !worker->listening)
		limit = 50;
	else if (worker->connections || worker->asleep || worker->lingering || worker->tidy_at)
		limit = 500;
	return due < 0 || (limit >= 0 && limit < due) ? limit : due;
}

/* A client that has only ended its side waits for the reply; whoever speaks TLS ends both sides at once. */
static bool has_gone(const struct connection *connection, uint32_t events)
{
	return (events & (EPOLLHUP | EPOLLERR)) || ((events & EPOLLRDHUP) && connection->session);
}

static void take_event_of(struct worker *worker, struct connection *connection, uint32_t events)
{
	if (connection->session && !connection->established) {
		greeting_stir(worker, connection);
		return;
	}
	if (events & EPOLLIN)
		connection_stir(connection);
	bool away = connection->request && connection->request->away;
	if (away && has_gone(connection, events)) {
		crew_forsake(connection);
	} else if ((events & EPOLLRDHUP) && !connection->session && !connection->hung_up) {
		connection_delist(connection);
		connection_enlist(&worker->hanging_up, connection);
	}
}

static void take_event(struct worker *worker, uint64_t source, uint32_t events)
{
	if (source < LISTEN_MAXIMUM) {
		acceptor_accept(worker, &worker->server->listeners[source]);
	} else if (source == SOURCE_INBOX) {
		acceptor_receive(worker);
	} else if (linger_is_source(source)) {
		linger_event(worker, source);
	} else if (source >= SOURCE_ADDRESSES) {
		take_event_of(worker, (struct connection *)(uintptr_t)source, events);
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
		connection_delist(connection);
		connection_enlist(&worker->connections, connection);
		connection->hung_up = true;
		connection_hush(connection);
		if (connection->request && connection->request->away)
			crew_doubt(connection);
	}
}

static void turn(struct worker *worker)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(worker->epoll, events, EVENTS_AT_ONCE, wait_milliseconds(worker));
	atomic_store(&worker->answered, atomic_load(&worker->server->ping));
	worker->turn_began = clock_microseconds();
	follow_settings(worker);
	for (int i = 0; i < count; i++)
		take_event(worker, events[i].data.u64, events[i].events);
	if (!worker->drain_began && atomic_load(&worker->server->draining))
		drain_begin(worker);
	crew_settle(worker);
	http_run(worker->http);
	greeting_call(worker);
	http_run(worker->https);
	crew_part(worker);
	greeting_settle(worker);
	end_inputs(worker);
	deadline_sweep(worker);
	tidy(worker);
	acceptor_resume(worker);
	if (worker->log.length > 0)
		log_batch_write(&worker->log, &worker->settings->options.log);
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	pthread_barrier_wait(&worker->server->gate);
	while (!drain_is_over(worker))
		turn(worker);
	acceptor_receive(worker);
	drain_end(worker);
	log_batch_write(&worker->log, &worker->settings->options.log);
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

static bool start_http(struct worker *worker)
{
	worker->http = http_start(worker, NULL);
	if (!worker->http ||
		!worker_watch(worker, http_descriptor(worker->http), EPOLLIN, SOURCE_HTTP))
		return false;
	if (!server_speaks_tls(worker->server))
		return true;
	worker->https = http_start(worker, worker->settings->tls);
	return worker->https &&
	       worker_watch(worker, http_descriptor(worker->https), EPOLLIN, SOURCE_HTTP);
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
	if (!start_http(worker))
		return fail("libmicrohttpd");
	acceptor_listen(worker);
	return worker_watch(worker, worker->inbox[0], EPOLLIN, SOURCE_INBOX) || fail("epoll");
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
