#include "source/tabs.h"

#include <string.h>

struct tabs tabs_at_start(struct text source)
{
	bool any = source.length > 0 && memchr(source.data, '\t', source.length);
	return (struct tabs){ .cursor = cursor_at_start(source), .any = any };
}

static bool within(const struct tabs *tabs, struct mark to)
{
	const struct cursor *cursor = &tabs->cursor;
	return tabs->any && cursor->at < cursor->source.length && mark_before(cursor->mark, to);
}

static char byte_at(const struct tabs *tabs)
{
	return tabs->cursor.source.data[tabs->cursor.at];
}

static struct mark next_line(const struct tabs *tabs)
{
	return (struct mark){ .line = tabs->cursor.mark.line + 1 };
}

/* Over one byte, or the rest of the line when a comment begins. */
static void step_over_comment(struct tabs *tabs)
{
	if (byte_at(tabs) == '#')
		cursor_advance(&tabs->cursor, next_line(tabs));
	else
		cursor_step(&tabs->cursor);
}

bool tabs_pass_gap(struct tabs *tabs, struct mark to)
{
	while (within(tabs, to) && byte_at(tabs) != '\t')
		step_over_comment(tabs);
	return !within(tabs, to);
}

static bool at_blank(const struct tabs *tabs)
{
	return byte_at(tabs) == ' ' || line_end_length(tabs->cursor.source, tabs->cursor.at) > 0;
}

/* Over anchor and tag, and what stands between them and the value. */
static bool pass_properties(struct tabs *tabs, struct mark to)
{
	while (within(tabs, to) && strchr("&!", byte_at(tabs))) {
		while (within(tabs, to) && !at_blank(tabs) && byte_at(tabs) != '\t')
			cursor_step(&tabs->cursor);
		while (within(tabs, to) && (at_blank(tabs) || byte_at(tabs) == '#'))
			step_over_comment(tabs);
	}
	return !within(tabs, to) || byte_at(tabs) != '\t';
}

bool tabs_pass_plain(struct tabs *tabs, struct mark to)
{
	if (!pass_properties(tabs, to))
		return false;
	while (within(tabs, to) && byte_at(tabs) != '\t')
		cursor_step(&tabs->cursor);
	return !within(tabs, to);
}

bool tabs_pass_quoted(struct tabs *tabs, struct mark to)
{
	if (!pass_properties(tabs, to))
		return false;
	bool block = within(tabs, to) && strchr("|>", byte_at(tabs));
	if (block && !tabs_pass_gap(tabs, next_line(tabs)))
		return false;
	if (tabs->any)
		cursor_advance(&tabs->cursor, to);
	return true;
}
