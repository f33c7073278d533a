/* What this process has given up so far, for whoever must explain or respect it. */
#pragma once

#include <stdbool.h>

/* Behind the name of a folder: what confined_forbids() means for it. */
#define CONFINED_RESTART                                                                           \
	", which needs a restart: it lies outside of what the daemon confined itself to when it started"

/* For the one who confines, before other threads run. */
void confined_files(void);
void confined_calls(void);
/* Whether this process has given up anything. */
bool confined_any(void);
/* True when this process may read a file or folder by its permissions, but not as it confined itself. */
bool confined_forbids(const char *path);
