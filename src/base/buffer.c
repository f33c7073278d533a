#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buffer_init(struct buffer *buffer, struct arena *arena, size_t expected)
{
	*buffer = (struct buffer){ .arena = arena };
	if (expected > 0)
		buffer_reserve(buffer, expected);
}

/* A large one grows where it is, to just what is needed where twice as much cannot be had. */
static bool extend(struct buffer *buffer, size_t wanted, size_t capacity)
{
	char *data = buffer->data ? arena_extend(buffer->arena, buffer->data, capacity) : NULL;
	if (!data && buffer->data) {
		capacity = wanted;
		data = arena_extend(buffer->arena, buffer->data, capacity);
	}
	if (!data)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

char *buffer_widen(struct buffer *buffer, size_t more)
{
	size_t wanted = buffer->length + more;
	size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity * 2;
	if (capacity < wanted)
		capacity = wanted;
	if (extend(buffer, wanted, capacity))
		return buffer->data + buffer->length;
	char *data = arena_take(buffer->arena, capacity);
	if (!data)
		return NULL;
	if (buffer->length > 0)
		memcpy(data, buffer->data, buffer->length);
	buffer->data = data;
	buffer->capacity = capacity;
	return data + buffer->length;
}

void buffer_add_repeated(struct buffer *buffer, char byte, size_t count)
{
	char *room = buffer_reserve(buffer, count);
	if (!room)
		return;
	memset(room, byte, count);
	buffer->length += count;
}

void buffer_add_unsigned(struct buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t used = 0;
	do
		digits[sizeof(digits) - ++used] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	buffer_add(buffer, (struct text){ .data = digits + sizeof(digits) - used, .length = used });
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	size_t room = buffer->capacity - buffer->length;
	char *end = buffer->data ? buffer->data + buffer->length : NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(end, end ? room : 0, format, arguments);
	va_end(arguments);
	bool fits = end && length >= 0 && (size_t)length < room;
	if (!fits) {
		if (length < 0)
			arena_fail(buffer->arena);
		end = length < 0 ? NULL : buffer_reserve(buffer, (size_t)length + 1);
		if (!end)
			return;
		va_start(arguments, format);
		vsnprintf(end, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	buffer->length += (size_t)length;
}

struct text buffer_text(const struct buffer *buffer)
{
	return (struct text){ .data = buffer->data ? buffer->data : "", .length = buffer->length };
}
