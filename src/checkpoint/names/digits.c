#include "checkpoint/names/digits.h"

struct text digits_zeroed(struct arena *arena, struct text name)
{
	struct text copy = arena_copy(arena, name);
	char *data = (char *)copy.data;
	for (size_t i = 0; i < copy.length; i++)
		if (is_digit(data[i]))
			data[i] = '0';
	return copy;
}

bool digits_zeroed_equal(struct text zeroed, struct text name)
{
	if (zeroed.length != name.length)
		return false;
	for (size_t i = 0; i < name.length; i++)
		if (zeroed.data[i] != (is_digit(name.data[i]) ? '0' : name.data[i]))
			return false;
	return true;
}

/* FNV-1a over the name with its digits made 0. */
uint32_t digits_zeroed_hash(struct text name, const void *key)
{
	uint32_t hash = (uint32_t)((uintptr_t)key >> 4);
	for (size_t i = 0; i < name.length; i++) {
		char c = is_digit(name.data[i]) ? '0' : name.data[i];
		hash = (hash ^ (unsigned char)c) * 16777619u;
	}
	return hash;
}

void digits_put(char *room, struct text zeroed, const char *digits)
{
	for (size_t i = 0; i < zeroed.length; i++)
		room[i] = is_digit(zeroed.data[i]) ? *digits++ : zeroed.data[i];
}
