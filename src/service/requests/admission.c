#include "service/requests/admission.h"

#include "service/network/connection.h"
#include "service/options/tokens.h"
#include "service/requests/cors.h"
#include "service/requests/host.h"
#include "service/requests/negotiate.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

/* Two programs in a row may disagree on where such a body ends: RFC 9112 §6. */
static void check_framing(struct request *request)
{
	const struct head *head = &request->head;
	bool coded = head->transfer_encoding.data != NULL;
	bool chunked = text_equal_nocase(head->transfer_encoding, TEXT("chunked"));
	request->unframed = true;
	if (head->malformed.length > 0)
		request_refuse(request, PROBLEM_BAD_HEADER,
			TEXT("the name of a header field has a character that none may have"));
	else if (head->is_torn)
		request_refuse(request, PROBLEM_BAD_HEADER, TEXT("the target holds a NUL"));
	else if (coded && head->content_length.data)
		request_refuse(request, PROBLEM_BAD_HEADER,
			TEXT("a body has a Content-Length or a Transfer-Encoding, not both"));
	else if (coded && !head->is_current)
		request_refuse(
			request, PROBLEM_BAD_HEADER, TEXT("HTTP/1.0 knows no Transfer-Encoding"));
	else if (coded && !chunked)
		request_refuse(request, PROBLEM_UNSUPPORTED_CODING,
			TEXT("send the body with a Content-Length, or with `Transfer-Encoding: "
			     "chunked` and no other coding"));
	else
		request->unframed = text_is(head->repeated, "Content-Length");
}

static void check_head(struct request *request)
{
	check_framing(request);
	if (request->head.repeated.length > 0)
		request_refuse(request, PROBLEM_BAD_HEADER,
			arena_printf(&request->arena, "the field %.*s came more than once",
				TEXT_ARGUMENTS(request->head.repeated)));
	if (request->head.is_current && !request->head.host.data)
		request_refuse(
			request, PROBLEM_BAD_HEADER, TEXT("HTTP/1.1 requests have a Host field"));
}

static void find_route(struct request *request)
{
	struct head *head = &request->head;
	bool known;
	request->route = route_find(head->path, head->verb, &request->variable, &known);
	if (request->route || head->verb == VERB_OPTIONS) {
		if (!request->route && !known && !text_is(head->path, "*"))
			request_refuse(request, PROBLEM_UNKNOWN_PATH, TEXT(""));
		return;
	}
	if (!known) {
		request_refuse(request, PROBLEM_UNKNOWN_PATH, TEXT(""));
		return;
	}
	request->reply.allow = route_allow(&request->arena, head->path);
	request_refuse(request, PROBLEM_METHOD_NOT_ALLOWED,
		arena_printf(&request->arena, "this path knows %.*s",
			TEXT_ARGUMENTS(request->reply.allow)));
}

static void check_host(struct request *request)
{
	/* Where a token is needed a web page has none. */
	if (request->settings->tokens || !request->connection->listener->loopback ||
		host_is_loopback(request->head.host))
		return;
	request_refuse(request, PROBLEM_MISDIRECTED_HOST,
		TEXT("on a loopback address the Host field must be localhost or a loopback "
		     "address, so that web pages cannot reach this service under a name of theirs"));
}

/* What orchestrators ask: for everybody, and at all times. */
static bool asks_openly(const struct request *request)
{
	struct text ignored;
	bool known;
	const struct route *route =
		route_find(request->head.path, request->head.verb, &ignored, &known);
	return route && route->is_open;
}

static void check_token(struct request *request)
{
	const struct tokens *tokens = request->settings->tokens;
	struct text authorization = request->head.authorization;
	if (!tokens || tokens_admit(tokens, authorization) || asks_openly(request))
		return;
	request_refuse(request, PROBLEM_UNAUTHORIZED,
		authorization.length > 0
			? TEXT("this token is not one of those that are known here")
			: TEXT("send the field `Authorization: Bearer TOKEN`"));
}

static void check_crowd(struct request *request)
{
	if (request->connection->surplus && !asks_openly(request))
		request_refuse(request, PROBLEM_OVERLOADED,
			TEXT("as many connections are open as limit-connections allows; ask again "
			     "in a moment"));
}

