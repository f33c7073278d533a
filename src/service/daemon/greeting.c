#include "service/daemon/greeting.h"

#include <sys/epoll.h>

#include "service/daemon/http.h"
#include "service/network/tls.h"
#include "service/requests/metrics.h"
#include "service/requests/settings.h"

/* In a turn; with the slowest keys each takes about ten milliseconds. */
#define GREETINGS_AT_ONCE 4

void greeting_begin(struct worker *worker, struct connection *connection)
{
	connection_enlist(&worker->newcomers, connection);
	worker_watch(worker, connection->fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
		(uint64_t)(uintptr_t)connection);
}

void greeting_meet(struct worker *worker, struct connection *connection, void *session)
{
	connection->session = session;
	connection->settings = settings_use(worker->settings);
	tls_greet(connection, connection->settings->tls);
}

static bool have_one_address(const struct connection *a, const struct connection *b)
{
	return a->counted == b->counted && a->slot == b->slot;
}

/* Behind those of its own address that stand there, and before what others have more. */
static void line_up(struct worker *worker, struct connection *connection)
{
	struct connection **place = &worker->lined_up;
	connection->round = worker->greeting_round + 1;
	for (struct connection *c = worker->lined_up; c; c = c->next)
		if (have_one_address(c, connection))
			connection->round = c->round + 1;
	while (*place && (*place)->round <= connection->round)
		place = &(*place)->next;
	connection_enlist(place, connection);
}

void greeting_stir(struct worker *worker, struct connection *connection)
{
	if (!connection->asleep || connection->round > 0)
		return;
	connection_delist(connection);
	line_up(worker, connection);
}

void greeting_wake(struct worker *worker, struct connection *connection)
{
	if (!connection->asleep)
		return;
	connection->asleep = false;
	connection->round = 0;
	connection_delist(connection);
	connection_enlist(&worker->greeting, connection);
	http_resume(connection);
}

/* From now on it is told apart what is idle, and whose client has ended; the library sees that for itself. */
static void watch_heads(struct worker *worker, struct connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)(uintptr_t)connection };
	epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void fall_asleep(struct worker *worker, struct connection *connection)
{
	connection_delist(connection);
	connection->asleep = true;
	http_suspend(connection);
	connection_enlist(&worker->asleep, connection);
}

void greeting_call(struct worker *worker)
{
	/* What they have sent already is told of in the next turn. */
	while (worker->newcomers)
		fall_asleep(worker, worker->newcomers);
	for (int i = 0; i < GREETINGS_AT_ONCE && worker->lined_up; i++) {
		worker->greeting_round = worker->lined_up->round;
		greeting_wake(worker, worker->lined_up);
	}
}

static void settle(struct worker *worker, struct connection *connection)
{
	if (!connection->established) {
		fall_asleep(worker, connection);
		return;
	}
	counter_add(&worker->metrics->established, 1);
	watch_heads(worker, connection);
	connection_delist(connection);
	connection_enlist(&worker->connections, connection);
}

void greeting_settle(struct worker *worker)
{
	while (worker->greeting)
		settle(worker, worker->greeting);
}

void greeting_wake_all(struct worker *worker)
{
	while (worker->asleep)
		greeting_wake(worker, worker->asleep);
	while (worker->lined_up)
		greeting_wake(worker, worker->lined_up);
}
