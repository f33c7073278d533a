#include "service/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static size_t read_file(const char *path, char *out, size_t room)
{
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(out, 1, room - 1, file) : 0;
	if (file)
		fclose(file);
	out[length] = '\0';
	return length;
}

static void read_memory(struct process *process)
{
	char line[256], *end;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (read_file("/proc/self/statm", line, sizeof(line)) == 0)
		return;
	process->virtual_bytes = strtoul(line, &end, 10) * page;
	process->resident_bytes = strtoul(end, NULL, 10) * page;
}

/* The 22nd field counts clock ticks since boot; the name before it may hold blanks. */
static double start_since_boot(void)
{
	char line[1024];
	read_file("/proc/self/stat", line, sizeof(line));
	const char *at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK) : 0;
}

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t count_descriptors(void)
{
	size_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count > 0 ? count - 1 : 0; /* the folder's own is closed again */
}

void process_read(struct process *process)
{
	struct rlimit limit;
	*process = (struct process){ 0 };
	read_memory(process);
	process->cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID);
	process->start_seconds =
		seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) + start_since_boot();
	process->descriptors = count_descriptors();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		process->descriptors_most = (size_t)limit.rlim_cur;
}
