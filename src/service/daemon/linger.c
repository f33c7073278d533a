#include "service/daemon/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "service/process/clock.h"
#include "service/requests/settings.h"

/* Microseconds. */
#define LINGER_TIME ((uint64_t)2000000)
/* Of one worker; more are closed at once. */
#define LINGER_MAXIMUM 64
/* Marks the sources of epoll: addresses are even. */
#define MARK 1u
#define READS_AT_ONCE 16

struct lingering {
	struct lingering *next;
	struct lingering **link;
	uint64_t until;
	size_t room; /* bytes that are dropped at most */
	int fd;
};

static void end(struct worker *worker, struct lingering *lingering)
{
	*lingering->link = lingering->next;
	if (lingering->next)
		lingering->next->link = lingering->link;
	worker->lingering_count--;
	close(lingering->fd);
	free(lingering);
}

void linger_take(struct worker *worker, int fd)
{
	struct lingering *lingering =
		worker->lingering_count < LINGER_MAXIMUM ? malloc(sizeof(*lingering)) : NULL;
	shutdown(fd, SHUT_WR);
	if (!lingering) {
		close(fd);
		return;
	}
	*lingering = (struct lingering){
		.next = worker->lingering,
		.link = &worker->lingering,
		.until = clock_microseconds() + LINGER_TIME,
		.room = worker->settings->options.drop_limit,
		.fd = fd,
	};
	if (lingering->next)
		lingering->next->link = &lingering->next;
	worker->lingering = lingering;
	worker->lingering_count++;
	if (!worker_watch(worker, fd, EPOLLIN | EPOLLRDHUP, (uint64_t)(uintptr_t)lingering | MARK))
		end(worker, lingering);
}

bool linger_is_source(uint64_t source)
{
	return source >= SOURCE_ADDRESSES && (source & MARK);
}

void linger_event(struct worker *worker, uint64_t source)
{
	struct lingering *lingering = (struct lingering *)(uintptr_t)(source & ~(uint64_t)MARK);
	char dropped[4096];
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t length = recv(lingering->fd, dropped, sizeof(dropped), MSG_DONTWAIT);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length <= 0 || (size_t)length > lingering->room) {
			end(worker, lingering);
			return;
		}
		lingering->room -= (size_t)length;
	}
}

void linger_sweep(struct worker *worker, uint64_t now)
{
	for (struct lingering *each = worker->lingering, *next; each; each = next) {
		next = each->next;
		if (now > each->until)
			end(worker, each);
	}
}

void linger_close_all(struct worker *worker)
{
	while (worker->lingering)
		end(worker, worker->lingering);
}
