#include "service/daemon/crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "service/daemon/http.h"
#include "service/daemon/worker.h"
#include "service/process/clock.h"
#include "service/process/pulse.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

/* Bytes. Real configs are smaller; what is larger may take milliseconds. */
#define LARGE ((size_t)32 * 1024)
/* Microseconds that a worker may be at it before it leaves the rest of its turn to the crew. */
#define TURN_LONGEST ((uint64_t)50000)
/* Microseconds that a worker that ends waits for what the crew is at. */
#define LEAVE_PATIENCE ((uint64_t)500000)
/* Microseconds that storage is taken to be slow, after a small request took longer than a turn may. */
#define SLOW_TIME ((uint64_t)10000000)
/* The address of clients that have none. */
#define NO_ADDRESS (UINT32_MAX / 2)

/* A model that somebody reads is waited for. */
static bool may_begin(const void *context, const struct job *job)
{
	const struct crew *crew = context;
	for (size_t i = 0; job->model != 0 && i < crew->count; i++)
		if (crew->members[i].job && crew->members[i].job->model == job->model)
			return false;
	return true;
}

static bool looks_up(const struct request *request)
{
	return request->settings->roots && request->route && request->route->looks_up;
}

static bool is_heavy(const struct request *request, uint64_t now)
{
	const struct worker *worker = request->job.worker;
	bool looks = looks_up(request);
	if (request->refusal.problem != PROBLEM_NONE || (request->form == FORM_NONE && !looks))
		return false;
	return request_work_size(request) > LARGE || now - worker->turn_began > TURN_LONGEST ||
	       (looks && now < atomic_load(&worker->server->crew.slow_until));
}

/* What is small takes as long only when its look-ups do; that it was pre-empted is rare, and does no harm. */
static bool work_small(struct crew *crew, struct request *request, uint64_t began)
{
	bool looks = looks_up(request), done = request_work(request);
	uint64_t now = looks ? clock_microseconds() : began;
	if (now - began > TURN_LONGEST)
		atomic_store(&crew->slow_until, now + SLOW_TIME);
	return done;
}

static void work_at(struct crew_member *member, struct request *request)
{
	struct metrics *metrics = request->metrics;
	request->metrics = member->metrics;
	request->may_read = true;
	if (request->job.model == 0 && request_work_size(request) <= LARGE)
		work_small(member->crew, request, clock_microseconds());
	else
		request_work(request);
	request->may_read = false;
	request->metrics = metrics;
}

/* With the lock. The worker sees it when it turns next, which it does when it is woken. */
static void give_back(struct crew *crew, struct job *job, enum given_up given_up)
{
	struct job **last = &job->worker->done;
	while (*last)
		last = &(*last)->next;
	job->given_up = given_up;
	job->next = NULL;
	*last = job;
	worker_wake(job->worker);
	pthread_cond_broadcast(&crew->less);
}

static void *run(void *argument)
{
	struct crew_member *member = argument;
	struct crew *crew = member->crew;
	pulse_begin(&crew->server->ping, &member->answered);
	pthread_barrier_wait(&crew->server->gate);
	pthread_mutex_lock(&crew->lock);
	while (!crew->over) {
		pulse_beat();
		struct job *job = backlog_take(&crew->backlog, may_begin, crew);
		if (!job) {
			pthread_cond_wait(&crew->more, &crew->lock);
			continue;
		}
		member->job = job;
		pthread_mutex_unlock(&crew->lock);
		work_at(member, job->request);
		pthread_mutex_lock(&crew->lock);
		member->job = NULL;
		if (job->model != 0)
			pthread_cond_broadcast(&crew->more);
		give_back(crew, job, GIVEN_UP_NOT);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static bool fail(const char *what)
{
	fprintf(stderr,
		"quantconfd: cannot start a computing thread: %s: %s; try fewer with --workers\n",
		what, strerror(errno));
	return false;
}

bool crew_prepare(struct crew *crew, struct server *server)
{
	crew->server = server;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->more, NULL);
	pthread_cond_init(&crew->less, NULL);
	crew->members = calloc(server->worker_count, sizeof(*crew->members));
	if (!crew->members)
		return fail("memory");
	for (; crew->count < server->worker_count; crew->count++) {
		struct crew_member *member = &crew->members[crew->count];
		member->crew = crew;
		member->metrics = metrics_new();
		if (!member->metrics)
			return fail("memory");
	}
	return true;
}

/* Threads have the name of the one that starts them: administrators see in `top -H` who is at it. */
bool crew_start(struct crew *crew)
{
	char name[16];
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "compute");
	for (size_t i = 0; i < crew->count; i++) {
		struct crew_member *member = &crew->members[i];
		errno = pthread_create(&member->thread, NULL, run, member);
		if (errno != 0)
			return fail("thread");
	}
	prctl(PR_SET_NAME, name);
	return true;
}

void crew_wake(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->lock);
}

