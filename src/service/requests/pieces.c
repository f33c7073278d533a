#include "service/requests/pieces.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text next_line(struct text rest)
{
	const char *end = rest.length > 0 ? memchr(rest.data, '\n', rest.length) : NULL;
	return (struct text){ rest.data, end ? (size_t)(end - rest.data) + 1 : rest.length };
}

/* In YAML a lone carriage return ends a line, too. */
static struct text next_yaml_line(struct text rest)
{
	struct text line = next_line(rest);
	const char *end = line.length > 0 ? memchr(line.data, '\r', line.length) : NULL;
	size_t length = end ? (size_t)(end - line.data) + 1 : line.length;
	return length + 1 < line.length ? (struct text){ line.data, length } : line;
}

static struct text without_mark(struct text text)
{
	return text_starts_with(text, "\xef\xbb\xbf") ? text_from(text, 3) : text;
}

/* "---" or "..." with nothing, a blank or a line end behind it: a longer word is no marker in YAML. */
static bool is_marker(struct text line, const char *marker)
{
	return text_starts_with(line, marker) && (line.length == 3 || is_blank(line.data[3]));
}

/* Nothing that would make a document: blank, a comment, a directive, or the end of none. */
static bool is_preamble(struct text line)
{
	struct text trimmed = text_trim(line);
	return trimmed.length == 0 || trimmed.data[0] == '#' || line.data[0] == '%' ||
	       is_marker(line, "...");
}

static bool next_document(struct pieces *pieces, struct text *ret_item)
{
	struct text rest = pieces->rest;
	size_t length = 0, start = 0;
	bool begun = false, ended = false, bare = false;
	while (length < rest.length && !ended) {
		struct text line = next_yaml_line(text_from(rest, length));
		struct text words = without_mark(line);
		if (begun && is_marker(words, "---"))
			break;
		ended = begun && is_marker(words, "...");
		if (bare && words.length < line.length)
			start = length; /* a file that was put behind a marker */
		bare = is_marker(words, "---") && text_trim(words).length == 3;
		length += line.length;
		if (!begun && is_marker(words, "..."))
			start = length; /* the end of nothing, which the reader does not know */
		begun = begun || !is_preamble(words);
	}
	*ret_item = (struct text){ rest.data + start, length - start };
	pieces->rest = text_from(rest, length);
	return begun;
}

static bool next_json_line(struct pieces *pieces, struct text *ret_item)
{
	while (pieces->rest.length > 0) {
		struct text line = next_line(pieces->rest);
		pieces->rest = text_from(pieces->rest, line.length);
		*ret_item = text_trim(line);
		if (ret_item->length > 0)
			return true;
	}
	return false;
}

/* The length of what stands before the comma or bracket that ends a value; whether it is all there. */
static size_t value_length(struct text text, bool *ret_whole)
{
	size_t depth = 0, i = 0;
	bool quoted = false;
	for (; i < text.length; i++) {
		char c = text.data[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ',' || c == ']') && depth == 0)
			break;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
	}
	*ret_whole = depth == 0 && !quoted;
	return i < text.length ? i : text.length;
}

/* An array without values has none, not an empty one. */
static bool array_is_empty(struct pieces *pieces)
{
	struct text rest = text_trim(pieces->rest);
	if (rest.length == 0 || rest.data[0] != ']')
		return false;
	pieces->ended = true;
	pieces->torn = rest.length > 1;
	return true;
}

static bool next_value(struct pieces *pieces, struct text *ret_item)
{
	if (pieces->ended)
		return false;
	bool whole;
	size_t length = value_length(pieces->rest, &whole);
	struct text behind = text_from(pieces->rest, length);
	*ret_item = text_trim((struct text){ pieces->rest.data, length });
	pieces->ended = behind.length == 0 || behind.data[0] == ']';
	pieces->rest = text_from(behind, 1);
	if (pieces->ended)
		pieces->torn = behind.length == 0 || text_trim(pieces->rest).length > 0;
	return true;
}

bool pieces_begin(struct pieces *pieces, enum pieces_form form, struct text body)
{
	*pieces = (struct pieces){ .form = form, .rest = without_mark(body) };
	struct text trimmed = text_trim(pieces->rest);
	if (form != PIECES_ARRAY)
		return true;
	if (!text_starts_with(trimmed, "[")) {
		bool whole;
		pieces->form = PIECES_LINES;
		value_length(next_line(trimmed), &whole);
		return trimmed.length > 0 && whole;
	}
	pieces->rest = text_from(trimmed, 1);
	array_is_empty(pieces);
	return true;
}

bool pieces_next(struct pieces *pieces, struct text *ret_item)
{
	switch (pieces->form) {
	case PIECES_YAML:
		return next_document(pieces, ret_item);
	case PIECES_LINES:
		return next_json_line(pieces, ret_item);
	case PIECES_ARRAY:
		return next_value(pieces, ret_item);
	}
	return false;
}
