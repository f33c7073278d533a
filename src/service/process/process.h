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

/* Where it is read: opened once, while files can be opened freely, and kept. Any thread may read. */
struct process_files;

/* NULL without memory. */
struct process_files *process_open(void);
void process_close(struct process_files *files);
/* What cannot be found out stays 0. */
void process_read(struct process *process, struct process_files *files);
