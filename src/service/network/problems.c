#include "service/network/problems.h"

#include <stdio.h>

#include "render/json.h"

#define TYPE_PREFIX "urn:quantconf:problem:"

const struct problem_row problems[] = {
	[PROBLEM_NONE] = {
		.slug = "none",
		.status = 500,
		.title = "No problem",
	},
	[PROBLEM_BAD_PARAMETER] = {
		.slug = "bad-parameter",
		.status = 400,
		.title = "A parameter or its value is not known",
	},
	[PROBLEM_BAD_HEADER] = {
		.slug = "bad-header",
		.status = 400,
		.title = "A header field cannot be used",
	},
	[PROBLEM_HTTPS_REQUIRED] = {
		.slug = "https-required",
		.status = 400,
		.title = "This port speaks HTTPS, not HTTP",
	},
	[PROBLEM_BAD_ENVELOPE] = {
		.slug = "bad-envelope",
		.status = 400,
		.title = "The JSON body cannot be used",
	},
	[PROBLEM_EMPTY_BATCH] = {
		.slug = "empty-batch",
		.status = 400,
		.title = "The batch has no item",
	},
	[PROBLEM_BAD_MULTIPART] = {
		.slug = "bad-multipart",
		.status = 400,
		.title = "The multipart body cannot be used",
	},
	[PROBLEM_BAD_CHECKPOINT] = {
		.slug = "bad-checkpoint",
		.status = 400,
		.title = "The body cannot be read as a JSON object",
	},
	[PROBLEM_UNAUTHORIZED] = {
		.slug = "unauthorized",
		.status = 401,
		.title = "A token is needed",
	},
	[PROBLEM_UNKNOWN_PATH] = {
		.slug = "unknown-path",
		.status = 404,
		.title = "There is nothing at this path",
	},
	[PROBLEM_UNKNOWN_RULE] = {
		.slug = "unknown-rule",
		.status = 404,
		.title = "There is no such rule",
	},
	[PROBLEM_UNKNOWN_MODEL] = {
		.slug = "unknown-model",
		.status = 404,
		.title = "No model root has this model",
	},
	[PROBLEM_UNKNOWN_REVISION] = {
		.slug = "unknown-revision",
		.status = 404,
		.title = "The model is there, but not in this revision",
	},
	[PROBLEM_UNUSABLE_MODEL] = {
		.slug = "unusable-model",
		.status = 404,
		.title = "The model is there, but cannot be used",
	},
	[PROBLEM_METHOD_NOT_ALLOWED] = {
		.slug = "method-not-allowed",
		.status = 405,
		.title = "This path does not know the method",
	},
	[PROBLEM_NOT_ACCEPTABLE] = {
		.slug = "not-acceptable",
		.status = 406,
		.title = "No form of the reply is acceptable to the client",
	},
	[PROBLEM_REQUEST_TIMEOUT] = {
		.slug = "request-timeout",
		.status = 408,
		.title = "The request took too long to arrive",
	},
	[PROBLEM_BODY_TOO_LARGE] = {
		.slug = "body-too-large",
		.status = 413,
		.title = "The body is larger than allowed",
	},
	[PROBLEM_TOO_MUCH_MEMORY] = {
		.slug = "too-much-memory",
		.status = 413,
		.title = "The request needs more memory than limit-memory allows",
	},
	[PROBLEM_TARGET_TOO_LONG] = {
		.slug = "target-too-long",
		.status = 414,
		.title = "The path and query are longer than allowed",
	},
	[PROBLEM_UNSUPPORTED_TYPE] = {
		.slug = "unsupported-type",
		.status = 415,
		.title = "The body's media type is not supported",
	},
	[PROBLEM_UNSUPPORTED_ENCODING] = {
		.slug = "unsupported-encoding",
		.status = 415,
		.title = "The body's encoding is not supported",
	},
	[PROBLEM_MISDIRECTED_HOST] = {
		.slug = "misdirected-host",
		.status = 421,
		.title = "The Host field names another machine",
	},
	[PROBLEM_TOO_MANY_CONNECTIONS] = {
		.slug = "too-many-connections",
		.status = 429,
		.title = "This address has too many connections",
		.retry_after = "1",
	},
	[PROBLEM_HEAD_TOO_LARGE] = {
		.slug = "head-too-large",
		.status = 431,
		.title = "The header fields are larger than allowed",
	},
	[PROBLEM_INTERNAL] = {
		.slug = "internal",
		.status = 500,
		.title = "The server failed",
	},
	[PROBLEM_UNSUPPORTED_CODING] = {
		.slug = "unsupported-coding",
		.status = 501,
		.title = "The body's transfer coding is not supported",
	},
	[PROBLEM_OVERLOADED] = {
		.slug = "overloaded",
		.status = 503,
		.title = "There is too much to do at the moment",
		.retry_after = "1",
	},
	[PROBLEM_NO_MEMORY] = {
		.slug = "no-memory",
		.status = 503,
		.title = "There is no memory for this request",
		.retry_after = "5",
	},
};

static void render_allowed(struct json *json, const char *const *allowed)
{
	json_key(json, "allowed");
	json_open(json, '[');
	for (; *allowed; allowed++)
		json_string(json, *allowed);
	json_close(json, ']');
}

void problem_render(struct buffer *out, const struct refusal *refusal, struct text instance)
{
	const struct problem_row *row = &problems[refusal->problem];
	struct text type = arena_printf(out->arena, "%s%s", TYPE_PREFIX, row->slug);
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	json_key(&json, "type");
	json_text(&json, type);
	json_key(&json, "title");
	json_string(&json, row->title);
	json_key(&json, "status");
	json_unsigned(&json, row->status);
	json_key(&json, "detail");
	json_text(&json, refusal->detail.length > 0 ? refusal->detail : text_of(row->title));
	json_key(&json, "instance");
	json_text(&json, instance);
	if (refusal->parameter.length > 0) {
		json_key(&json, "parameter");
		json_text(&json, refusal->parameter);
	}
	if (refusal->allowed)
		render_allowed(&json, refusal->allowed);
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}

size_t problem_write(enum problem problem, char *out, size_t room)
{
	const struct problem_row *row = &problems[problem];
	int length = snprintf(out, room,
		"{\"type\":\"" TYPE_PREFIX "%s\",\"title\":\"%s\",\"status\":%u}\n", row->slug,
		row->title, row->status);
	return length > 0 && (size_t)length < room ? (size_t)length : 0;
}