/* Names of the forms' media types, for the refusal. */
static const char *const *form_types(const struct form_row *forms, struct arena *arena)
{
	size_t count = 0, used = 0;
	while (forms[count].type)
		count++;
	const char **types = ARENA_ARRAY(arena, const char *, count + 1);
	for (size_t i = 0; types && i < count; i++)
		if (forms[i].type[0] != '\0')
			types[used++] = forms[i].type;
	return types;
}

/* What a body of this form may be encoded in: UTF-16 is told by its byte order mark, and is no JSON. */
static const char *const *form_charsets(enum body_form form)
{
	static const char *const yaml[] = { "utf-8", "us-ascii", "utf-16", "utf8", NULL };
	static const char *const json[] = { "utf-8", "us-ascii", "utf8", NULL };
	bool is_json = form == FORM_JSON || form == FORM_CHECKPOINT || form == FORM_LINES ||
		       form == FORM_ARRAY;
	return is_json ? json : yaml;
}

static void check_charset(struct request *request)
{
	const char *const *known = form_charsets(request->form);
	struct text charset =
		media_parameter(&request->arena, request->head.content_type, "charset");
	if (!charset.data || request->form == FORM_MULTIPART)
		return;
	for (size_t i = 0; known[i]; i++)
		if (text_equal_nocase(charset, text_of(known[i])))
			return;
	charset.length = charset.length > 40 ? 40 : charset.length;
	if (request->refusal.problem == PROBLEM_NONE)
		request->refusal.allowed = known;
	request_refuse(request, PROBLEM_UNSUPPORTED_TYPE,
		arena_printf(&request->arena, "the charset \"%.*s\" is not read here: send UTF-8",
			TEXT_ARGUMENTS(charset)));
}

static void check_form(struct request *request)
{
	const struct form_row *forms = request->route->forms;
	struct text type = media_type(request->head.content_type);
	for (const struct form_row *row = forms; row && row->type; row++)
		if (text_equal_nocase(type, text_of(row->type)))
			request->form = row->form;
	if (!forms)
		return;
	if (request->form == FORM_NONE) {
		if (request->refusal.problem == PROBLEM_NONE)
			request->refusal.allowed = form_types(forms, &request->arena);
		request_refuse(request, PROBLEM_UNSUPPORTED_TYPE,
			arena_printf(&request->arena, "Content-Type \"%.*s\" is not read here",
				(int)(request->head.content_type.length > 100
						? 100
						: request->head.content_type.length),
				request->head.content_type.data));
	} else {
		check_charset(request);
	}
	struct text encoding = text_trim(request->head.content_encoding);
	if (encoding.length > 0 && !text_equal_nocase(encoding, TEXT("identity")))
		request_refuse(request, PROBLEM_UNSUPPORTED_ENCODING,
			TEXT("send the body without Content-Encoding"));
}

static void check_accept(struct request *request)
{
	const char *const *types = request->route->types;
	size_t count = 0;
	while (types && types[count])
		count++;
	request->offer = types ? negotiate(request->head.accept, types, count) : 0;
	if (request->offer >= 0)
		return;
	if (request->refusal.problem == PROBLEM_NONE)
		request->refusal.allowed = types;
	request_refuse(request, PROBLEM_NOT_ACCEPTABLE,
		TEXT("the media types that Accept may ask for are listed in \"allowed\""));
}

static void check_parameters(struct request *request)
{
	struct refusal refusal = { 0 };
	if (parameters_check(request->route->parameters, request->head.parameters,
		    request->head.parameter_count, &request->arena, &refusal))
		return;
	if (request->refusal.problem == PROBLEM_NONE)
		request->refusal = refusal;
}

void admit(struct request *request)
{
	cors_check(request);
	check_head(request);
	check_crowd(request);
	check_host(request);
	if (request->preflight)
		return;
	check_token(request);
	find_route(request);
	if (!request->route)
		return;
	check_parameters(request);
	check_accept(request);
	check_form(request);
}
