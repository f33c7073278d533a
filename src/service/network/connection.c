#include "service/network/connection.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "service/network/tls.h"
#include "service/process/clock.h"

#define ID_ROOM 20
#include "service/process/clock.h"

void connection_stir(struct connection *connection)
{
	if (connection->request)
		return;
	connection->moved = clock_microseconds();
	if (connection->head_began == 0)
		connection->head_began = connection->moved;
}

void connection_enlist(struct connection **list, struct connection *connection)
{
	connection->next = *list;
	if (connection->next)
		connection->next->link = &connection->next;
	connection->link = list;
	*list = connection;
}

void connection_delist(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 408:
		return "Request Timeout";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 429:
		return "Too Many Requests";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return "Service Unavailable";
	}
}

static void send_plain(const struct connection *connection, const char *data, size_t length)
{
	send(connection->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* For what has no request, or none whose head was read: the log does not know it either. */
static void make_id(char out[ID_ROOM])
{
	unsigned long long random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = clock_microseconds();
	snprintf(out, ID_ROOM, "%016llx", random);
}

/* A whole reply, the last on its connection; its length. */
static size_t write_reply(
	const struct connection *connection, enum problem problem, char *out, size_t room)
{
	char body[PROBLEM_WRITE_ROOM], id[ID_ROOM];
	uint64_t now = clock_microseconds();
	unsigned long long spent = connection->since > 0 ? now - connection->since : 0;
	make_id(id);
	const struct problem_row *row = &problems[problem];
	size_t body_length = problem_write(problem, body, sizeof(body));
	int length = snprintf(out, room,
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: application/problem+json\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"X-Request-Id: %s\r\n"
		"Server-Timing: receive;dur=%llu.%03llu\r\n"
		"%s%s%s"
		"Connection: close\r\n\r\n%.*s",
		row->status, reason(row->status), body_length,
		connection->request_id ? connection->request_id : id, spent / 1000, spent % 1000,
		row->retry_after ? "Retry-After: " : "", row->retry_after ? row->retry_after : "",
		row->retry_after ? "\r\n" : "", (int)body_length, body);
	return length > 0 && (size_t)length < room ? (size_t)length : 0;
}

static void tell(struct connection *connection, enum problem problem)
{
	char out[1024];
	size_t length = write_reply(connection, problem, out, sizeof(out));
	if (!connection->listener->tls)
		send_plain(connection, out, length);
	else if (connection->established)
		tls_send_last(connection, out, length);
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

/* Closing with unread bytes would reset the connection, and what was sent with it. */
static void read_away(const struct connection *connection)
{
	char dropped[4096];
	shutdown(connection->fd, SHUT_WR);
	while (recv(connection->fd, dropped, sizeof(dropped), MSG_DONTWAIT) ==
		(ssize_t)sizeof(dropped))
		;
}

void connection_end(struct connection *connection, enum problem problem)
{
	if (connection->cut)
		return;
	connection->cut = true;
	tell(connection, problem);
	shutdown(connection->fd, SHUT_WR);
}

void connection_refuse(struct connection *connection, enum problem problem)
{
	tell(connection, problem);
}

void connection_misspoken(struct connection *connection)
{
	char out[1024];
	send_plain(
		connection, out, write_reply(connection, PROBLEM_HTTPS_REQUIRED, out, sizeof(out)));
	read_away(connection);
}

bool connection_is_dead(const struct connection *connection)
{
	return connection->cut || connection->gone;
}

void connection_probe(const struct connection *connection)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	send_plain(connection, interim, sizeof(interim) - 1);
}

void connection_hush(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RD);
}

bool connection_has_left(const struct connection *connection)
{
	char next;
	return recv(connection->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}
