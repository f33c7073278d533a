#include "service/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

void notify_send(const char *format, ...)
{
	struct sockaddr_un address;
	char message[1024];
	socklen_t address_length = find_socket(&address);
	if (address_length == 0)
		return;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (length > 0 && (size_t)length < sizeof(message))
		sendto(fd, message, (size_t)length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
			address_length);
	close(fd);
}

uint64_t notify_watchdog(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!interval || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(interval, NULL, 10);
}
