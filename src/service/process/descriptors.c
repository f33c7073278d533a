#include "service/process/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

void descriptors_fill_standard(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void descriptors_close_from(int first)
{
	closefrom(first);
}

void descriptors_take_all(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

bool descriptors_have_room(size_t more, size_t *ret_allowed, size_t *ret_open)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
	getrlimit(RLIMIT_NOFILE, &limit);
	/* They are numbered without gaps, at the start. */
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (next >= 0)
		close(next);
	*ret_allowed = (size_t)limit.rlim_cur;
	*ret_open = next >= 0 ? (size_t)next : *ret_allowed;
	return *ret_open + more <= *ret_allowed;
}
