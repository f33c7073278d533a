#include "base/utf8.h"
#include "render/render.h"
#include "source/lines.h"

/* At most this many characters of a source line are shown, around the place. */
#define WINDOW 160

struct page {
	struct buffer *out;
	const struct resolution *resolution;
	struct lines lines;
	bool colour;
};

static const char *const severity_colours[SEVERITY_COUNT] = {
	[SEVERITY_NONE] = "",
	[SEVERITY_NOTE] = "\033[1;36m",
	[SEVERITY_WARNING] = "\033[1;35m",
	[SEVERITY_ERROR] = "\033[1;31m",
};

static void paint(const struct page *page, const char *colour)
{
	if (page->colour)
		buffer_add_string(page->out, colour);
}

/* Bytes of the character at the front that must not reach a terminal; 0 when it may. C1 controls count, too. */
static size_t control_length(struct text text)
{
	unsigned char byte = (unsigned char)text.data[0];
	if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
		return 1;
	bool c1 = byte == 0xc2 && text.length > 1 && (unsigned char)text.data[1] < 0xa0;
	return c1 ? 2 : 0;
}

static void put_visible(struct buffer *out, struct text text)
{
	while (text.length > 0) {
		size_t run = 0;
		while (run < text.length && control_length(text_from(text, run)) == 0)
			run++;
		buffer_add(out, (struct text){ text.data, run });
		text = text_from(text, run);
		size_t control = text.length > 0 ? control_length(text) : 0;
		if (control > 0)
			buffer_add_string(out, "\xef\xbf\xbd");
		text = text_from(text, control);
	}
}

static void put_place(const struct page *page, const struct location *location)
{
	const struct resolution *resolution = page->resolution;
	bool checkpoint = location && location->source == LOCATION_CHECKPOINT;
	struct text name = resolution->filename;
	if (checkpoint)
		name = resolution->checkpoint && resolution->checkpoint->model.length > 0
			       ? resolution->checkpoint->model
			       : TEXT("checkpoint");
	put_visible(page->out, name);
	if (location && location->placed)
		buffer_printf(page->out, ":%u:%u", location->line, location->column);
	buffer_add_string(page->out, ": ");
}

static uint32_t span_width(const struct location *location, uint32_t shown_to)
{
	uint32_t end = location->end_line == location->line ? location->end_column : shown_to + 1;
	return end > location->column ? end - location->column : 1;
}

/* Blanks, with the line's own tabs, up to the caret. */
static void put_indent(struct buffer *out, struct text line, size_t to)
{
	for (size_t i = 0; i < to && i < line.length; i++)
		if (((unsigned char)line.data[i] & 0xc0) != 0x80)
			buffer_add_byte(out, line.data[i] == '\t' ? '\t' : ' ');
}

static void put_source_line(const struct page *page, const struct location *location)
{
	if (!location->placed || location->source != LOCATION_CONFIG || page->lines.count == 0)
		return;
	struct text line = lines_text(&page->lines, location->line - 1);
	uint32_t column = location->column - 1;
	size_t skipped = column > WINDOW / 2 ? column - WINDOW / 2 : 0;
	struct text shown = text_from(line, utf8_offset(line, skipped));
	shown.length = utf8_offset(shown, WINDOW);
	uint32_t shown_to = (uint32_t)(skipped + utf8_count(shown));
	uint32_t width = span_width(location, shown_to);
	if (column + width > shown_to)
		width = shown_to > column ? shown_to - column : 1;
	buffer_add_string(page->out, "    ");
	put_visible(page->out, shown);
	buffer_add_string(page->out, "\n    ");
	put_indent(page->out, shown, utf8_offset(shown, column - skipped));
	paint(page, "\033[1;32m");
	buffer_add_byte(page->out, '^');
	buffer_add_repeated(page->out, '~', width - 1);
	paint(page, "\033[0m");
	buffer_add_byte(page->out, '\n');
}

static void put_finding(const struct page *page, const struct diagnostic *finding)
{
	const struct location *main = finding->location_count > 0 ? finding->locations : NULL;
	put_place(page, main);
	paint(page, severity_colours[finding->severity]);
	buffer_printf(page->out, "%s: ", severity_name(finding->severity));
	paint(page, "\033[0m");
	put_visible(page->out, finding->message);
	buffer_printf(page->out, " [%s]\n", finding->rule->id);
	if (main)
		put_source_line(page, main);
	for (size_t i = 1; i < finding->location_count; i++) {
		put_place(page, &finding->locations[i]);
		buffer_add_string(page->out, "note: also here\n");
		put_source_line(page, &finding->locations[i]);
	}
	buffer_add_string(page->out, "    help: ");
	put_visible(page->out, finding->remedy);
	buffer_add_byte(page->out, '\n');
}

static void put_count(struct buffer *out, size_t count, const char *noun, const char **separator)
{
	if (count == 0)
		return;
	buffer_printf(out, "%s%zu %s%s", *separator, count, noun, count == 1 ? "" : "s");
	*separator = ", ";
}

static void put_installed(struct buffer *out, const struct effective *effective)
{
	if (effective->source == QUANTIZATION_NONE) {
		buffer_add_string(out, "no base quantization");
		return;
	}
	if (effective->source == QUANTIZATION_CHECKPOINT)
		buffer_printf(
			out, "the checkpoint's own %.*s", TEXT_ARGUMENTS(effective->quant_method));
	else
		buffer_printf(out, "%s%s%.*s", effective->backend,
			effective->weight_dtype.length > 0 ? " " : "",
			TEXT_ARGUMENTS(effective->weight_dtype));
	if (effective->installs_class)
		buffer_printf(out, " -> %s%s%s%s", effective->installs_class,
			effective->quant_type_class ? "(" : "",
			effective->quant_type_class ? effective->quant_type_class : "",
			effective->quant_type_class ? ")" : "");
}

static void put_summary(const struct page *page)
{
	const struct resolution *resolution = page->resolution;
	struct buffer *out = page->out;
	put_visible(out, resolution->filename);
	buffer_add_string(out, resolution->status == RESOLUTION_OK ? ": ok: " : ": rejected: ");
	const char *separator = "";
	if (resolution->effective) {
		put_installed(out, resolution->effective);
		separator = "; ";
	}
	put_count(out, resolution->counts[SEVERITY_ERROR], "error", &separator);
	put_count(out, resolution->counts[SEVERITY_WARNING], "warning", &separator);
	put_count(out, resolution->counts[SEVERITY_NOTE], "note", &separator);
	buffer_add_byte(out, '\n');
}

void render_resolution_text(struct buffer *out, const struct resolution *resolution, bool colour)
{
	struct page page = { .out = out, .resolution = resolution, .colour = colour };
	if (resolution->source.length > 0)
		lines_index(&page.lines, out->arena, resolution->source);
	for (size_t i = 0; i < resolution->finding_count; i++)
		put_finding(&page, resolution->findings[i]);
	put_summary(&page);
}
