/* What the kernel knows of this process. */
#pragma once

#include "base/text.h"

struct process {
	double cpu_seconds;
	double start_seconds; /* since 1970 */
	size_t resident_bytes;
	size_t virtual_bytes;
	size_t descriptors;
	size_t descriptors_most;
};

/* What cannot be found out stays 0. */
void process_read(struct process *process);
