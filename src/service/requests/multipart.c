#include "service/requests/multipart.h"

#include <string.h>

#include "base/buffer.h"
#include "service/requests/negotiate.h"

#define BOUNDARY_MAXIMUM 70

static size_t find(struct text where, struct text what)
{
	const char *found =
		where.length > 0 ? memmem(where.data, where.length, what.data, what.length) : NULL;
	return found ? (size_t)(found - where.data) : SIZE_MAX;
}

/* Cuts a line off; false at the end of the text. */
static bool next_line(struct text *rest, struct text *ret_line)
{
	size_t length = find(*rest, TEXT("\r\n"));
	if (length == SIZE_MAX)
		return false;
	*ret_line = (struct text){ .data = rest->data, .length = length };
	*rest = text_from(*rest, length + 2);
	return true;
}

/* Browsers and curl write a quote in a file's name as %22, and no other character that could stand in one so. */
static struct text with_quotes(struct arena *arena, struct text name)
{
	struct buffer out;
	buffer_init(&out, arena, name.length);
	for (size_t quote; (quote = find(name, TEXT("%22"))) != SIZE_MAX;) {
		buffer_add(&out, (struct text){ .data = name.data, .length = quote });
		buffer_add_byte(&out, '"');
		name = text_from(name, quote + 3);
	}
	buffer_add(&out, name);
	return buffer_text(&out);
}

static const char *read_disposition(struct part *part, struct arena *arena, struct text value)
{
	if (!text_equal_nocase(media_type(value), TEXT("form-data")))
		return "a part's Content-Disposition is not form-data";
	part->name = media_parameter(arena, value, "name");
	part->filename = with_quotes(arena, media_parameter(arena, value, "filename"));
	return part->name.data ? NULL : "a part has no name";
}

/* Reads the header of a part; what remains in `rest` are its contents. */
static const char *read_head(struct part *part, struct arena *arena, struct text *rest)
{
	const struct text field = TEXT("content-disposition:");
	const char *fault = "a part has no Content-Disposition";
	struct text line;
	while (next_line(rest, &line)) {
		struct text name = { .data = line.data, .length = field.length };
		if (line.length == 0)
			return fault;
		if (line.length >= field.length && text_equal_nocase(name, field))
			fault = read_disposition(part, arena, text_from(line, field.length));
	}
	return "a part's header does not end";
}

/*
 * `rest` begins behind a boundary. Cuts one part off, up to and with the next boundary; false behind
 * the last one.
 */
static bool next_part(
	struct multipart *multipart, struct arena *arena, struct text delimiter, struct text *rest)
{
	struct text line, whole;
	if (text_starts_with(*rest, "--"))
		return false;
	if (!next_line(rest, &line) || text_trim(line).length > 0) {
		multipart->fault =
			"the body ends before its last boundary, or a boundary is ill-formed";
		return false;
	}
	if (multipart->count == PARTS_MAXIMUM) {
		multipart->fault = "there are more than 16 parts";
		return false;
	}
	struct part *part = &multipart->parts[multipart->count];
	size_t length = find(*rest, delimiter);
	if (length == SIZE_MAX) {
		multipart->fault = "the body ends before its last boundary: it was cut short";
		return false;
	}
	whole = (struct text){ .data = rest->data, .length = length };
	*rest = text_from(*rest, length + delimiter.length);
	multipart->fault = read_head(part, arena, &whole);
	part->contents = whole;
	multipart->count++;
	return !multipart->fault;
}

static bool boundary_is_sane(struct text boundary)
{
	return boundary.data && boundary.length > 0 && boundary.length <= BOUNDARY_MAXIMUM &&
	       !memchr(boundary.data, '\r', boundary.length);
}

void multipart_read(struct multipart *multipart, struct arena *arena, struct text content_type,
	struct text body)
{
	struct text boundary = media_parameter(arena, content_type, "boundary");
	*multipart = (struct multipart){ 0 };
	if (!boundary_is_sane(boundary)) {
		multipart->fault = "Content-Type has no usable boundary (1 to 70 characters)";
		return;
	}
	struct text delimiter = arena_printf(arena, "\r\n--%.*s", TEXT_ARGUMENTS(boundary));
	if (arena_failed(arena))
		return;
	/* The first boundary has no line end before it, unless a preamble stands there. */
	struct text opening = text_from(delimiter, 2);
	bool at_start = body.length >= opening.length &&
			memcmp(body.data, opening.data, opening.length) == 0;
	size_t first = at_start ? 0 : find(body, delimiter);
	if (first == SIZE_MAX) {
		multipart->fault = "the body has no boundary of the kind that Content-Type names";
		return;
	}
	struct text rest = text_from(body, first + (at_start ? opening : delimiter).length);
	while (next_part(multipart, arena, delimiter, &rest))
		;
	if (!multipart->fault && multipart->count == 0)
		multipart->fault = "there are no parts";
}
