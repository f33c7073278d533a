/*
 * Why a request cannot be served at all, as RFC 9457 (application/problem+json) tells it. Faults of a
 * config are no problems: they are diagnostics of its resolution.
 */
#pragma once

#include "base/buffer.h"

enum problem {
	PROBLEM_NONE,
	PROBLEM_BAD_PARAMETER,
	PROBLEM_BAD_HEADER,
	PROBLEM_HTTPS_REQUIRED,
	PROBLEM_BAD_ENVELOPE,
	PROBLEM_EMPTY_BATCH,
	PROBLEM_BAD_MULTIPART,
	PROBLEM_BAD_CHECKPOINT,
	PROBLEM_UNAUTHORIZED,
	PROBLEM_UNKNOWN_PATH,
	PROBLEM_UNKNOWN_RULE,
	PROBLEM_UNKNOWN_MODEL,
	PROBLEM_UNKNOWN_REVISION,
	PROBLEM_UNUSABLE_MODEL,
	PROBLEM_METHOD_NOT_ALLOWED,
	PROBLEM_NOT_ACCEPTABLE,
	PROBLEM_REQUEST_TIMEOUT,
	PROBLEM_BODY_TOO_LARGE,
	PROBLEM_TOO_MUCH_MEMORY,
	PROBLEM_TARGET_TOO_LONG,
	PROBLEM_UNSUPPORTED_TYPE,
	PROBLEM_UNSUPPORTED_ENCODING,
	PROBLEM_MISDIRECTED_HOST,
	PROBLEM_TOO_MANY_CONNECTIONS,
	PROBLEM_HEAD_TOO_LARGE,
	PROBLEM_INTERNAL,
	PROBLEM_UNSUPPORTED_CODING,
	PROBLEM_OVERLOADED,
	PROBLEM_NO_MEMORY,
	PROBLEM_COUNT,
};

struct problem_row {
	const char *slug; /* part of the API, as `type`: "urn:quantconf:problem:SLUG" */
	unsigned status;
	const char *title;
	const char *retry_after; /* seconds, in digits; NULL: no such field */
};

extern const struct problem_row problems[PROBLEM_COUNT];

/* One refusal: the problem and what is particular to this request. */
struct refusal {
	enum problem problem;
	struct text detail;
	struct text parameter;      /* "" for none */
	const char *const *allowed; /* what would have been accepted, NULL at the end; or NULL */
};

/* `instance` is the request's path. */
void problem_render(struct buffer *out, const struct refusal *refusal, struct text instance);
/* The same without detail and without help of an arena: the length, 0 when there is no room. */
size_t problem_write(enum problem problem, char *out, size_t room);
/* Room for each. */
#define PROBLEM_WRITE_ROOM 200
