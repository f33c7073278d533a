/*
 * An append writer for JSON: no tree, exact digits. Commas and colons are the writer's business.
 * Text that is no UTF-8 becomes U+FFFD.
 */
#pragma once

#include "base/buffer.h"
#include "source/node.h"

struct json {
	struct buffer *out;
	bool comma; /* the next item needs one before it */
};

void json_begin(struct json *json, struct buffer *out);
void json_open(struct json *json, char bracket);  /* '{' or '[' */
void json_close(struct json *json, char bracket); /* '}' or ']' */
/* A key of our own: ASCII that needs no escapes, written as it is. */
void json_own_key(struct json *json, struct text key);
static inline void json_key(struct json *json, const char *key)
{
	json_own_key(json, text_of(key));
}
void json_key_text(struct json *json, struct text key);
void json_null(struct json *json);
void json_boolean(struct json *json, bool value);
void json_unsigned(struct json *json, uint64_t value);
/* Digits or other JSON as it stands. */
void json_raw(struct json *json, struct text value);
void json_text(struct json *json, struct text value);
/* NULL is null. */
void json_string(struct json *json, const char *value);
/* An empty text is null. */
void json_text_or_null(struct json *json, struct text value);
void json_raw_or_null(struct json *json, struct text value);
/* NULL is null; mappings keep their order. */
void json_node(struct json *json, const struct node *node);
