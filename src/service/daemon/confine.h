/*
 * The daemon confines itself before it serves: of files it reads what requests and reloads need, and
 * writes none; it starts no program, opens no connection and no listener, and sends no signal. Two
 * mechanisms of the kernel hold it: landlock (files; and, where it is new enough, TCP, abstract sockets
 * and signals) and seccomp (system calls). Neither can be undone, so a later reload stays inside.
 *
 * Rules of landlock belong to folders as they are at the start. A model root that is made, mounted or
 * replaced afterwards cannot be read before a restart, unless it lies below a folder that is named with
 * confine-read. Files that are replaced by renaming (configuration, tokens, certificates) are covered by
 * the rule of their folder; see confine_files() for the exception.
 */
#pragma once

#include "service/options/options.h"

struct confinement {
	enum confine_choice choice;
	int landlock_abi;  /* in force; 0: none */
	bool system_calls; /* the filter is in force */
	char missing[256]; /* why not all of it is in force; "" when it is */
};

/*
 * Files, for the calling thread and those it starts afterwards: the listeners are open, and no thread
 * runs. A file in a folder that is not its own (/etc, a home) is ruled alone; then a file that takes its
 * place cannot be read. False when it is required and cannot be had; `missing` tells.
 */
bool confine_files(struct confinement *confinement, const struct options *options);
/*
 * System calls, of all threads, once all have started. `manager` is the socket to the service manager, -1 for
 * none. False as above.
 */
bool confine_calls(struct confinement *confinement, int manager);
/* What is in force now, or what is not. */
void confine_tell(const struct confinement *confinement, const struct options *options);
/* Whether "confine: required" can be followed here; if not, `ret_fault` says why. */
bool confine_check(const struct options *options, struct fault *ret_fault);
