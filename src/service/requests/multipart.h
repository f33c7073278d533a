/* The parts of a multipart/form-data body (RFC 7578) that is in memory as a whole. */
#pragma once

#include "base/arena.h"

struct part {
	struct text name;     /* of the form's field */
	struct text filename; /* "" for none */
	struct text contents; /* a view of the body */
};

#define PARTS_MAXIMUM 16

struct multipart {
	struct part parts[PARTS_MAXIMUM];
	size_t count;
	const char *fault; /* one clause for people; NULL when all is well */
};

/* `content_type` is the header's value, where the boundary stands. */
void multipart_read(struct multipart *multipart, struct arena *arena, struct text content_type,
	struct text body);
