#include "service/http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/settings.h"
#include "service/worker.h"

/* Larger ones cost time for each connection, smaller ones system calls for each body. */
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define STREAM_BLOCK ((size_t)32 * 1024)

/* The acceptor keeps the limit that is set. */
#define CONNECTIONS_MAXIMUM 2000000u

struct http {
	struct MHD_Daemon *daemon;
	struct worker *worker;
	int descriptor;
};

/* The header fields that somebody reads. */
static const struct field {
	const char *name;
	size_t slot;
	bool is_list; /* may come in several lines */
} fields[] = {
	{ "Host", offsetof(struct head, host), false },
	{ "Authorization", offsetof(struct head, authorization), false },
	{ "Accept", offsetof(struct head, accept), true },
	{ "Content-Type", offsetof(struct head, content_type), false },
	{ "Content-Encoding", offsetof(struct head, content_encoding), true },
	{ "Content-Length", offsetof(struct head, content_length), false },
	{ "Transfer-Encoding", offsetof(struct head, transfer_encoding), true },
	{ "If-None-Match", offsetof(struct head, if_none_match), true },
	{ "X-Request-Id", offsetof(struct head, request_id), true },
	{ "Expect", offsetof(struct head, expect), true },
};

static struct text view(const char *data, size_t length)
{
	return (struct text){ .data = data ? data : "", .length = data ? length : 0 };
}

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	struct request *request = context;
	struct text given = view(name, name_length), contents = view(value, value_length);
	(void)kind;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!text_equal_nocase(given, text_of(fields[i].name)))
			continue;
		struct text *slot = (struct text *)((char *)&request->head + fields[i].slot);
		if (!slot->data)
			*slot = contents;
		else if (fields[i].is_list)
			*slot = arena_printf(&request->arena, "%.*s, %.*s", TEXT_ARGUMENTS(*slot),
				TEXT_ARGUMENTS(contents));
		else
			request->head.repeated = text_of(fields[i].name);
	}
	return MHD_YES;
}

static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	struct head *head = context;
	(void)kind;
	if (name_length > 0 || value_length > 0)
		head->parameters[head->parameter_count++] = (struct parameter){
			.name = view(name, name_length),
			.value = view(value, value_length),
		};
	return MHD_YES;
}

static enum verb verb_of(struct text name)
{
	static const struct {
		const char *name;
		enum verb verb;
	} known[] = {
		{ MHD_HTTP_METHOD_GET, VERB_GET },
		{ MHD_HTTP_METHOD_HEAD, VERB_HEAD },
		{ MHD_HTTP_METHOD_POST, VERB_POST },
		{ MHD_HTTP_METHOD_OPTIONS, VERB_OPTIONS },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(name, known[i].name))
			return known[i].verb;
	return VERB_OTHER;
}

static void read_head(
	struct request *request, struct MHD_Connection *peer, const char *path, const char *method)
{
	struct head *head = &request->head;
	head->path = text_of(path);
	head->method_name = text_of(method);
	head->verb = verb_of(head->method_name);
	int count = MHD_get_connection_values_n(peer, MHD_GET_ARGUMENT_KIND, NULL, NULL);
	head->parameters =
		ARENA_ARRAY(&request->arena, struct parameter, count > 0 ? (size_t)count : 0);
	if (head->parameters)
		MHD_get_connection_values_n(peer, MHD_GET_ARGUMENT_KIND, take_parameter, head);
	MHD_get_connection_values_n(peer, MHD_HEADER_KIND, take_field, request);
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
	MHD_add_response_header(response, name, value);
}

static void add_number(struct MHD_Response *response, const char *name, unsigned value)
{
	char digits[16];
	snprintf(digits, sizeof(digits), "%u", value);
	add(response, name, digits);
}

/* "resolve;dur=0.031", milliseconds. */
static void put_phase(struct buffer *out, const char *name, uint64_t microseconds)
{
	uint64_t fraction = microseconds % 1000;
	buffer_add_string(out, out->length > 0 ? ", " : "");
	buffer_add_string(out, name);
	buffer_add_string(out, ";dur=");
	buffer_add_unsigned(out, microseconds / 1000);
	buffer_add_string(out, fraction < 10 ? ".00" : fraction < 100 ? ".0" : ".");
	buffer_add_unsigned(out, fraction);
}

static void add_timing(struct MHD_Response *response, struct request *request)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_RECEIVE] = "receive",
		[PHASE_UNPACK] = "unpack",
		[PHASE_RESOLVE] = "resolve",
		[PHASE_RENDER] = "render",
	};
	struct buffer out;
	buffer_init(&out, &request->arena, 128);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		if (i == PHASE_RECEIVE || request->phases[i] > 0)
			put_phase(&out, names[i], request->phases[i]);
	buffer_add_byte(&out, '\0');
	if (!arena_failed(&request->arena))
		add(response, "Server-Timing", out.data);
}

