#include "service/daemon/watchdog.h"

#include "service/daemon/worker.h"
#include "service/process/clock.h"
#include "service/process/notify.h"

void watchdog_start(struct watchdog *watchdog)
{
	/* A ping, its answer and some delay fit between two words to the manager. */
	watchdog->every = notify_watchdog() / 4;
	watchdog->next = clock_microseconds();
}

int watchdog_timeout(const struct watchdog *watchdog)
{
	uint64_t now = clock_microseconds();
	if (watchdog->every == 0)
		return -1;
	uint64_t left = watchdog->next > now ? (watchdog->next - now) / 1000 + 1 : 0;
	return left > 60000 ? 60000 : (int)left;
}

static bool all_answered(const struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		if (atomic_load(&server->workers[i].answered) != atomic_load(&server->ping))
			return false;
	for (size_t i = 0; i < server->crew.count; i++)
		if (atomic_load(&server->crew.members[i].answered) != atomic_load(&server->ping))
			return false;
	return true;
}

void watchdog_tick(struct watchdog *watchdog, struct server *server)
{
	uint64_t now = clock_microseconds();
	if (watchdog->every == 0 || now < watchdog->next)
		return;
	watchdog->next = now + watchdog->every;
	if (!all_answered(server))
		return;
	notify_send(server->manager, "WATCHDOG=1");
	atomic_fetch_add(&server->ping, 1);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_wake(&server->workers[i]);
	crew_wake(&server->crew);
}
