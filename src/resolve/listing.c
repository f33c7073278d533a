#include "resolve/listing.h"

#include "resolve/resolver.h"

#define SHOWN_MAXIMUM 3

void listing_begin(struct listing *listing, struct arena *arena)
{
	*listing = (struct listing){ .arena = arena };
	buffer_init(&listing->out, arena, 128);
}

void listing_add(struct listing *listing, struct text name, struct text value)
{
	if (listing->count++ >= SHOWN_MAXIMUM)
		return;
	buffer_add_string(&listing->out, listing->count > 1 ? ", " : "");
	buffer_add(&listing->out, name);
	if (value.length > 0)
		buffer_printf(&listing->out, ": %.*s", TEXT_ARGUMENTS(value));
}

struct text listing_end(struct listing *listing)
{
	if (listing->count > SHOWN_MAXIMUM)
		buffer_printf(&listing->out, " and %zu more", listing->count - SHOWN_MAXIMUM);
	return buffer_text(&listing->out);
}

struct text short_words(struct arena *arena, const struct node *value)
{
	struct buffer out;
	if (value->kind != NODE_SEQUENCE || value->count == 0 || value->count > 4)
		return value_words(arena, value);
	buffer_init(&out, arena, 64);
	for (uint32_t i = 0; i < value->count; i++) {
		buffer_add_string(&out, i == 0 ? "[" : ", ");
		buffer_add(&out, value_words(arena, value->items[i]));
	}
	buffer_add_byte(&out, ']');
	return buffer_text(&out);
}

struct text name_words(struct arena *arena, struct text name)
{
	const struct node node = { .kind = NODE_STRING, .text = name };
	return value_words(arena, &node);
}
