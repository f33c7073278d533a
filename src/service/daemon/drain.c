#include "service/daemon/drain.h"

#include "service/daemon/acceptor.h"
#include "service/daemon/greeting.h"
#include "service/daemon/http.h"
#include "service/daemon/linger.h"
#include "service/process/clock.h"
#include "service/requests/settings.h"

#define SECOND ((uint64_t)1000000)
/* One to begin a reply, others for what the library leaves for its next run. */
#define LAST_RUNS 3

void drain_begin(struct worker *worker)
{
	struct server *server = worker->server;
	worker->drain_began = clock_microseconds();
	acceptor_finish(worker);
	worker->listen_again = UINT64_MAX;
	worker->quiet = true;
	atomic_fetch_add(&server->quiet_workers, 1);
	sem_post(&server->quiet);
}

bool drain_is_over(const struct worker *worker)
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

/* What was refused, or became ready at last, is sent. */
static void say_last_words(struct worker *worker)
{
	for (int i = 0; i < LAST_RUNS; i++) {
		http_run(worker->http);
		http_run(worker->https);
	}
}

/* The library would free what the crew is still at: then the end of the process has to do. */
void drain_end(struct worker *worker)
{
	worker->ending = true;
	bool alone = crew_leave(worker);
	say_last_words(worker);
	size_t left = atomic_load(&worker->load);
	if (left > 0)
		log_event(&worker->settings->options.log, LOG_LEVEL_WARNING, "stop",
			"%zu connections cut off", left);
	if (!alone) {
		atomic_store(&worker->server->abandoned, true);
		return;
	}
	greeting_wake_all(worker);
	http_stop(worker->http);
	http_stop(worker->https);
	linger_close_all(worker);
}
