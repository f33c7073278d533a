/*
 * Requests that wait for somebody to work at them, in a fair order. They stand in lines, one for each client; in each
 * round every line has one, so who asks for much waits for himself alone. Not locked: its owner does that.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;
struct worker;

/* Why nobody works at it. */
enum given_up {
	GIVEN_UP_NOT,
	GIVEN_UP_FULL, /* there was no place for it any more */
	GIVEN_UP_LATE, /* it waited for too long */
	GIVEN_UP_END,  /* the daemon stops */
};

/* A part of each request, meaningful while it waits or is worked at. */
struct job {
	struct job *next;
	struct request *request;
	struct worker *worker; /* who has its connection */
	unsigned line;         /* a number of the client, mostly */
	uint32_t model;        /* a number of the model that has to be read for it; 0: none */
	uint64_t round;
	enum given_up given_up;
	bool begun; /* a part of its reply is out */
};

struct backlog {
	struct job *first;
	atomic_size_t count; /* may be read without the lock */
	uint64_t round;      /* the one that was taken from last */
};

/*
 * Takes a job in, at most `limit` of them: returns the one that has no place then, the last in order, which
 * may be this one. NULL: there was room.
 */
struct job *backlog_add(struct backlog *backlog, struct job *job, size_t limit);
/* The first one that `may_begin`; NULL when there is none. */
struct job *backlog_take(struct backlog *backlog,
	bool (*may_begin)(const void *context, const struct job *job), const void *context);
/* False when it does not wait. */
bool backlog_remove(struct backlog *backlog, struct job *job);
