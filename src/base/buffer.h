/*
 * Bytes that grow at the end, in an arena. Failure sticks as the arena's does: writing to a failed
 * buffer does nothing, so a writer may go on to its end; the arena tells.
 */
#pragma once

#include "base/arena.h"

struct buffer {
	struct arena *arena;
	char *data;
	size_t length;
	size_t capacity;
};

void buffer_init(struct buffer *buffer, struct arena *arena, size_t expected);
/* Moves what there is to where `more` bytes have room behind it; NULL after failure. */
char *buffer_widen(struct buffer *buffer, size_t more);

/* Room for at least `more` bytes at the end, NULL after failure; buffer_grown() then counts those
 * used. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->data && buffer->capacity - buffer->length >= more)
		return buffer->data + buffer->length;
	return buffer_widen(buffer, more);
}

static inline void buffer_grown(struct buffer *buffer, size_t used)
{
	buffer->length += used;
}

static inline void buffer_add(struct buffer *buffer, struct text text)
{
	char *room = text.length > 0 ? buffer_reserve(buffer, text.length) : NULL;
	if (!room)
		return;
	memcpy(room, text.data, text.length);
	buffer->length += text.length;
}

static inline void buffer_add_string(struct buffer *buffer, const char *string)
{
	buffer_add(buffer, text_of(string));
}

static inline void buffer_add_byte(struct buffer *buffer, char byte)
{
	char *room = buffer_reserve(buffer, 1);
	if (!room)
		return;
	*room = byte;
	buffer->length++;
}

void buffer_add_repeated(struct buffer *buffer, char byte, size_t count);
void buffer_add_unsigned(struct buffer *buffer, uint64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What was written; valid until the next write. The arena owns it. */
struct text buffer_text(const struct buffer *buffer);
