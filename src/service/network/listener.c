#include "service/network/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/network/addresses.h"
#include "service/process/confined.h"

#define BACKLOG 4096
#define TLS_PREFIX "tls:"
#define UNIX_PREFIX "unix:"

static void complain(const char *address, const char *what)
{
	fprintf(stderr, "quantconfd: cannot listen on %s: %s\n", address, what);
}

static enum listener_outcome misused(const char *address, const char *what)
{
	complain(address, what);
	return LISTENER_MISUSED;
}

static enum listener_outcome failed(int fd, const char *address, const char *what)
{
	complain(address, what);
	if (fd >= 0)
		close(fd);
	return LISTENER_FAILED;
}

static const char *bind_reason(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "the address is in use; stop the other server or choose another port";
	case EACCES:
		return "permission denied; choose a port above 1023 or another path";
	case EADDRNOTAVAIL:
		return "this machine has no such address";
	default:
		return strerror(error);
	}
}

/* A socket file that nobody listens on any more is in the way after a crash. */
static void remove_stale(const struct sockaddr_un *address, socklen_t length)
{
	struct stat status;
	if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, length) != 0 && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static const char *unix_fault(const char *path)
{
	bool fits = strlen(path) > 0 && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
	return fits ? NULL : "the path must have 1 to 107 bytes";
}

static enum listener_outcome open_unix(
	struct listener *listener, const char *address, const char *path, mode_t mode)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	struct stat status;
	if (unix_fault(path))
		return misused(address, unix_fault(path));
	memcpy(where.sun_path, path, strlen(path));
	remove_stale(&where, sizeof(where));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(-1, address, strerror(errno));
	/* Nobody can connect before it listens. */
	if (bind(fd, (struct sockaddr *)&where, sizeof(where)) != 0 ||
		(mode != 0 && chmod(path, mode) != 0) || listen(fd, BACKLOG) != 0)
		return failed(fd, address, bind_reason(errno));
	*listener = (struct listener){ .fd = fd, .unix_socket = true };
	if (lstat(path, &status) == 0) {
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
	snprintf(listener->name, sizeof(listener->name), "unix:%s", path);
	return LISTENER_OPEN;
}

