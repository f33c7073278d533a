/*
 * What an intruder would try from inside of the daemon: one row a thing, with what has to stop it. Run by
 * tests/unit/confine.c, and by preload.c within the daemon itself.
 */
#pragma once

#include <stddef.h>

/* What there is to reach for; made before the process is confined. */
struct surroundings {
	const char *folder; /* attempts_prepare() filled it; `models` in it is a model root */
	int process;        /* of another program, and of the same user */
	int tcp;            /* sockets that are not connected */
	int udp;
	int local;
	int stranger;         /* where datagrams of others arrive: `stranger` in the folder */
	int manager;          /* connected to the service manager's, of datagrams */
	int port;             /* where somebody listens, on 127.0.0.1 */
	const char *abstract; /* name of an abstract socket on which somebody listens */
};

struct attempt {
	const char *name;
	int (*run)(const struct surroundings *around); /* 0: it worked; else the errno negated */
	int calls; /* the errno of the filter of system calls; 0: lets it pass */
	int files; /* the errno of landlock; 0: lets it pass */
	int abi;   /* of landlock, from which on it does; 0: the first */
};

extern const struct attempt attempts[];
extern const size_t attempt_count;

/* Fills a new, empty folder; 0 or the errno negated. */
int attempts_prepare(const char *folder);
/* The sockets of them; `manager` too where it is -1. */
int surroundings_open(struct surroundings *around);
