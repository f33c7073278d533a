#include "source/encoding.h"

#include "base/utf8.h"
#include "source/lines.h"

#include <string.h>

/* libyaml looks through all of them for each one, and for each tag. */
#define TAG_DIRECTIVES_MOST 64

struct span encoding_place(const struct tree *tree, size_t offset)
{
	struct lines lines;
	struct text before = { .data = tree->document->bytes.data, .length = offset };
	lines_index(&lines, tree->arena, before);
	struct mark mark = lines_mark(&lines, offset);
	return (struct span){ mark, mark };
}

bool encoding_fault(struct tree *tree, enum document_fault fault, size_t offset, struct text detail)
{
	struct span span = encoding_place(tree, offset);
	struct document_problem *problem = tree_problem(tree, fault, span, detail);
	if (problem && fault == FAULT_ENCODING)
		problem->offset = offset;
	return false;
}

bool encoding_check(struct tree *tree)
{
	struct text bytes = tree->document->bytes;
	size_t fault = utf8_first_fault(bytes);
	if (fault == bytes.length)
		return true;
	struct text detail = arena_printf(tree->arena, "the byte 0x%02X is not UTF-8 here",
		(unsigned)(unsigned char)bytes.data[fault]);
	return encoding_fault(tree, FAULT_ENCODING, fault, detail);
}

bool encoding_check_or_convert(struct tree *tree)
{
	struct text *bytes = &tree->document->bytes;
	if (!utf8_looks_like_utf16(*bytes))
		return encoding_check(tree);
	struct text utf8 = utf8_from_utf16(tree->arena, *bytes);
	if (!utf8.data)
		return encoding_fault(tree, FAULT_ENCODING, 0, TEXT("ill-formed UTF-16"));
	*bytes = utf8;
	return true;
}

bool encoding_check_directives(struct tree *tree)
{
	struct text bytes = tree->document->bytes;
	struct text rest = bytes;
	for (size_t found = 0; rest.length > 0; rest = text_from(rest, 1)) {
		const char *at = memchr(rest.data, '%', rest.length);
		if (!at)
			return true;
		rest = text_from(rest, (size_t)(at - rest.data));
		/* The last byte of every line end, and of a byte order mark, lies outside of ASCII's
		 * visible range. */
		bool begins_line =
			at == bytes.data || at[-1] < ' ' || (unsigned char)at[-1] >= 0x80;
		found += begins_line && text_starts_with(rest, "%TAG");
		if (found > TAG_DIRECTIVES_MOST)
			return encoding_fault(tree, FAULT_SYNTAX, (size_t)(at - bytes.data),
				TEXT("too many %TAG directives"));
	}
	return true;
}
