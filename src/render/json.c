#include "render/json.h"

#include "base/utf8.h"

#include <string.h>

void json_begin(struct json *json, struct buffer *out)
{
	*json = (struct json){ .out = out };
}

static void separate(struct json *json)
{
	if (json->comma)
		buffer_add_byte(json->out, ',');
	json->comma = true;
}

void json_open(struct json *json, char bracket)
{
	separate(json);
	buffer_add_byte(json->out, bracket);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	buffer_add_byte(json->out, bracket);
	json->comma = true;
}

/* How each byte is written: 0 as it is, 'u' as \u00XX, '8' with the rest of its UTF-8, else behind a backslash. */
static const char escapes[256] = {
	[0x00 ... 0x07] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[0x0b] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e ... 0x1f] = 'u',
	['"'] = '"',
	['\\'] = '\\',
	[0x7f] = 'u',
	[0x80 ... 0xff] = '8',
};

static void put_escaped(struct buffer *out, unsigned char byte)
{
	if (escapes[byte] == 'u') {
		buffer_printf(out, "\\u%04x", byte);
		return;
	}
	buffer_add_byte(out, '\\');
	buffer_add_byte(out, escapes[byte]);
}

/* Bytes from the start that can be copied as they are: whole characters without escapes. */
static size_t plain_run(struct text text)
{
	size_t at = 0, wide;
	do {
		at += utf8_plain_run(text_from(text, at));
		bool is_wide = at < text.length && escapes[(unsigned char)text.data[at]] == '8';
		wide = is_wide ? utf8_sequence(text_from(text, at)) : 0;
		at += wide;
	} while (wide > 0);
	return at;
}

static void put_string(struct buffer *out, struct text text)
{
	buffer_reserve(out, text.length + 2);
	buffer_add_byte(out, '"');
	for (size_t run; (run = plain_run(text)) < text.length; text = text_from(text, run + 1)) {
		unsigned char byte = (unsigned char)text.data[run];
		buffer_add(out, (struct text){ text.data, run });
		if (escapes[byte] == '8')
			buffer_add(out, TEXT("\xef\xbf\xbd"));
		else
			put_escaped(out, byte);
	}
	buffer_add(out, text);
	buffer_add_byte(out, '"');
}

void json_key_text(struct json *json, struct text key)
{
	separate(json);
	put_string(json->out, key);
	buffer_add_byte(json->out, ':');
	json->comma = false;
}

void json_own_key(struct json *json, struct text key)
{
	char *room = buffer_reserve(json->out, key.length + 4);
	if (!room)
		return;
	char *at = room;
	if (json->comma)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, key.data, key.length);
	at += key.length;
	*at++ = '"';
	*at++ = ':';
	buffer_grown(json->out, (size_t)(at - room));
	json->comma = false;
}

void json_raw(struct json *json, struct text value)
{
	separate(json);
	buffer_add(json->out, value);
}

void json_null(struct json *json)
{
	json_raw(json, TEXT("null"));
}

void json_boolean(struct json *json, bool value)
{
	json_raw(json, value ? TEXT("true") : TEXT("false"));
}

void json_unsigned(struct json *json, uint64_t value)
{
	separate(json);
	buffer_add_unsigned(json->out, value);
}

void json_text(struct json *json, struct text value)
{
	separate(json);
	put_string(json->out, value);
}

void json_string(struct json *json, const char *value)
{
	if (value)
		json_text(json, text_of(value));
	else
		json_null(json);
}

void json_text_or_null(struct json *json, struct text value)
{
	if (value.length > 0)
		json_text(json, value);
	else
		json_null(json);
}

void json_raw_or_null(struct json *json, struct text value)
{
	json_raw(json, value.length > 0 ? value : TEXT("null"));
}

static void put_collection(struct json *json, const struct node *node)
{
	bool mapping = node->kind == NODE_MAPPING;
	json_open(json, mapping ? '{' : '[');
	for (uint32_t i = 0; i < node->count; i++) {
		if (mapping)
			json_key_text(json, node->members[i].key);
		json_node(json, mapping ? node->members[i].value : node->items[i]);
	}
	json_close(json, mapping ? '}' : ']');
}

void json_node(struct json *json, const struct node *node)
{
	enum node_kind kind = node ? node->kind : NODE_NULL;
	switch (kind) {
	case NODE_NULL:
		json_null(json);
		break;
	case NODE_BOOLEAN:
		json_boolean(json, node->boolean);
		break;
	case NODE_INTEGER:
	case NODE_FLOAT:
		json_raw(json, node->text);
		break;
	case NODE_STRING:
		json_text(json, node->text);
		break;
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		put_collection(json, node);
		break;
	}
}
