/*
 * Landlock, landlock(7): a thread gives up files, connections and signals, for itself and the threads
 * that it starts from then on. There is no way back.
 */
#pragma once

#include <stddef.h>

enum landlock_right {
	LANDLOCK_READ_FILES = 1,
	LANDLOCK_LIST_FOLDERS = 2,
};

/* What stays allowed. */
struct landlock_rule {
	int place;       /* descriptor of a folder, for all below it, or of a file, for it alone */
	unsigned rights; /* of enum landlock_right */
};

/* What newer kernels can forbid besides. */
#define LANDLOCK_ABI_TCP 4
#define LANDLOCK_ABI_SCOPES 6

/* The newest ABI of this kernel; without any, the errno negated: ENOSYS, or EOPNOTSUPP when turned off. */
int landlock_abi(void);
/*
 * For the calling thread, which cannot gain privileges (PR_SET_NO_NEW_PRIVS) any more. Forbids what
 * `abi` knows to forbid. 0, or the errno negated.
 */
int landlock_restrict(int abi, const struct landlock_rule *rules, size_t count);
