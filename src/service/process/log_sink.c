#include "service/process/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/process/clock.h"

/* How long a write may wait for a reader who is slow: microseconds. */
#define PATIENCE ((uint64_t)100000)

enum kind {
	KIND_WAITS,  /* a write may block, unless poll() says that it does not */
	KIND_SOCKET, /* the journal */
	KIND_PROMPT, /* a write does not block */
};

/* A process has one stderr. */
static struct {
	pthread_mutex_t lock;
	int fd;
	enum kind kind;
	bool stuck; /* the last write was in vain */
	bool cut;   /* its last line has no end */
	atomic_uint_fast64_t dropped;
	uint64_t told; /* of them */
} sink = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO };

/* Whoever shares the pipe or terminal would not expect it to change for him: so it is opened once more. */
static bool open_again(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	sink.fd = fd;
	return true;
}

void log_sink_open(void)
{
	struct stat status;
	if (fstat(STDERR_FILENO, &status) != 0)
		return;
	if (S_ISSOCK(status.st_mode))
		sink.kind = KIND_SOCKET;
	else if (S_ISREG(status.st_mode) || open_again())
		sink.kind = KIND_PROMPT;
}

static bool has_room(int milliseconds)
{
	struct pollfd polled = { .fd = sink.fd, .events = POLLOUT };
	return poll(&polled, 1, milliseconds) > 0;
}

/* As write(), but with EAGAIN instead of waiting. A pipe with room has it for so many bytes. */
static ssize_t write_now(const char *data, size_t length)
{
	if (sink.kind == KIND_SOCKET)
		return send(sink.fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sink.kind == KIND_PROMPT)
		return write(sink.fd, data, length);
	if (has_room(0))
		return write(sink.fd, data, length < PIPE_BUF ? length : PIPE_BUF);
	errno = EAGAIN;
	return -1;
}

static bool wait_for_room(uint64_t until)
{
	uint64_t now = clock_microseconds();
	return !sink.stuck && now < until && has_room((int)((until - now) / 1000) + 1);
}

/* Bytes that went out. */
static size_t write_some(const char *data, size_t length)
{
	uint64_t until = clock_microseconds() + PATIENCE;
	size_t done = 0;
	while (done < length) {
		ssize_t more = write_now(data + done, length - done);
		if (more > 0)
			done += (size_t)more;
		else if (more == 0 || (errno != EINTR && errno != EAGAIN))
			break;
		else if (errno == EAGAIN && !wait_for_room(until))
			break;
	}
	return done;
}

/* A line that went out in part counts as dropped: nobody can read it. */
static void drop(const char *lines, size_t length)
{
	uint64_t count = 0;
	for (const char *end; (end = memchr(lines, '\n', length)); count++) {
		length -= (size_t)(end + 1 - lines);
		lines = end + 1;
	}
	atomic_fetch_add(&sink.dropped, count);
}

/* The next line must not be glued to one that was cut. */
static bool end_cut_line(void)
{
	sink.cut = sink.cut && write_some("\n", 1) == 0;
	return !sink.cut;
}

void log_sink_write(const char *lines, size_t length)
{
	pthread_mutex_lock(&sink.lock);
	size_t done = end_cut_line() ? write_some(lines, length) : 0;
	if (done > 0)
		sink.cut = lines[done - 1] != '\n';
	sink.stuck = done < length;
	if (sink.stuck)
		drop(lines + done, length - done);
	pthread_mutex_unlock(&sink.lock);
}

uint64_t log_sink_news(void)
{
	pthread_mutex_lock(&sink.lock);
	uint64_t dropped = atomic_load(&sink.dropped);
	bool news = !sink.stuck && dropped > sink.told;
	if (news)
		sink.told = dropped;
	pthread_mutex_unlock(&sink.lock);
	return news ? dropped : 0;
}

uint64_t log_sink_dropped(void)
{
	return atomic_load(&sink.dropped);
}
