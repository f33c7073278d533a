/*
 * Preloaded into the daemon, it does what an intruder would do: in a worker at the first connection, in
 * the main thread at the signal that ends it. BREAKOUT_FOLDER, _PORT, _ABSTRACT say where; each
 * outcome is a line on stderr, "breakout: THREAD: NAME: ERRNO", 0 for one that succeeded.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "breakout/attempts.h"

static struct surroundings around;
static int begun;
static bool opened, managed;

__attribute__((constructor)) static void prepare(void)
{
	around.folder = getenv("BREAKOUT_FOLDER");
	around.abstract = getenv("BREAKOUT_ABSTRACT");
	around.port = (int)strtol(getenv("BREAKOUT_PORT"), NULL, 10);
	around.process = getppid();
	around.manager = -1;
}

/* What is inherited is closed by now, and nothing is confined yet. */
int eventfd(unsigned value, int flags)
{
	int (*next)(unsigned, int);
	*(void **)&next = dlsym(RTLD_NEXT, "eventfd");
	if (!opened)
		opened = surroundings_open(&around) == 0;
	return next(value, flags);
}

/* The socket to the service manager, which is connected before. */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t);
	*(void **)&next = dlsym(RTLD_NEXT, "connect");
	int result = next(fd, address, length);
	if (result == 0 && !managed)
		around.manager = fd;
	managed = managed || result == 0;
	return result;
}

static void try_all(const char *thread)
{
	for (size_t i = 0; i < attempt_count; i++)
		dprintf(STDERR_FILENO, "breakout: %s: %s: %d\n", thread, attempts[i].name,
			-attempts[i].run(&around));
	dprintf(STDERR_FILENO, "breakout: %s: done\n", thread);
}

/* A worker calls it. */
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	int (*next)(int, struct sockaddr *, socklen_t *, int);
	*(void **)&next = dlsym(RTLD_NEXT, "accept4");
	int result = next(fd, address, length, flags);
	if (result >= 0 && __atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED) == 0)
		try_all("worker");
	return result;
}

/* The main thread calls it. */
char *strsignal(int number)
{
	(void)number;
	try_all("main");
	static char text[] = "a signal";
	return text;
}
