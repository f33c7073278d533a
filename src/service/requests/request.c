#include "service/requests/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/network/connection.h"
#include "service/process/clock.h"
#include "service/requests/admission.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

/* The first piece of memory for a body, whatever length the client promises. */
#define FIRST_PIECE ((size_t)256 * 1024)
/* Room in a multipart body for boundaries and headers of parts. */
#define MULTIPART_EXTRA ((size_t)64 * 1024)

struct request *request_new(size_t memory_limit)
{
	struct request *request = calloc(1, sizeof(*request));
	if (request)
		arena_init(&request->arena, memory_limit);
	return request;
}

void request_reset(struct request *request)
{
	arena_reset(&request->arena);
	arena_release(&request->item_arena);
	struct arena arena = request->arena;
	*request = (struct request){ .arena = arena };
}

void request_free(struct request *request)
{
	if (!request)
		return;
	arena_release(&request->arena);
	arena_release(&request->item_arena);
	free(request);
}

void request_refuse(struct request *request, enum problem problem, struct text detail)
{
	if (request->refusal.problem != PROBLEM_NONE)
		return;
	request->refusal.problem = problem;
	request->refusal.detail = detail;
}

void request_phase(struct request *request, enum phase phase)
{
	uint64_t now = clock_microseconds();
	request->phases[phase] = now - request->phase_began;
	request->phase_began = now;
}

/* Taken over when it is sane: letters, digits, dots, lines; 1 to 128 of them. */
static bool take_id(struct request *request, struct text id)
{
	if (id.length == 0 || id.length >= sizeof(request->id))
		return false;
	for (size_t i = 0; i < id.length; i++) {
		char c = id.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	memcpy(request->id, id.data, id.length);
	request->id[id.length] = '\0';
	return true;
}

static void make_id(struct request *request)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t random = request->random;
	for (size_t i = 0; i < 16; i++, random >>= 4)
		request->id[i] = digits[random & 15];
	request->id[16] = '\0';
}

static size_t form_limit(const struct request *request)
{
	const struct options *options = &request->settings->options;
	switch (request->form) {
	case FORM_YAML:
	case FORM_UNSAID:
		return options->config_limit;
	case FORM_MULTIPART:
		return options->config_limit + options->checkpoint_limit + MULTIPART_EXTRA;
	case FORM_JSON:
	case FORM_CHECKPOINT:
		return options->checkpoint_limit;
	case FORM_STREAM:
	case FORM_LINES:
	case FORM_ARRAY:
	case FORM_UNSAID_BATCH:
		return options->batch_limit;
	case FORM_NONE:
		break;
	}
	return 0;
}

static void refuse_size(struct request *request)
{
	request_refuse(request, PROBLEM_BODY_TOO_LARGE,
		arena_printf(
			&request->arena, "at most %zu bytes are read here", request->body_limit));
}

/* What the client says it will send; 0 when it does not say. */
static uint64_t promised_length(const struct request *request)
{
	struct text digits = request->head.content_length;
	uint64_t length = 0;
	for (size_t i = 0; i < digits.length; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return 0;
		if (__builtin_mul_overflow(length, (uint64_t)10, &length) ||
			__builtin_add_overflow(length, (uint64_t)(digits.data[i] - '0'), &length))
			return UINT64_MAX;
	}
	return length;
}

static void prepare_body(struct request *request)
{
	uint64_t promised = promised_length(request);
	request->body_limit = form_limit(request);
	if (promised > request->body_limit)
		refuse_size(request);
	else if (promised > 0)
		buffer_reserve(&request->body, promised < FIRST_PIECE ? promised : FIRST_PIECE);
}

void request_begin(struct request *request)
{
	request->began = request->moved = request->phase_began = clock_microseconds();
	if (!take_id(request, request->head.request_id))
		make_id(request);
	buffer_init(&request->body, &request->arena, 0);
	admit(request);
	if (request->form != FORM_NONE && request->refusal.problem == PROBLEM_NONE)
		prepare_body(request);
}

bool request_answers_early(const struct request *request)
{
	if (request->refusal.problem == PROBLEM_NONE)
		return false;
	return request->unframed || text_equal_nocase(request->head.expect, TEXT("100-continue")) ||
	       promised_length(request) > request->settings->options.drop_limit;
}

/* A body whose length is known gets one piece of just that size once it has outgrown the first. */
static void collect(struct request *request, struct text piece)
{
	struct buffer *body = &request->body;
	uint64_t promised = promised_length(request);
	size_t needed = body->length + piece.length;
	if (needed > body->capacity && promised > needed && promised <= request->body_limit)
		buffer_reserve(body, promised - body->length);
	buffer_add(body, piece);
}

bool request_receive(struct request *request, const char *data, size_t length)
{
	request->received += length;
	request->moved = clock_microseconds();
	bool wanted = request->refusal.problem == PROBLEM_NONE && request->form != FORM_NONE;
	if (wanted && request->received > request->body_limit)
		refuse_size(request);
	else if (wanted)
		collect(request, (struct text){ .data = data, .length = length });
	return wanted || request->received <= request->settings->options.drop_limit;
}

/* FNV-1a; a body's tag tells two bodies apart, it need not withstand anybody. */
static uint64_t digest(struct text text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < text.length; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
	return hash;
}

static bool tag_is_known(const struct request *request)
{
	struct text known = request->head.if_none_match;
	return text_is(known, "*") || text_contains(known, request->reply.etag);
}

