/*
 * The system calls of a daemon that serves, seccomp(2): all others fail, in all threads, for good.
 * The table is in the .c file.
 */
#pragma once

/* NULL when system_calls_restrict() can work in this build, else a clause that says why it cannot. */
const char *system_calls_unavailable(void);
/*
 * No thread can gain privileges (PR_SET_NO_NEW_PRIVS), and all that are ever needed have been started.
 * `manager`: the socket to the service manager, -1 for none. 0, or the errno negated.
 */
int system_calls_restrict(int manager);
