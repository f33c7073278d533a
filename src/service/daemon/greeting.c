#include "service/daemon/greeting.h"

#include <sys/epoll.h>

#include "service/daemon/http.h"
#include "service/network/tls.h"
#include "service/requests/metrics.h"
#include "service/requests/settings.h"

void greeting_begin(struct worker *worker, struct connection *connection)
{
	connection_enlist(&worker->greeting, connection);
	worker_watch(worker, connection->fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
		(uint64_t)(uintptr_t)connection);
}

void greeting_meet(struct worker *worker, struct connection *connection, void *session)
{
	connection->session = session;
	connection->settings = settings_use(worker->settings);
	tls_greet(connection, connection->settings->tls);
}

void greeting_wake(struct worker *worker, struct connection *connection)
{
	if (!connection->asleep)
		return;
	connection->asleep = false;
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

static void settle(struct worker *worker, struct connection *connection)
{
	connection_delist(connection);
	if (connection->established) {
		counter_add(&worker->metrics->established, 1);
		watch_heads(worker, connection);
		connection_enlist(&worker->connections, connection);
		return;
	}
	connection->asleep = true;
	http_suspend(connection);
	connection_enlist(&worker->asleep, connection);
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
}
