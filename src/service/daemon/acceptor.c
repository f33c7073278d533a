#include "service/daemon/acceptor.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "service/daemon/deadline.h"
#include "service/daemon/linger.h"
#include "service/network/addresses.h"
#include "service/process/clock.h"
#include "service/requests/metrics.h"
#include "service/requests/settings.h"

/* Microseconds. */
#define LISTEN_PAUSE ((uint64_t)50000)
#define ACCEPTS_AT_ONCE 64
#define WARN_PAUSE ((uint64_t)10000000)

void acceptor_listen(struct worker *worker)
{
	for (size_t i = 0; i < worker->server->listener_count; i++)
		worker_watch(worker, worker->server->listeners[i].fd, EPOLLIN | EPOLLEXCLUSIVE, i);
	worker->listening = true;
}

static void acceptor_ignore(struct worker *worker)
{
	for (size_t i = 0; i < worker->server->listener_count; i++)
		epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->server->listeners[i].fd, NULL);
	worker->listening = false;
}

/* The system is short of something: what comes waits in the backlog. */
static void listen_later(struct worker *worker)
{
	if (!worker->listening)
		return;
	acceptor_ignore(worker);
	worker->listen_again = clock_microseconds() + LISTEN_PAUSE;
}

bool acceptor_pass(struct worker *worker, struct connection *connection)
{
	return write(worker->inbox[1], &connection, sizeof(connection)) == sizeof(connection);
}

/* The worker that has the least to do; this one when none has less. */
static struct worker *least_loaded(struct worker *worker)
{
	struct server *server = worker->server;
	struct worker *best = worker;
	if (worker->drain_began)
		return worker;
	for (size_t i = 0; i < server->worker_count; i++)
		if (atomic_load(&server->workers[i].load) < atomic_load(&best->load))
			best = &server->workers[i];
	return best;
}

/* It counts in `connections` already. */
static void place(struct worker *worker, struct connection *connection)
{
	struct worker *target = least_loaded(worker);
	atomic_fetch_add(&target->load, 1);
	if (target != worker && acceptor_pass(target, connection))
		return;
	if (target != worker) {
		atomic_fetch_sub(&target->load, 1);
		atomic_fetch_add(&worker->load, 1);
	}
	worker_serve(worker, connection);
}

/* What may be open at a time, by the options and by the system. */
static size_t connection_limit(const struct worker *worker)
{
	size_t wanted = worker->settings->options.connection_limit;
	size_t possible = atomic_load(&worker->server->possible_connections);
	return wanted < possible ? wanted : possible;
}

/* Now and then, so that nobody fills the log by coming too often. */
static void warn(
	struct worker *worker, const struct connection *connection, enum refusal_reason reason)
{
	char address[NI_MAXHOST] = "";
	uint64_t now = clock_microseconds();
	if (now < worker->warn_again[reason])
		return;
	worker->warn_again[reason] = now + WARN_PAUSE;
	const struct log_style *style = &worker->settings->options.log;
	if (reason == REFUSED_TOTAL)
		log_event(style, LOG_LEVEL_WARNING, "overload",
			"%zu connections are open and busy (limit-connections): others are told 503",
			atomic_load(&worker->server->connections));
	else if (reason == REFUSED_MEMORY)
		log_event(style, LOG_LEVEL_WARNING, "overload", "no memory for a connection");
	else if (getnameinfo((const struct sockaddr *)&connection->address,
			 connection->address_length, address, sizeof(address), NULL, 0,
			 NI_NUMERICHOST) == 0)
		log_event(style, LOG_LEVEL_WARNING, "overload",
			"%s has more connections than limit-connections-per-address allows",
			address);
}

/* Counts it in. False when there is no place at all; else `surplus` tells whether there is little. */
static bool enter(struct worker *worker, struct connection *connection)
{
	size_t limit = connection_limit(worker);
	size_t before = atomic_fetch_add(&worker->server->connections, 1);
	/* When the daemon stops, all that the kernel has accepted are served. */
	if (before < limit || worker->drain_began || deadline_make_room(worker))
		return true;
	connection->surplus = true;
	warn(worker, connection, REFUSED_TOTAL);
	if (before < limit + CONNECTIONS_RESERVED)
		return true;
	atomic_fetch_sub(&worker->server->connections, 1);
	return false;
}

static void refuse(struct worker *worker, struct connection *connection, enum refusal_reason reason)
{
	static const enum problem told[REFUSALS] = {
		[REFUSED_ADDRESS] = PROBLEM_TOO_MANY_CONNECTIONS,
		[REFUSED_TOTAL] = PROBLEM_OVERLOADED,
		[REFUSED_MEMORY] = PROBLEM_NO_MEMORY,
	};
	counter_add(&worker->metrics->refused[reason], 1);
	warn(worker, connection, reason);
	connection_refuse(connection, told[reason]);
	linger_take(worker, connection->fd);
}

static void admit_connection(struct worker *worker, struct connection *arrived)
{
	struct addresses *addresses = worker->server->addresses;
	size_t limit = worker->settings->options.address_limit;
	struct connection *connection = malloc(sizeof(*connection));
	if (!connection) {
		refuse(worker, arrived, REFUSED_MEMORY);
		return;
	}
	*connection = *arrived;
	if (!addresses_enter(addresses, connection, limit)) {
		refuse(worker, connection, REFUSED_ADDRESS);
	} else if (enter(worker, connection)) {
		place(worker, connection);
		return;
	} else {
		addresses_leave(addresses, connection);
		refuse(worker, connection, REFUSED_TOTAL);
	}
	free(connection);
}

/* False when there is nothing to accept, or not now. */
static bool accept_one(struct worker *worker, const struct listener *listener)
{
	struct connection arrived = { .listener = listener };
	arrived.address_length = sizeof(arrived.address);
	arrived.fd = accept4(listener->fd, (struct sockaddr *)&arrived.address,
		&arrived.address_length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (arrived.fd >= 0) {
		address_unmap(&arrived.address, &arrived.address_length);
		admit_connection(worker, &arrived);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno != EAGAIN)
		listen_later(worker);
	return false;
}

void acceptor_accept(struct worker *worker, const struct listener *listener)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++)
		if (!accept_one(worker, listener))
			return;
}

void acceptor_receive(struct worker *worker)
{
	struct connection *arrived[64];
	ssize_t bytes = read(worker->inbox[0], arrived, sizeof(arrived));
	for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof(arrived[0]); i++)
		if (arrived[i])
			worker_serve(worker, arrived[i]);
}

void acceptor_finish(struct worker *worker)
{
	struct server *server = worker->server;
	for (size_t i = 0; i < server->listener_count; i++)
		while (accept_one(worker, &server->listeners[i]))
			;
	if (worker->listening)
		acceptor_ignore(worker);
}

void acceptor_resume(struct worker *worker)
{
	if (!worker->listening && !worker->quiet && clock_microseconds() >= worker->listen_again)
		acceptor_listen(worker);
}
