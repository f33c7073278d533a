/* Sockets that the service manager opened: sd_listen_fds(3). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/network/listener.h"

#define FIRST_DESCRIPTOR 3
/* FileDescriptorName= of sockets that speak TLS. */
#define TLS_NAME "https"

size_t listener_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	if (!pid || !count || strtoll(pid, NULL, 10) != getpid())
		return 0;
	return strtoul(count, NULL, 10);
}

int listener_first_own(void)
{
	size_t passed = listener_passed();
	return FIRST_DESCRIPTOR + (int)(passed < LISTEN_MAXIMUM ? passed : LISTEN_MAXIMUM);
}

/* The name that the socket unit gives it (FileDescriptorName=), of LISTEN_FDNAMES. */
static void passed_name(size_t index, char *out, size_t room)
{
	const char *name = getenv("LISTEN_FDNAMES");
	for (size_t i = 0; name && i < index; i++) {
		name = strchr(name, ':');
		name = name ? name + 1 : NULL;
	}
	int length = name ? (int)strcspn(name, ":") : 0;
	snprintf(out, room, "%.*s", length, name ? name : "");
}

static enum listener_outcome refuse(const char *name, const char *what)
{
	fprintf(stderr, "quantconfd: cannot use the socket \"%s\" of the service manager: %s\n",
		name, what);
	return LISTENER_MISUSED;
}

static bool is_listening_stream(int fd)
{
	int listening = 0, type = 0;
	socklen_t length = sizeof(listening);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening)
		return false;
	length = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

enum listener_outcome listener_adopt(
	struct listener *listener, size_t index, struct listener_policy policy)
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_un local;
	} address = { 0 };
	socklen_t length = sizeof(address);
	char name[64];
	int fd = FIRST_DESCRIPTOR + (int)index;
	passed_name(index, name, sizeof(name));
	*listener = (struct listener){ .fd = fd, .adopted = true };
	listener->tls = strcmp(name, TLS_NAME) == 0;
	if (!is_listening_stream(fd) || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return refuse(name, "it is no stream socket that listens");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	listener->unix_socket = address.any.ss_family == AF_UNIX;
	listener->loopback = !listener->unix_socket && listener_is_loopback(&address.any);
	if (listener->unix_socket)
		snprintf(listener->name, sizeof(listener->name), "unix:%.107s",
			address.local.sun_path);
	else
		listener_name_tcp(listener);
	const char *forbidden = listener_forbidden(listener, policy);
	return forbidden ? refuse(name, forbidden) : LISTENER_OPEN;
}
