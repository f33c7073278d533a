/* A whole file of the administrator's, bounded. */
#pragma once

#include "service/options/options.h"

/* `data` is NULL, and the reason in `ret_fault`, when it cannot be read. */
struct text file_read(struct arena *arena, const char *path, size_t limit, struct fault *ret_fault);
