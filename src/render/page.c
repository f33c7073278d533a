#include "render/page.h"

#include "render/excerpt.h"
#include "render/visible.h"

static const char *const severity_colours[SEVERITY_COUNT] = {
	[SEVERITY_NONE] = "",
	[SEVERITY_NOTE] = "\033[1;36m",
	[SEVERITY_WARNING] = "\033[1;35m",
	[SEVERITY_ERROR] = "\033[1;31m",
};

void page_paint(const struct page *page, const char *colour)
{
	if (page->colour)
		buffer_add_string(page->out, colour);
}

void page_paint_severity(const struct page *page, enum severity severity)
{
	page_paint(page, severity_colours[severity]);
}

void page_put_place(const struct page *page, const struct location *location)
{
	bool checkpoint = location && location->source == LOCATION_CHECKPOINT;
	page_paint(page, PAGE_STRONG);
	visible_put(page->out, checkpoint ? page->checkpoint_name : page->name);
	if (location && location->placed)
		buffer_printf(page->out, ":%u:%u", location->line, location->column);
	buffer_add_byte(page->out, ':');
	page_paint(page, PAGE_PLAIN);
	buffer_add_byte(page->out, ' ');
}

/* NULL when the text is not there to be shown. */
static const struct lines *lines_for(struct page *page, const struct location *location)
{
	struct lines *lines = &page->lines;
	if (location->source == LOCATION_CHECKPOINT) {
		const struct checkpoint *checkpoint = page->checkpoint;
		lines = &page->checkpoint_lines;
		if (lines->count == 0 && checkpoint && checkpoint->bytes.length > 0)
			lines_index(lines, page->out->arena, checkpoint->bytes);
	}
	return lines->count > 0 ? lines : NULL;
}

static struct mark mark_of(uint32_t line, uint32_t column)
{
	return (struct mark){ .line = line - 1, .column = column - 1 };
}

static void put_excerpt(struct page *page, const struct location *location)
{
	const struct lines *lines = location->placed ? lines_for(page, location) : NULL;
	if (!lines || location->line > lines->count)
		return;
	struct text line = lines_text(lines, location->line - 1);
	if (line.length == 0)
		return;
	/* By line and column: offsets are those of the bytes that were sent, which may have been UTF-16. */
	size_t start = (size_t)(line.data - lines->source.data);
	size_t from = lines_offset(lines, mark_of(location->line, location->column)) - start;
	size_t to = line.length;
	if (location->end_line <= location->line)
		to = lines_offset(lines, mark_of(location->line, location->end_column)) - start;
	struct excerpt_colour colour = { "", "" };
	if (page->colour)
		colour = (struct excerpt_colour){ PAGE_GREEN, PAGE_PLAIN };
	excerpt_put(page->out, line, from, to, colour);
}

/* A place beside the main one. Without a line it can only be named. */
static void put_further(struct page *page, const struct location *location)
{
	if (!location->placed && location->path.length == 0)
		return;
	page_put_place(page, location);
	page_paint_severity(page, SEVERITY_NOTE);
	buffer_add_string(page->out, "note: ");
	page_paint(page, PAGE_PLAIN);
	buffer_add_string(page->out, location->placed ? "also here" : "also ");
	if (!location->placed)
		visible_put(page->out, location->path);
	buffer_add_byte(page->out, '\n');
	put_excerpt(page, location);
}

static void put_finding(struct page *page, const struct diagnostic *finding)
{
	const struct location *main = finding->location_count > 0 ? finding->locations : NULL;
	page_put_place(page, main);
	page_paint_severity(page, finding->severity);
	buffer_printf(page->out, "%s: ", severity_name(finding->severity));
	page_paint(page, PAGE_PLAIN);
	visible_put(page->out, finding->message);
	buffer_printf(page->out, " [%s]\n", finding->rule->id);
	if (main && !finding->rule->blameless)
		put_excerpt(page, main);
	for (size_t i = 1; i < finding->location_count; i++)
		put_further(page, &finding->locations[i]);
	if (finding->remedy.length == 0)
		return;
	buffer_add_string(page->out, "help: ");
	visible_put(page->out, finding->remedy);
	buffer_add_byte(page->out, '\n');
}

void page_put_findings(struct page *page, const struct diagnostic *const *findings, size_t count)
{
	static const enum severity order[] = { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t j = 0; j < count; j++)
			if (findings[j]->severity == order[i])
				put_finding(page, findings[j]);
}

void page_put_counts(
	struct buffer *out, const size_t counts[SEVERITY_COUNT], const char **separator)
{
	static const enum severity order[] = { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t count = counts[order[i]];
		if (count == 0)
			continue;
		buffer_printf(out, "%s%zu %s%s", *separator, count, severity_name(order[i]),
			count == 1 ? "" : "s");
		*separator = ", ";
	}
}

/* "groups of 128", "blocks of 128x128"; a whole row or tensor is no group. */
static void put_group_size(struct buffer *out, struct text size, const char **separator)
{
	if (size.length == 0 || size.data[0] == '-' || text_is(size, "0"))
		return;
	bool block = size.data[0] == '[';
	buffer_printf(out, "%s%s of ", *separator, block ? "blocks" : "groups");
	for (size_t i = 0; i < size.length; i++)
		if (size.data[i] == ',')
			buffer_add_byte(out, 'x');
		else if (size.data[i] != '[' && size.data[i] != ']' && size.data[i] != ' ')
			buffer_add_byte(out, size.data[i]);
	*separator = ", ";
}

/* The family where it tells anything, with the bits where its name does not end in them. */
void page_put_scheme(struct buffer *out, const struct scheme *scheme, struct text method,
	const char *before, const char *after)
{
	struct text name = text_of(scheme->family);
	const char *separator = before;
	struct text bits = scheme->weight_bits;
	if (name.length == 0 || text_is(name, "other"))
		name = scheme->weight_dtype;
	if (name.length > 0 && !text_equal(name, method)) {
		buffer_add_string(out, separator);
		visible_put(out, name);
		separator = ", ";
	}
	bool told = bits.length <= name.length &&
		    text_equal(text_from(name, name.length - bits.length), bits);
	if (bits.length > 0 && !told) {
		buffer_printf(out, "%s%.*s bits", separator, TEXT_ARGUMENTS(bits));
		separator = ", ";
	}
	put_group_size(out, scheme->group_size, &separator);
	if (separator != before)
		buffer_add_string(out, after);
}
