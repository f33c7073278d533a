#include "service/daemon/deadline.h"

#include "service/daemon/greeting.h"
#include "service/daemon/linger.h"
#include "service/process/clock.h"
#include "service/requests/settings.h"

#define SECOND ((uint64_t)1000000)
#define SWEEP_EVERY (SECOND / 2)
#define DRAIN_SWEEP_EVERY (SECOND / 20)
/* What is idle for shorter does not make room. */
#define IDLE_LEAST SECOND
/* When there was nothing to end, for how long not to look again. */
#define LOOK_PAUSE (SECOND / 10)
/* For a connection over the limit, from its beginning to the end of its reply. */
#define SURPLUS_PATIENCE (2 * SECOND)
/* How long a client may still use an open connection once the daemon is told to stop. */
#define DRAIN_GRACE (SECOND / 2)

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t quiet_since(const struct connection *connection)
{
	return later(connection->since, connection->head_began);
}

/* There is no request on it, nothing of one has just come, and nothing ends it already. */
static bool is_idle(const struct connection *connection, uint64_t now)
{
	return !connection->request && !connection->hung_up && !connection->cut &&
	       now - quiet_since(connection) > IDLE_LEAST;
}

/* In the list, or `other` where that is none shorter. */
static struct connection *longest_idle(
	struct connection *list, uint64_t now, struct connection *other)
{
	for (struct connection *c = list; c; c = c->next)
		if (is_idle(c, now) && (!other || quiet_since(c) < quiet_since(other)))
			other = c;
	return other;
}

bool deadline_make_room(struct worker *worker)
{
	uint64_t now = clock_microseconds();
	if (now < worker->look_again)
		return false;
	struct connection *longest = longest_idle(worker->connections, now, NULL);
	longest = longest_idle(worker->asleep, now, longest);
	if (!longest) {
		worker->look_again = now + LOOK_PAUSE;
		return false;
	}
	longest->hung_up = true;
	connection_hush(longest);
	greeting_wake(worker, longest);
	return true;
}

static void cut_late(struct connection *connection, enum problem problem)
{
	struct request *request = connection->request;
	bool answered = request && request->answered;
	if (request && !answered)
		request->reply.status = problems[problem].status;
	connection_cut(connection, answered ? PROBLEM_NONE : problem);
}

/* What has begun to come is waited for. */
static bool drain_wants_end(
	const struct worker *worker, const struct connection *connection, uint64_t now)
{
	return worker->drain_began && connection->head_began == 0 &&
	       now > later(connection->since, worker->drain_began) + DRAIN_GRACE;
}

/* However late a reply is ready, its client has some time for it. */
static bool may_be_taken(const struct request *request, const struct options *options, uint64_t now)
{
	return now - request->phase_began <= options->idle_timeout * SECOND;
}

/*
 * The library's own timeout sees only whether anything moves, so a slow drip would never end; it tells
 * nothing to a client that stops in the middle; and it closes before it reads what has come, as after the
 * process stood still. So it is used for replies alone.
 */
static bool is_late(
	const struct connection *connection, const struct options *options, uint64_t now)
{
	const struct request *request = connection->request;
	uint64_t moved = request ? request->moved : connection->moved;
	bool answered = request && request->answered;
	if (connection->head_began == 0)
		return false;
	if (!answered && now - moved > options->idle_timeout * SECOND)
		return true;
	return now - connection->head_began > options->request_timeout * SECOND &&
	       !(answered && may_be_taken(request, options, now));
}

/* In silence: a reply could be taken for that to a request that is on its way. */
static bool is_unused(
	const struct connection *connection, const struct options *options, uint64_t now)
{
	return !connection->request && connection->head_began == 0 && !connection->cut &&
	       now - connection->since > options->idle_timeout * SECOND;
}

/* Its request is with the crew, which alone may look at it. */
static void check_away(struct worker *worker, struct connection *connection, uint64_t now)
{
	const struct options *options = &worker->settings->options;
	if (now - connection->head_began > options->request_timeout * SECOND)
		crew_give_up(connection->request);
}

static void check(struct worker *worker, struct connection *connection, uint64_t now)
{
	const struct options *options = &worker->settings->options;
	if (connection->request && connection->request->away)
		check_away(worker, connection, now);
	else if (connection->surplus && now - connection->since > SURPLUS_PATIENCE) {
		cut_late(connection, PROBLEM_OVERLOADED);
	} else if (is_late(connection, options, now)) {
		cut_late(connection, PROBLEM_REQUEST_TIMEOUT);
	} else if (connection->hung_up || drain_wants_end(worker, connection, now) ||
		   is_unused(connection, options, now)) {
		connection_hush(connection);
	}
}

/* A handshake may take as long as a connection may be idle. */
static void check_greeting(struct worker *worker, struct connection *connection, uint64_t now)
{
	uint64_t most = connection->surplus ? SURPLUS_PATIENCE
					    : worker->settings->options.idle_timeout * SECOND;
	if (now - connection->since <= most && !drain_wants_end(worker, connection, now))
		return;
	connection_cut(connection, PROBLEM_NONE);
	greeting_wake(worker, connection);
}

void deadline_sweep(struct worker *worker)
{
	uint64_t now = clock_microseconds();
	if (now < worker->next_sweep)
		return;
	for (struct connection *c = worker->connections; c; c = c->next)
		check(worker, c, now);
	for (struct connection *c = worker->asleep, *next; c; c = next) {
		next = c->next;
		check_greeting(worker, c, now);
	}
	linger_sweep(worker, now);
	worker->next_sweep = now + (worker->drain_began ? DRAIN_SWEEP_EVERY : SWEEP_EVERY);
}