bool listener_is_loopback(const struct sockaddr_storage *address)
{
	struct sockaddr_storage plain = *address;
	socklen_t length = sizeof(plain);
	address_unmap(&plain, &length);
	if (plain.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&plain;
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&plain;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* The name with the port that the kernel chose. */
void listener_name_tcp(struct listener *listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	getsockname(listener->fd, (struct sockaddr *)&address, &length);
	if (getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	bool v6 = address.ss_family == AF_INET6;
	snprintf(listener->name, sizeof(listener->name), "http%s://%s%.100s%s:%s",
		listener->tls ? "s" : "", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

/* Splits "ADDR:PORT"; brackets around ADDR are taken off. False when it has not that form. */
static bool split(const char *address, char *host, size_t room, const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	if (!colon || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	size_t length = (size_t)(colon - address);
	bool bracketed = length >= 2 && address[0] == '[' && colon[-1] == ']';
	if (bracketed) {
		address++;
		length -= 2;
	}
	if (length == 0 || length >= room || (!bracketed && memchr(address, ':', length)))
		return false;
	memcpy(host, address, length);
	host[length] = '\0';
	*ret_port = colon + 1;
	return strlen(*ret_port) <= 5 && (strlen(*ret_port) < 5 || strcmp(*ret_port, "65535") <= 0);
}

static enum listener_outcome bind_tcp(
	struct listener *listener, const char *address, const struct addrinfo *found)
{
	const int on = 1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(-1, address, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (found->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		return failed(fd, address, bind_reason(errno));
	listener->fd = fd;
	listener_name_tcp(listener);
	return LISTENER_OPEN;
}

/* What an address of TCP means (once confined: of numbers); a reason when it has not the form of one. */
static const char *find_tcp(const char *address, struct addrinfo **ret_found, int *ret_failure)
{
	char host[128];
	const char *port;
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV | (confined_any() ? AI_NUMERICHOST : 0),
	};
	*ret_found = NULL;
	*ret_failure = 0;
	if (!split(address, host, sizeof(host), &port))
		return "write ADDR:PORT, [v6]:PORT, tls:ADDR:PORT or unix:PATH, ports from 0 to 65535";
	*ret_failure = getaddrinfo(host, port, &hints, ret_found);
	return NULL;
}

static bool found_loopback(const struct addrinfo *found)
{
	struct sockaddr_storage first = { 0 };
	memcpy(&first, found->ai_addr, found->ai_addrlen);
	return listener_is_loopback(&first);
}

bool listener_is_open(const struct listener *listener)
{
	return !listener->unix_socket && !listener->loopback;
}

static bool is_unix(const char *address)
{
	return strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

bool listener_is_tls(const char *address)
{
	return strncmp(address, TLS_PREFIX, strlen(TLS_PREFIX)) == 0;
}

static const char *plain_address(const char *address)
{
	return listener_is_tls(address) ? address + strlen(TLS_PREFIX) : address;
}

const char *listener_forbidden(const struct listener *listener, struct listener_policy policy)
{
	if (listener->tls && !policy.certificate)
		return "TLS needs a certificate and its key: name them with --tls-certificate and "
		       "--tls-key";
	if (listener_is_open(listener) && !policy.open)
		return "other machines could reach it, and requests are not authenticated; listen "
		       "on 127.0.0.1, [::1] or unix:PATH, name tokens with --token-file, or allow "
		       "it with --insecure";
	return NULL;
}

static enum listener_outcome open_tcp(
	struct listener *listener, const char *address, struct listener_policy policy)
{
	struct addrinfo *found;
	int failure;
	const char *fault = find_tcp(plain_address(address), &found, &failure);
	if (fault)
		return misused(address, fault);
	if (failure != 0)
		return failed(-1, address, gai_strerror(failure));
	listener->loopback = found_loopback(found);
	const char *forbidden = listener_forbidden(listener, policy);
	enum listener_outcome outcome =
		forbidden ? misused(address, forbidden) : bind_tcp(listener, address, found);
	freeaddrinfo(found);
	return outcome;
}

bool listener_check(const char *address, struct listener_policy policy, struct fault *ret_fault)
{
	struct listener listener = { .tls = listener_is_tls(address) };
	struct addrinfo *found = NULL;
	const char *fault = NULL;
	int failure;
	listener.unix_socket = is_unix(address);
	if (listener.unix_socket)
		fault = unix_fault(address + strlen(UNIX_PREFIX));
	else
		fault = find_tcp(plain_address(address), &found, &failure);
	/* A name that cannot be found now may be there when it is opened. */
	listener.loopback = !found || found_loopback(found);
	if (!fault)
		fault = listener_forbidden(&listener, policy);
	if (found)
		freeaddrinfo(found);
	if (fault)
		fault_printf(ret_fault, "cannot listen on %s: %s", address, fault);
	return !fault;
}

enum listener_outcome listener_open(
	struct listener *listener, const char *address, struct listener_policy policy)
{
	*listener = (struct listener){ .fd = -1, .tls = listener_is_tls(address) };
	if (is_unix(address))
		return open_unix(listener, address, address + strlen(UNIX_PREFIX), policy.mode);
	return open_tcp(listener, address, policy);
}

/*
 * Closing a listening socket resets whatever still waits in its queue, and there is always a moment
 * between the last accept and the close. So first the kernel is told to drop segments that would
 * open a connection: peers repeat those, and find the port closed, or the next server.
 */
static void drop_new_connections(int fd)
{
	enum {
		TCP_FLAGS_AT = 13,
		TCP_SYN = 2,
	};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS_AT),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static const char *unix_path(const struct listener *listener)
{
	return listener->name + strlen(UNIX_PREFIX);
}

/* Another server's may have taken its place. */
static void remove_path(const struct listener *listener)
{
	struct stat status;
	if (!confined_any() && lstat(unix_path(listener), &status) == 0 &&
		status.st_dev == listener->device && status.st_ino == listener->inode)
		unlink(unix_path(listener));
}

void listener_quiesce(struct listener *listener)
{
	/* What comes to an adopted one waits for the next server. */
	if (listener->unix_socket && !listener->adopted) {
		remove_path(listener);
		/* Who had found the path before, or where it must stay: refused, not lost in the queue. */
		shutdown(listener->fd, SHUT_RD);
	} else if (!listener->adopted)
		drop_new_connections(listener->fd);
	listener->quiet = true;
}

void listener_close(struct listener *listener)
{
	if (listener->fd < 0)
		return;
	if (listener->unix_socket && !listener->quiet && !listener->adopted)
		remove_path(listener);
	close(listener->fd);
	listener->fd = -1;
}
