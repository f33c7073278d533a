#include "service/process/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* How long a datagram may wait for room: microseconds. */
#define PATIENCE 200000

/* A path, or the name of an abstract socket behind "@"; the length of the address, 0 for neither. */
static socklen_t find_socket(struct sockaddr_un *ret_address)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name ? strlen(name) : 0;
	if (length < 2 || length > sizeof(ret_address->sun_path) ||
		(name[0] != '/' && name[0] != '@'))
		return 0;
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_address->sun_path, name, length);
	if (name[0] == '@')
		ret_address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int notify_open(void)
{
	struct sockaddr_un address;
	socklen_t length = find_socket(&address);
	int fd = length > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	/* A manager that does not read holds up no signal for long. */
	const struct timeval patience = { .tv_usec = PATIENCE };
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, length) == 0)
		return fd;
	close(fd);
	return -1;
}

void notify_send(int manager, const char *format, ...)
{
	char message[1024];
	if (manager < 0)
		return;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < sizeof(message))
		send(manager, message, (size_t)length, MSG_NOSIGNAL);
}

uint64_t notify_watchdog(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!interval || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(interval, NULL, 10);
}
