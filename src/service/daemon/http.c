#include "service/daemon/http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/daemon/greeting.h"
#include "service/daemon/reply_fields.h"
#include "service/daemon/worker.h"
#include "service/network/tls.h"
#include "service/requests/head.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

/* For a reply that is not taken; all else is deadline.c's, which first lets be read what has come. */
#define TIMEOUT_MARGIN 1
#define STREAM_BLOCK ((size_t)32 * 1024)

/* The acceptor keeps the limit that is set. */
#define CONNECTIONS_MAXIMUM 2000000u

struct http {
	struct MHD_Daemon *daemon;
	struct worker *worker;
	int descriptor;
	bool tls;
};

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	(void)kind;
	head_take_field(context, head_text(name, name_length), head_text(value, value_length));
	return MHD_YES;
}

static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	(void)kind;
	head_take_parameter(context, head_text(name, name_length), head_text(value, value_length));
	return MHD_YES;
}

static void read_head(
	struct request *request, struct MHD_Connection *peer, const char *path, const char *method)
{
	struct head *head = &request->head;
	head->method_name = text_of(method);
	head->verb = route_verb(head->method_name);
	int count = MHD_get_connection_values_n(peer, MHD_GET_ARGUMENT_KIND, NULL, NULL);
	head->parameters =
		ARENA_ARRAY(&request->arena, struct parameter, count > 0 ? (size_t)count : 0);
	if (head->parameters)
		MHD_get_connection_values_n(peer, MHD_GET_ARGUMENT_KIND, take_parameter, head);
	MHD_get_connection_values_n(peer, MHD_HEADER_KIND, take_field, request);
	head_take_target(head, text_of(path));
}

/* A reply whose length nobody knows goes out in chunks, each made when the client has taken the last. */
static ssize_t on_stream(void *own, uint64_t position, char *out, size_t room)
{
	struct request *request = own;
	(void)position;
	if (connection_is_dead(request->connection))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (request->reply.is_short(request) && !crew_work(request))
		return 0;
	size_t length = request->reply.stream(request, out, room);
	return length == STREAM_TORN ? MHD_CONTENT_READER_END_WITH_ERROR
	       : length > 0          ? (ssize_t)length
				     : MHD_CONTENT_READER_END_OF_STREAM;
}

/* NULL without memory for it and all of its fields. */
static struct MHD_Response *make_response(struct request *request)
{
	struct reply_field fields[REPLY_FIELDS_MAXIMUM];
	size_t count = reply_fields(request, fields), added = 0;
	struct text body = request->reply.body;
	struct MHD_Response *response =
		request->reply.stream
			? MHD_create_response_from_callback(
				  MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream, request, NULL)
			: MHD_create_response_from_buffer(body.length, (void *)(uintptr_t)body.data,
				  MHD_RESPMEM_PERSISTENT);
	while (response && added < count &&
		MHD_add_response_header(response, fields[added].name, fields[added].value))
		added++;
	if (added == count)
		return response;
	MHD_destroy_response(response);
	return NULL;
}

/* The library does not copy the body: it lives in the arena until the request has ended. */
static enum MHD_Result answer(struct request *request, struct MHD_Connection *peer)
{
	if (request->away)
		return MHD_YES;
	if (connection_is_dead(request->connection))
		return MHD_NO;
	if (!request->answered && !crew_work(request))
		return MHD_YES;
	if (request->connection->listener->unix_socket)
		request->connection->attended = !connection_has_left(request->connection);
	struct MHD_Response *response = make_response(request);
	bool queued = response && MHD_queue_response(peer, request->reply.status, response);
	MHD_destroy_response(response);
	if (queued) {
		const struct options *options = &request->settings->options;
		MHD_set_connection_option(peer, MHD_CONNECTION_OPTION_TIMEOUT,
			(unsigned)options->idle_timeout + TIMEOUT_MARGIN);
		return MHD_YES;
	}
	request_cut(request, PROBLEM_NO_MEMORY);
	return MHD_NO;
}

