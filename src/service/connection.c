#include "service/connection.h"

#include <stdio.h>
#include <unistd.h>

static const char *reason(enum problem problem)
{
	switch (problem) {
	case PROBLEM_REQUEST_TIMEOUT:
		return "Request Timeout";
	case PROBLEM_TOO_MANY_CONNECTIONS:
		return "Too Many Requests";
	default:
		return "Content Too Large";
	}
}

static void tell(const struct connection *connection, enum problem problem)
{
	char out[768];
	struct text body = problem_plain(problem);
	int length = snprintf(out, sizeof(out),
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: application/problem+json\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"%s"
		"Connection: close\r\n\r\n%s",
		problems[problem].status, reason(problem), body.length,
		problem == PROBLEM_TOO_MANY_CONNECTIONS ? "Retry-After: 1\r\n" : "", body.data);
	if (length > 0 && (size_t)length < sizeof(out))
		send(connection->fd, out, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void connection_cut(struct connection *connection, enum problem problem)
{
	if (connection->cut)
		return;
	connection->cut = true;
	if (problem != PROBLEM_NONE)
		tell(connection, problem);
	shutdown(connection->fd, SHUT_RDWR);
}

/* What has arrived is read first: closing with unread bytes would reset the connection. */
void connection_refuse(struct connection *connection, enum problem problem)
{
	char dropped[4096];
	tell(connection, problem);
	shutdown(connection->fd, SHUT_WR);
	while (recv(connection->fd, dropped, sizeof(dropped), MSG_DONTWAIT) ==
		(ssize_t)sizeof(dropped))
		;
	close(connection->fd);
}

void connection_hush(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RD);
}
