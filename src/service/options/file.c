#include "service/options/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/process/confined.h"

/* For what is no file but a pipe, say, of a shell's <(...): milliseconds. */
#define PATIENCE 2000

static struct text fail(struct fault *ret_fault, const char *path, const char *what)
{
	fault_printf(ret_fault, "%s: %s", path, what);
	return (struct text){ 0 };
}

static const char *open_fault(const char *path, int error)
{
	struct stat status;
	if (error == EACCES && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return "it is a folder";
	return error == EACCES && confined_forbids(path) ? "permission denied" CONFINED_RESTART
							 : strerror(error);
}

/* Bytes read, `room` at most; below 0 with errno set. A pipe that nobody writes to ends it, too. */
static ssize_t read_all(int fd, char *out, size_t room)
{
	size_t length = 0;
	while (length < room) {
		struct pollfd polled = { .fd = fd, .events = POLLIN };
		int ready = poll(&polled, 1, PATIENCE);
		if (ready == 0)
			errno = ETIMEDOUT;
		ssize_t more = ready > 0 ? read(fd, out + length, room - length) : -1;
		if (more == 0)
			break;
		if (more < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		length += more > 0 ? (size_t)more : 0;
	}
	return (ssize_t)length;
}

struct text file_read(struct arena *arena, const char *path, size_t limit, struct fault *ret_fault)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail(ret_fault, path, open_fault(path, errno));
	char *data = arena_alloc(arena, limit + 1);
	ssize_t length = data ? read_all(fd, data, limit + 1) : 0;
	int error = length < 0 ? errno : 0;
	close(fd);
	if (!data)
		return fail(ret_fault, path, "there is no memory to read it");
	if (error != 0)
		return fail(ret_fault, path, strerror(error));
	if ((size_t)length > limit)
		return fail(ret_fault, path, "it is too large for what it should be");
	return (struct text){ .data = data, .length = (size_t)length };
}