static struct connection *connection_of(struct MHD_Connection *peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(peer, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

/*
 * Before the library takes the target apart: where it has no room for that it would close in silence. It
 * may have read of the head what no event told of.
 */
static void *on_target(void *own, const char *target, struct MHD_Connection *peer)
{
	struct connection *connection = connection_of(peer);
	(void)own;
	if (!connection)
		return NULL;
	connection_stir(connection);
	connection->version_at = target + strlen(target) + 1;
	if (head_is_too_long(target))
		connection_end(connection, PROBLEM_TARGET_TOO_LONG);
	return NULL;
}

/* Cookies are taken apart in a copy, though nobody reads them here. */
static size_t cookie_room(struct MHD_Connection *peer)
{
	const char *cookies =
		MHD_lookup_connection_value(peer, MHD_HEADER_KIND, MHD_HTTP_HEADER_COOKIE);
	return cookies ? strlen(cookies) + 1 : 0;
}

static bool has_large_head(struct MHD_Connection *peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(peer, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int pieces = MHD_get_connection_values_n(
		peer, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND | MHD_COOKIE_KIND, NULL, NULL);
	return info && head_is_too_large(info->header_size + cookie_room(peer), (size_t)pieces);
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *peer, const char *path,
	const char *method, const char *version, void **context)
{
	struct connection *connection = connection_of(peer);
	if (!connection)
		return MHD_NO;
	if (has_large_head(peer))
		connection_end(connection, PROBLEM_HEAD_TOO_LARGE);
	if (connection->cut)
		return MHD_NO;
	struct request *request = worker_take_request(http->worker, connection);
	if (!request) {
		connection_end(connection, PROBLEM_NO_MEMORY);
		return MHD_NO;
	}
	*context = request;
	read_head(request, peer, path, method);
	/* The library splits the line at its last blank, and takes the target for a string. */
	request->head.is_torn = version[0] != '\0' && version != connection->version_at;
	request->head.is_current = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
	request_begin(request);
	connection->request_id = request->id;
	return request_answers_early(request) ? answer(request, peer) : MHD_YES;
}

/* Called for the head, then for each piece of the body, then once more without one. */
static enum MHD_Result on_request(void *own, struct MHD_Connection *peer, const char *path,
	const char *method, const char *version, const char *data, size_t *length, void **context)
{
	struct request *request = *context;
	if (!request)
		return begin(own, peer, path, method, version, context);
	if (*length == 0)
		return answer(request, peer);
	bool on = request_receive(request, data, *length);
	*length = 0;
	if (on)
		return MHD_YES;
	request_cut(request, PROBLEM_BODY_TOO_LARGE);
	return MHD_NO;
}

static void on_completion(void *own, struct MHD_Connection *peer, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct http *http = own;
	struct request *request = *context;
	const char *ended = NULL;
	*context = NULL;
	if (!request)
		return;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		MHD_set_connection_option(peer, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	if (request->connection->cut)
		ended = "cut";
	else if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		ended = "idle";
	else if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		ended = "shutdown";
	else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !reply_was_taken(request))
		ended = "client-gone";
	worker_give_request(http->worker, request, ended);
}

static struct connection *join(struct http *http, struct MHD_Connection *peer)
{
	struct connection *connection = worker_joined(http->worker);
	if (!connection)
		return NULL;
	connection->peer = peer;
	if (http->tls)
		greeting_meet(http->worker, connection,
			MHD_get_connection_info(peer, MHD_CONNECTION_INFO_GNUTLS_SESSION)
				->tls_session);
	return connection;
}

static void on_connection(void *own, struct MHD_Connection *peer, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = own;
	if (code != MHD_CONNECTION_NOTIFY_STARTED && *context)
		worker_left(http->worker, *context);
	*context = code == MHD_CONNECTION_NOTIFY_STARTED ? join(http, peer) : NULL;
}

static size_t on_unescape(void *own, struct MHD_Connection *peer, char *text)
{
	(void)own;
	(void)peer;
	return parameter_unescape(text);
}

/* Its head has come, but the library has not shown it to us. */
static bool is_hidden(const struct connection *connection)
{
	return !connection->request && !connection->cut &&
	       MHD_get_connection_info(connection->peer, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
}

static struct connection *find_hidden(struct connection *list)
{
	while (list && !is_hidden(list))
		list = list->next;
	return list;
}

/* What the library answers by itself, and not well: it sends the head of that reply twice. */
static enum problem hidden_fault(struct MHD_Connection *peer, bool given_up)
{
	const char *length =
		MHD_lookup_connection_value(peer, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	enum problem fault = length ? head_length_fault(length) : PROBLEM_NONE;
	if (fault != PROBLEM_NONE)
		return fault;
	if (has_large_head(peer))
		return PROBLEM_HEAD_TOO_LARGE;
	return given_up ? PROBLEM_BAD_HEADER : PROBLEM_NONE; /* a cookie without its quote's end */
}

/*
 * The library has something to say of such a head before it answers: this is the moment to answer better.
 * It also complains of what it only passes over.
 */
static void refuse_hidden(struct worker *worker, const char *message)
{
	bool given_up = strncmp(message, "Error processing request", 24) == 0;
	struct connection *connection = find_hidden(worker->connections);
	if (!connection)
		connection = find_hidden(worker->greeting);
	enum problem fault = connection ? hidden_fault(connection->peer, given_up) : PROBLEM_NONE;
	if (fault != PROBLEM_NONE)
		connection_end(connection, fault);
}

__attribute__((format(printf, 2, 0))) static void on_message(
	void *own, const char *format, va_list arguments)
{
	const struct http *http = own;
	char message[256];
	const struct log_style *style = &http->worker->settings->options.log;
	refuse_hidden(http->worker, format);
	if (style->threshold < LOG_LEVEL_DEBUG)
		return;
	vsnprintf(message, sizeof(message), format, arguments);
	log_event(style, LOG_LEVEL_DEBUG, "http", "%s", message);
}

/* The certificate is only what the library wants to see at its start: tls_greet() sets another one. */
static void add_tls(struct MHD_OptionItem *items, const struct tls *tls)
{
	const struct MHD_OptionItem added[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)tls_certificate_text(tls) },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls_key_text(tls) },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities },
		{ MHD_OPTION_END, 0, NULL },
	};
	memcpy(items, added, sizeof(added));
}

struct http *http_start(struct worker *worker, const struct tls *tls)
{
	struct MHD_OptionItem more[4] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
			 MHD_ALLOW_SUSPEND_RESUME;
	struct http *http = calloc(1, sizeof(*http));
	if (!http)
		return NULL;
	http->worker = worker;
	http->tls = tls != NULL;
	if (tls) {
		flags |= MHD_USE_TLS;
		add_tls(more, tls);
	}
	http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, http,
		MHD_OPTION_EXTERNAL_LOGGER, on_message, http, MHD_OPTION_NOTIFY_COMPLETED,
		on_completion, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_UNESCAPE_CALLBACK,
		on_unescape, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAXIMUM, MHD_OPTION_ARRAY, more,
		MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info) {
		http->descriptor = info->epoll_fd;
		return http;
	}
	http_stop(http);
	return NULL;
}

int http_descriptor(const struct http *http)
{
	return http->descriptor;
}

int http_timeout(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	if (!http || MHD_get_timeout(http->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout > 60000 ? 60000 : (int)timeout;
}

void http_run(struct http *http)
{
	if (http)
		MHD_run(http->daemon);
}

void http_suspend(struct connection *connection)
{
	MHD_suspend_connection(connection->peer);
}

void http_resume(struct connection *connection)
{
	MHD_resume_connection(connection->peer);
}

void http_add(struct http *http, struct connection *connection)
{
	MHD_add_connection(http->daemon, connection->fd,
		(const struct sockaddr *)&connection->address, connection->address_length);
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
}

const char *http_library_version(void)
{
	return MHD_get_version();
}
