#include "service/requests/backlog.h"

/* The one behind what its line has here already; the running one for who has nothing. */
static uint64_t next_round(const struct backlog *backlog, const struct job *job)
{
	uint64_t round = backlog->round;
	for (const struct job *other = backlog->first; other; other = other->next)
		if (other->line == job->line && other->round >= round)
			round = other->round + 1;
	return round;
}

static void insert(struct backlog *backlog, struct job *job)
{
	struct job **slot = &backlog->first;
	while (*slot && (*slot)->round <= job->round)
		slot = &(*slot)->next;
	job->next = *slot;
	*slot = job;
	backlog->count++;
}

static struct job *unlink_at(struct backlog *backlog, struct job **slot)
{
	struct job *job = *slot;
	*slot = job->next;
	job->next = NULL;
	backlog->count--;
	return job;
}

static struct job **last(struct backlog *backlog)
{
	struct job **slot = &backlog->first;
	while ((*slot)->next)
		slot = &(*slot)->next;
	return slot;
}

struct job *backlog_add(struct backlog *backlog, struct job *job, size_t limit)
{
	job->round = next_round(backlog, job);
	insert(backlog, job);
	return backlog->count > limit ? unlink_at(backlog, last(backlog)) : NULL;
}

struct job *backlog_take(struct backlog *backlog,
	bool (*may_begin)(const void *context, const struct job *job), const void *context)
{
	struct job **slot = &backlog->first;
	while (*slot && !may_begin(context, *slot))
		slot = &(*slot)->next;
	if (!*slot)
		return NULL;
	if ((*slot)->round > backlog->round)
		backlog->round = (*slot)->round;
	return unlink_at(backlog, slot);
}

bool backlog_remove(struct backlog *backlog, struct job *job)
{
	for (struct job **slot = &backlog->first; *slot; slot = &(*slot)->next)
		if (*slot == job) {
			unlink_at(backlog, slot);
			return true;
		}
	return false;
}
