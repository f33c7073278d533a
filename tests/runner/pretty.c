#include "runner/support.h"

#define PRETTY_WIDTH 100

struct pretty {
	struct buffer out;
	struct text json;
	size_t at;
	size_t depth;
};

/* The byte behind the string that begins at `at`. */
static size_t string_end(struct text json, size_t at)
{
	for (at++; at < json.length && json.data[at] != '"'; at++) {
		if (json.data[at] == '\\')
			at++;
	}
	return at < json.length ? at + 1 : json.length;
}

/* The byte behind the collection that begins at `at`. */
static size_t collection_end(struct text json, size_t at)
{
	size_t depth = 0;
	while (at < json.length) {
		char byte = json.data[at];
		if (byte == '"') {
			at = string_end(json, at);
			continue;
		}
		at++;
		if (byte == '{' || byte == '[')
			depth++;
		if ((byte == '}' || byte == ']') && --depth == 0)
			break;
	}
	return at;
}

static void line_break(struct pretty *pretty)
{
	buffer_add_byte(&pretty->out, '\n');
	buffer_add_repeated(&pretty->out, ' ', 2 * pretty->depth);
}

/* Writes up to `end`, broken into lines or not. */
static void write_until(struct pretty *pretty, size_t end, bool broken);

static void write_collection(struct pretty *pretty)
{
	size_t end = collection_end(pretty->json, pretty->at);
	bool broken = end - pretty->at + 2 * pretty->depth > PRETTY_WIDTH;
	buffer_add_byte(&pretty->out, pretty->json.data[pretty->at++]);
	pretty->depth++;
	if (broken)
		line_break(pretty);
	write_until(pretty, end - 1, broken);
	pretty->depth--;
	if (broken)
		line_break(pretty);
	if (pretty->at < pretty->json.length)
		buffer_add_byte(&pretty->out, pretty->json.data[pretty->at++]);
}

static void write_token(struct pretty *pretty, bool broken)
{
	char byte = pretty->json.data[pretty->at];
	size_t end = pretty->at + 1;
	if (byte == '"')
		end = string_end(pretty->json, pretty->at);
	buffer_add(&pretty->out, (struct text){ .data = pretty->json.data + pretty->at,
					 .length = end - pretty->at });
	pretty->at = end;
	if (byte == ',' && broken)
		line_break(pretty);
	else if (byte == ',' || byte == ':')
		buffer_add_byte(&pretty->out, ' ');
}

static void write_until(struct pretty *pretty, size_t end, bool broken)
{
	while (pretty->at < end) {
		char byte = pretty->json.data[pretty->at];
		if (byte == '{' || byte == '[')
			write_collection(pretty);
		else if (byte == '\n')
			pretty->at++;
		else
			write_token(pretty, broken);
	}
}

struct text json_pretty(struct arena *arena, struct text json)
{
	struct pretty pretty = { .json = json };
	buffer_init(&pretty.out, arena, json.length * 2);
	write_until(&pretty, json.length, false);
	buffer_add_byte(&pretty.out, '\n');
	return buffer_text(&pretty.out);
}