static void add_tag(struct request *request)
{
	struct reply *reply = &request->reply;
	reply->cacheable = true;
	snprintf(reply->etag, sizeof(reply->etag), "\"%016llx\"",
		(unsigned long long)digest(reply->body));
	if (request->head.if_none_match.length == 0 || !tag_is_known(request))
		return;
	reply->status = 304; /* the body only tells the length that it would have */
	reply->content_type = NULL;
}

void request_reply(
	struct request *request, unsigned status, const char *content_type, struct buffer *body)
{
	request->reply.status = status;
	request->reply.content_type = content_type;
	request->reply.body = buffer_text(body);
	if (request->route && request->route->is_static)
		add_tag(request);
}

/* A request without a body is small: what it asks for is large, then. */
enum problem request_shortage(const struct request *request, const struct arena *arena)
{
	bool too_much = arena_over_limit(arena) && request->form != FORM_NONE;
	return too_much ? PROBLEM_TOO_MUCH_MEMORY : PROBLEM_NO_MEMORY;
}

/* Without help of the arena, which has failed. */
static struct text plain_problem(struct request *request)
{
	request->refusal = (struct refusal){
		.problem = request_shortage(request, &request->arena),
	};
	request->reply.allow = TEXT("");
	return (struct text){ request->plain,
		problem_write(request->refusal.problem, request->plain, sizeof(request->plain)) };
}

/* That of the request's refusal. */
static void reply_problem(struct request *request)
{
	struct buffer body;
	buffer_init(&body, &request->arena, 512);
	if (!arena_failed(&request->arena))
		problem_render(&body, &request->refusal, request->head.path);
	struct text bytes = buffer_text(&body);
	if (arena_failed(&request->arena))
		bytes = plain_problem(request);
	const struct problem_row *row = &problems[request->refusal.problem];
	request->reply.status = row->status;
	request->reply.retry_after = row->retry_after;
	request->reply.content_type = "application/problem+json";
	request->reply.body = bytes;
	request->reply.cacheable = false;
	request->reply.etag[0] = '\0';
}

static void reply_options(struct request *request)
{
	request->reply.status = 204;
	request->reply.allow = route_allow(&request->arena, request->head.path);
}

/* Whoever asks has shown no token, and learns nothing of what there is where one is needed. */
static void reply_preflight(struct request *request)
{
	request->reply.status = 204;
	if (!request->settings->tokens)
		request->reply.allow = route_allow(&request->arena, request->head.path);
}

static void answer(struct request *request)
{
	request_phase(request, request->waited ? PHASE_WAIT : PHASE_RECEIVE);
	request->cold = 0;
	if (request->refusal.problem == PROBLEM_NONE && !arena_failed(&request->arena)) {
		if (request->preflight)
			reply_preflight(request);
		else if (request->route)
			request->route->handle(request);
		else
			reply_options(request);
	}
	request->answered = request->cold == 0 || arena_failed(&request->arena);
	if (!request->answered)
		return;
	if (request->reply.status == 0 && !arena_failed(&request->arena))
		request_refuse(request, PROBLEM_INTERNAL, TEXT(""));
	if (arena_failed(&request->arena) || request->refusal.problem != PROBLEM_NONE)
		reply_problem(request);
}

void request_cut(struct request *request, enum problem problem)
{
	request->refusal.problem = problem;
	request->reply.status = problems[problem].status;
	connection_end(request->connection, problem);
}

bool request_work(struct request *request)
{
	if (!request->answered)
		answer(request);
	else if (request->reply.is_short && request->reply.is_short(request))
		request->reply.make(request);
	return request->answered && request->cold == 0;
}

void request_wait(struct request *request)
{
	bool tried = request->waited || request->cold != 0;
	if (!tried)
		request_phase(request, PHASE_RECEIVE);
	request->waited = true;
}

size_t request_work_size(const struct request *request)
{
	return request->answered ? request->reply.next_size(request) : request->body.length;
}

size_t request_sent(const struct request *request)
{
	bool bare = request->head.verb == VERB_HEAD || request->reply.status == 304;
	return bare ? 0 : request->reply.body.length + request->reply.streamed;
}

enum log_level request_log_level(const struct request *request)
{
	switch (request->reply.status) {
	case 500:
		return LOG_LEVEL_ERROR;
	case 503:
		return LOG_LEVEL_WARNING;
	default:
		return LOG_LEVEL_INFO;
	}
}

void request_log(const struct request *request, struct log_line *line, const char *ended)
{
	const struct head *head = &request->head;
	struct text path = head->path;
	path.length = path.length > 64 ? 64 : path.length;
	log_line_begin(
		line, &request->settings->options.log, request_log_level(request), "request");
	log_line_text(line, "id", text_of(request->id));
	log_line_text(line, "method",
		(struct text){ head->method_name.data,
			head->method_name.length > 16 ? 16 : head->method_name.length });
	if (request->route)
		log_line_text(line, "route", text_of(request->route->path));
	else
		log_line_text(line, "path", path);
	log_line_number(line, "status", request->reply.status);
	log_line_number(line, "in", request->received);
	log_line_number(line, "out", request_sent(request));
	log_line_number(line, "us", clock_microseconds() - request->began);
	log_line_number(line, "errors", request->errors);
	log_line_number(line, "warnings", request->warnings);
	if (request->refusal.problem != PROBLEM_NONE)
		log_line_text(line, "problem", text_of(problems[request->refusal.problem].slug));
	if (ended)
		log_line_text(line, "ended", text_of(ended));
}
