#include "service/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "service/addresses.h"
#include "service/clock.h"
#include "service/metrics.h"
#include "service/settings.h"

/* Microseconds. */
#define LISTEN_PAUSE ((uint64_t)50000)
#define ACCEPTS_AT_ONCE 64

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

/* At a limit: what comes waits in the backlog. */
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

static void place(struct worker *worker, struct connection *connection)
{
	struct worker *target = least_loaded(worker);
	atomic_fetch_add(&worker->server->connections, 1);
	atomic_fetch_add(&target->load, 1);
	if (target != worker && acceptor_pass(target, connection))
		return;
	if (target != worker) {
		atomic_fetch_sub(&target->load, 1);
		atomic_fetch_add(&worker->load, 1);
	}
	worker_serve(worker, connection);
}

static void admit_connection(struct worker *worker, struct connection *connection)
{
	size_t limit = worker->settings->options.address_limit;
	if (addresses_enter(worker->server->addresses, connection, limit)) {
		place(worker, connection);
		return;
	}
	counter_add(&worker->metrics->refused, 1);
	connection_refuse(connection, PROBLEM_TOO_MANY_CONNECTIONS);
	free(connection);
}

/* False when there is nothing to accept, or not now. */
static bool accept_one(struct worker *worker, const struct listener *listener)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	if (!connection)
		return listen_later(worker), false;
	connection->listener = listener;
	connection->address_length = sizeof(connection->address);
	connection->fd = accept4(listener->fd, (struct sockaddr *)&connection->address,
		&connection->address_length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (connection->fd >= 0) {
		admit_connection(worker, connection);
		return true;
	}
	int error = errno;
	free(connection);
	if (error == EINTR || error == ECONNABORTED)
		return true;
	if (error != EAGAIN)
		listen_later(worker);
	return false;
}

void acceptor_accept(struct worker *worker, const struct listener *listener)
{
	struct server *server = worker->server;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		if (atomic_load(&server->connections) >=
			worker->settings->options.connection_limit) {
			listen_later(worker);
			return;
		}
		if (!accept_one(worker, listener))
			return;
	}
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
