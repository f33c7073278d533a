#include "service/process/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct process_files {
	double start_seconds; /* since 1970 */
	int memory;
	DIR *descriptors;
	pthread_mutex_t lock; /* the folder has one position */
};

/* Ends with a NUL. */
static size_t read_start(int file, char *out, size_t room)
{
	ssize_t length = file >= 0 ? pread(file, out, room - 1, 0) : 0;
	out[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

static void read_memory(struct process *process, int file)
{
	char line[256], *end;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (read_start(file, line, sizeof(line)) == 0)
		return;
	process->virtual_bytes = strtoul(line, &end, 10) * page;
	process->resident_bytes = strtoul(end, NULL, 10) * page;
}

/* Below 0: unknown. The 22nd field counts clock ticks since boot; the name before it may hold blanks. */
static double start_since_boot(void)
{
	char line[1024];
	int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	read_start(file, line, sizeof(line));
	if (file >= 0)
		close(file);
	const char *at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK) : -1;
}

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct process_files *process_open(void)
{
	struct process_files *files = calloc(1, sizeof(*files));
	if (!files)
		return NULL;
	double start = start_since_boot();
	if (start >= 0)
		files->start_seconds = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) + start;
	files->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	files->descriptors = opendir("/proc/self/fd");
	pthread_mutex_init(&files->lock, NULL);
	return files;
}

void process_close(struct process_files *files)
{
	if (!files)
		return;
	if (files->memory >= 0)
		close(files->memory);
	if (files->descriptors)
		closedir(files->descriptors);
	free(files);
}

static size_t count_descriptors(struct process_files *files)
{
	size_t count = 0;
	if (!files->descriptors)
		return 0;
	pthread_mutex_lock(&files->lock);
	rewinddir(files->descriptors);
	for (struct dirent *entry; (entry = readdir(files->descriptors));)
		count += entry->d_name[0] != '.';
	pthread_mutex_unlock(&files->lock);
	return count;
}

void process_read(struct process *process, struct process_files *files)
{
	struct rlimit limit;
	*process = (struct process){ .start_seconds = files->start_seconds };
	read_memory(process, files->memory);
	process->cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID);
	process->descriptors = count_descriptors(files);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		process->descriptors_most = (size_t)limit.rlim_cur;
}
