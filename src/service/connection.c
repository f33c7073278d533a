#include "service/connection.h"

#include <stdio.h>

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
		"Connection: close\r\n\r\n%s",
		problems[problem].status,
		problem == PROBLEM_REQUEST_TIMEOUT ? "Request Timeout" : "Content Too Large",
		body.length, body.data);
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

void connection_hush(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RD);
}