void crew_end(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->over = true;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->lock);
	for (size_t i = 0; i < crew->count; i++) {
		pthread_join(crew->members[i].thread, NULL);
		metrics_free(crew->members[i].metrics);
	}
	free(crew->members);
}

/* What is small stands in a line of its own: it does not wait for what is large of the same client. */
static unsigned line_of(const struct request *request)
{
	const struct connection *connection = request->connection;
	unsigned address = connection->counted ? connection->slot : NO_ADDRESS;
	bool large = request->cold != 0 || request_work_size(request) > LARGE;
	return 2 * address + large;
}

/* Where the reply has begun the library does not read. */
static void hand_over(struct request *request)
{
	struct worker *worker = request->job.worker;
	struct crew *crew = &worker->server->crew;
	request_wait(request);
	request->away = true;
	worker->away++;
	request->job.begun = request->answered;
	if (request->answered) {
		http_suspend(request->connection);
	} else {
		request->next = worker->leaving;
		worker->leaving = request;
	}
	request->job.request = request;
	request->job.line = line_of(request);
	request->job.model = request->cold;
	pthread_mutex_lock(&crew->lock);
	struct job *surplus =
		backlog_add(&crew->backlog, &request->job, worker->settings->options.waiting_limit);
	if (surplus)
		give_back(crew, surplus, GIVEN_UP_FULL);
	pthread_cond_signal(&crew->more);
	pthread_mutex_unlock(&crew->lock);
}

void crew_part(struct worker *worker)
{
	for (struct request *request = worker->leaving, *next; request; request = next) {
		next = request->next;
		request->next = NULL;
		http_suspend(request->connection);
	}
	worker->leaving = NULL;
}

/* Where a part of the reply is out already, its next part tells of the refusal. */
static void refuse(struct request *request, enum given_up given_up)
{
	static const char *const reasons[] = {
		[GIVEN_UP_FULL] = "too many large requests wait already (limit-waiting); ask "
				  "again in a moment",
		[GIVEN_UP_LATE] = "it has waited for too long behind other large requests "
				  "(request-timeout); ask again in a moment",
		[GIVEN_UP_END] = "the daemon stops, and its turn has not come (drain-timeout); "
				 "ask again in a moment",
	};
	if (given_up != GIVEN_UP_NOT)
		request_refuse(request, PROBLEM_OVERLOADED, text_of(reasons[given_up]));
}

/* A worker that ends has only its last words to say. */
bool crew_work(struct request *request)
{
	if (request->job.worker->ending) {
		refuse(request, GIVEN_UP_END);
		return request_work(request);
	}
	uint64_t now = clock_microseconds();
	if (!is_heavy(request, now) && work_small(&request->job.worker->server->crew, request, now))
		return true;
	hand_over(request);
	return false;
}

static void take_back(struct request *request, enum given_up given_up)
{
	request->away = false;
	request->job.worker->away--;
	refuse(request, given_up);
	http_resume(request->connection);
}

void crew_settle(struct worker *worker)
{
	if (worker->away == 0)
		return;
	struct crew *crew = &worker->server->crew;
	pthread_mutex_lock(&crew->lock);
	struct job *done = worker->done;
	worker->done = NULL;
	pthread_mutex_unlock(&crew->lock);
	for (struct job *next; done; done = next) {
		next = done->next;
		take_back(done->request, done->given_up);
	}
}

void crew_give_up(struct request *request)
{
	struct crew *crew = &request->job.worker->server->crew;
	pthread_mutex_lock(&crew->lock);
	bool waits = backlog_remove(&crew->backlog, &request->job);
	pthread_mutex_unlock(&crew->lock);
	if (waits)
		take_back(request, GIVEN_UP_LATE);
}

void crew_forsake(struct connection *connection)
{
	connection->gone = true;
	crew_give_up(connection->request);
}

void crew_doubt(const struct connection *connection)
{
	const struct request *request = connection->request;
	if (!connection->listener->unix_socket && !request->job.begun && request->head.is_current)
		connection_probe(connection);
}

static bool works_for(const struct crew *crew, const struct worker *worker)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->members[i].job && crew->members[i].job->worker == worker)
			return true;
	return false;
}

static bool is_of(const void *worker, const struct job *job)
{
	return job->worker == worker;
}

bool crew_leave(struct worker *worker)
{
	struct crew *crew = &worker->server->crew;
	struct timespec until = clock_later(LEAVE_PATIENCE);
	struct job *job;
	int error = 0;
	pthread_mutex_lock(&crew->lock);
	while ((job = backlog_take(&crew->backlog, is_of, worker)))
		give_back(crew, job, GIVEN_UP_END);
	while (works_for(crew, worker) && error == 0)
		error = pthread_cond_clockwait(&crew->less, &crew->lock, CLOCK_MONOTONIC, &until);
	bool alone = !works_for(crew, worker);
	pthread_mutex_unlock(&crew->lock);
	crew_settle(worker);
	return alone;
}
