#include "service/daemon/reply_fields.h"

#include <stdio.h>

#include "service/daemon/server.h"
#include "service/network/connection.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

/* What a UNIX socket takes at once, with a head. */
#define UNIX_PIECE ((size_t)64 * 1024)

struct list {
	struct reply_field *fields;
	size_t count;
};

static void add(struct list *list, const char *name, const char *value)
{
	if (list->count < REPLY_FIELDS_MAXIMUM)
		list->fields[list->count++] = (struct reply_field){ name, value };
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

static void add_timing(struct list *list, struct request *request)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_RECEIVE] = "receive",
		[PHASE_WAIT] = "wait",
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
	if (arena_failed(&request->arena))
		snprintf(request->timing, sizeof(request->timing), "receive;dur=%llu.%03llu",
			(unsigned long long)request->phases[PHASE_RECEIVE] / 1000,
			(unsigned long long)request->phases[PHASE_RECEIVE] % 1000);
	add(list, "Server-Timing", arena_failed(&request->arena) ? request->timing : out.data);
}

static void add_status_fields(struct list *list, const struct request *request)
{
	const struct reply *reply = &request->reply;
	if (reply->allow.length > 0)
		add(list, "Allow", reply->allow.data);
	if (reply->status == 401)
		add(list, "WWW-Authenticate", "Bearer realm=\"quantconf\"");
	if (reply->retry_after)
		add(list, "Retry-After", reply->retry_after);
}

/* What a cache has to look at, too. */
static void add_vary(struct list *list, const struct request *request)
{
	const char *const *types = request->route ? request->route->types : NULL;
	bool chosen = request->reply.cacheable && types && types[0] && types[1];
	if (request->preflight)
		add(list, "Vary",
			"Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	else if (request->settings->options.origin_count > 0)
		add(list, "Vary", chosen ? "Accept, Origin" : "Origin");
	else if (chosen)
		add(list, "Vary", "Accept");
}

/* Nothing here depends on the path, so that nobody without a token learns what there is. */
static void add_origin(struct list *list, const struct request *request)
{
	if (!request->origin)
		return;
	add(list, "Access-Control-Allow-Origin", request->origin);
	if (request->preflight) {
		add(list, "Access-Control-Allow-Methods", "GET, HEAD, POST");
		add(list, "Access-Control-Allow-Headers",
			"Accept, Authorization, Content-Type, If-None-Match, X-Request-Id");
		add(list, "Access-Control-Max-Age", "600");
		return;
	}
	add(list, "Access-Control-Expose-Headers",
		"Allow, ETag, Retry-After, Server-Timing, WWW-Authenticate, X-Request-Id");
	add(list, "Timing-Allow-Origin", request->origin);
}

/* What is left of such a request could be taken for the next one. */
static bool ends_connection(const struct request *request)
{
	return request->unframed || request->refusal.problem == PROBLEM_BAD_HEADER ||
	       request->connection->surplus || atomic_load(&request->server->draining);
}

size_t reply_fields(struct request *request, struct reply_field out[REPLY_FIELDS_MAXIMUM])
{
	struct list list = { .fields = out };
	const struct reply *reply = &request->reply;
	if (reply->content_type)
		add(&list, "Content-Type", reply->content_type);
	add(&list, "Cache-Control", reply->cacheable ? "no-cache" : "no-store");
	if (reply->etag[0] != '\0')
		add(&list, "ETag", reply->etag);
	add_status_fields(&list, request);
	add(&list, "X-Content-Type-Options", "nosniff");
	add_vary(&list, request);
	add_origin(&list, request);
	add(&list, "X-Request-Id", request->id);
	add_timing(&list, request);
	if (ends_connection(request))
		add(&list, "Connection", "close");
	return list.count;
}

/*
 * On a UNIX socket the library takes a client that has read its reply and closed for one that failed, when it
 * is quick. It was there when the reply was made, which went out in one piece, and has left nothing unread.
 */
bool reply_was_taken(const struct request *request)
{
	const struct connection *connection = request->connection;
	return connection->listener->unix_socket && request->answered && connection->attended &&
	       !request->reply.stream && request->reply.body.length <= UNIX_PIECE &&
	       connection_has_left(connection);
}
