#include "service/requests/head.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* For the head of a reply. */
#define REPLY_ROOM ((size_t)4 * 1024)
/* What the library needs for each field and parameter, beside its text. */
#define PIECE_ROOM ((size_t)64)

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
	{ "Origin", offsetof(struct head, origin), false },
	{ "Access-Control-Request-Method", offsetof(struct head, requested_method), false },
};

/* RFC 9110's token: a blank before the colon, say, is read by some programs and not by others. */
static bool is_token(struct text name)
{
	for (size_t i = 0; i < name.length; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return name.length > 0;
}

void head_take_field(struct request *request, struct text name, struct text value)
{
	if (!is_token(name))
		request->head.malformed = name;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!text_equal_nocase(name, text_of(fields[i].name)))
			continue;
		struct text *slot = (struct text *)((char *)&request->head + fields[i].slot);
		if (!slot->data)
			*slot = value;
		else if (fields[i].is_list)
			*slot = arena_printf(&request->arena, "%.*s, %.*s", TEXT_ARGUMENTS(*slot),
				TEXT_ARGUMENTS(value));
		else if (!text_is(request->head.repeated, "Content-Length"))
			request->head.repeated = text_of(fields[i].name); /* that one tells most */
	}
}

void head_take_target(struct head *head, struct text target)
{
	head->path = target;
	if (!text_starts_with(target, "http://") && !text_starts_with(target, "https://"))
		return;
	struct text rest = text_from(target, text_starts_with(target, "https") ? 8 : 7);
	const char *slash = memchr(rest.data, '/', rest.length);
	size_t length = slash ? (size_t)(slash - rest.data) : rest.length;
	head->host = (struct text){ rest.data, length };
	head->path = slash ? text_from(rest, length) : TEXT("/");
}

struct text head_text(const char *data, size_t length)
{
	return (struct text){ .data = data ? data : "", .length = data ? length : 0 };
}

enum problem head_length_fault(const char *length)
{
	if (length[0] == '\0' || length[strspn(length, "0123456789")] != '\0')
		return PROBLEM_BAD_HEADER;
	return strtoull(length, NULL, 10) == ULLONG_MAX ? PROBLEM_BODY_TOO_LARGE : PROBLEM_NONE;
}

void head_take_parameter(struct head *head, struct text name, struct text value)
{
	if (name.length > 0 || value.length > 0)
		head->parameters[head->parameter_count++] =
			(struct parameter){ .name = name, .value = value };
}

bool head_is_too_large(size_t bytes, size_t pieces)
{
	return bytes + pieces * PIECE_ROOM > HEAD_MEMORY - REPLY_ROOM;
}

bool head_is_too_long(const char *target)
{
	size_t parameters = 0;
	for (const char *c = target; *c; c++)
		parameters += *c == '&' || *c == '?';
	return head_is_too_large(strlen(target), parameters);
}