static void add_headers(struct MHD_Response *response, struct request *request)
{
	const struct reply *reply = &request->reply;
	if (reply->content_type)
		add(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
	add(response, MHD_HTTP_HEADER_CACHE_CONTROL, reply->cacheable ? "no-cache" : "no-store");
	if (reply->etag[0] != '\0')
		add(response, MHD_HTTP_HEADER_ETAG, reply->etag);
	if (reply->allow.length > 0)
		add(response, MHD_HTTP_HEADER_ALLOW, reply->allow.data);
	if (reply->status == MHD_HTTP_UNAUTHORIZED)
		add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"quantconf\"");
	if (reply->retry_after > 0)
		add_number(response, MHD_HTTP_HEADER_RETRY_AFTER, reply->retry_after);
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "X-Request-Id", request->id);
	add_timing(response, request);
	bool confused = request->refusal.problem == PROBLEM_BAD_HEADER;
	if (confused || atomic_load(&request->server->draining))
		add(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* A reply whose length nobody knows goes out in chunks, each made when the client has taken the last. */
static ssize_t on_stream(void *own, uint64_t position, char *out, size_t room)
{
	struct request *request = own;
	(void)position;
	size_t length = request->reply.stream(request, out, room);
	return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *make_response(struct request *request)
{
	struct text body = request->reply.body;
	if (request->reply.stream)
		return MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream, request, NULL);
	return MHD_create_response_from_buffer(
		body.length, (void *)(uintptr_t)body.data, MHD_RESPMEM_PERSISTENT);
}

/* The library does not copy the body: it lives in the arena until the request has ended. */
static enum MHD_Result send_reply(struct request *request, struct MHD_Connection *peer)
{
	request_answer(request);
	struct MHD_Response *response = make_response(request);
	if (!response)
		return MHD_NO;
	add_headers(response, request);
	enum MHD_Result result = MHD_queue_response(peer, request->reply.status, response);
	MHD_destroy_response(response);
	return result;
}

static struct connection *connection_of(struct MHD_Connection *peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(peer, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *peer, const char *path,
	const char *method, const char *version, void **context)
{
	struct connection *connection = connection_of(peer);
	struct request *request = connection ? worker_take_request(http->worker, connection) : NULL;
	if (!request)
		return MHD_NO;
	*context = request;
	read_head(request, peer, path, method);
	request->head.needs_host = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
	request_begin(request);
	return request_answers_early(request) ? send_reply(request, peer) : MHD_YES;
}

/* Called for the head, then for each piece of the body, then once more without one. */
static enum MHD_Result on_request(void *own, struct MHD_Connection *peer, const char *path,
	const char *method, const char *version, const char *data, size_t *length, void **context)
{
	struct request *request = *context;
	if (!request)
		return begin(own, peer, path, method, version, context);
	if (*length == 0)
		return send_reply(request, peer);
	bool on = request_receive(request, data, *length);
	*length = 0;
	if (on)
		return MHD_YES;
	request->reply.status = problems[PROBLEM_BODY_TOO_LARGE].status;
	connection_cut(request->connection, PROBLEM_BODY_TOO_LARGE);
	return MHD_NO;
}

static void on_completion(void *own, struct MHD_Connection *peer, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct http *http = own;
	struct request *request = *context;
	const char *ended = NULL;
	(void)peer;
	*context = NULL;
	if (!request)
		return;
	if (request->connection->cut)
		ended = "cut";
	else if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		ended = "idle";
	else if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		ended = "shutdown";
	else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		ended = "client-gone";
	worker_give_request(http->worker, request, ended);
}

static void on_connection(void *own, struct MHD_Connection *peer, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = own;
	(void)peer;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = worker_joined(http->worker);
	} else if (*context) {
		worker_left(http->worker, *context);
		*context = NULL;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As the library does it, save that %00 stays as it is: paths are terminated strings. */
static size_t on_unescape(void *own, struct MHD_Connection *peer, char *text)
{
	char *out = text;
	(void)own;
	(void)peer;
	for (const char *in = text; *in; in++) {
		int high = *in == '%' ? hex_digit(in[1]) : -1;
		int low = high >= 0 ? hex_digit(in[2]) : -1;
		if (low >= 0 && high + low > 0) {
			*out++ = (char)(high * 16 + low);
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

static void on_message(void *own, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

static void on_message(void *own, const char *format, va_list arguments)
{
	const struct http *http = own;
	char message[256];
	const struct log_style *style = &http->worker->settings->options.log;
	if (style->threshold < LOG_LEVEL_DEBUG)
		return;
	vsnprintf(message, sizeof(message), format, arguments);
	log_event(style, LOG_LEVEL_DEBUG, "http", "%s", message);
}

struct http *http_start(struct worker *worker)
{
	const struct options *options = &worker->settings->options;
	struct http *http = calloc(1, sizeof(*http));
	if (!http)
		return NULL;
	http->worker = worker;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_message, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completion, http, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, http,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS_MAXIMUM, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->idle_timeout,
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
	if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout > 60000 ? 60000 : (int)timeout;
}

void http_run(struct http *http)
{
	MHD_run(http->daemon);
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
