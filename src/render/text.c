#include "render/excerpt.h"
#include "render/render.h"
#include "render/visible.h"
#include "resolve/backends.h"
#include "source/lines.h"

struct page {
	struct buffer *out;
	const struct resolution *resolution;
	struct lines lines;
	struct lines checkpoint_lines; /* made when a place in it is first shown */
	bool colour;
};

#define PLAIN "\033[0m"
#define STRONG "\033[1m"
#define GREEN "\033[1;32m"

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

static struct text checkpoint_name(const struct resolution *resolution)
{
	const struct checkpoint *checkpoint = resolution->checkpoint;
	return checkpoint && checkpoint->model.length > 0 ? checkpoint->model : TEXT("checkpoint");
}

static void put_place(const struct page *page, const struct location *location)
{
	bool checkpoint = location && location->source == LOCATION_CHECKPOINT;
	paint(page, STRONG);
	visible_put(page->out,
		checkpoint ? checkpoint_name(page->resolution) : page->resolution->filename);
	if (location && location->placed)
		buffer_printf(page->out, ":%u:%u", location->line, location->column);
	buffer_add_byte(page->out, ':');
	paint(page, PLAIN);
	buffer_add_byte(page->out, ' ');
}

/* NULL when the text is not there to be shown. */
static const struct lines *lines_for(struct page *page, const struct location *location)
{
	struct lines *lines = &page->lines;
	if (location->source == LOCATION_CHECKPOINT) {
		const struct checkpoint *checkpoint = page->resolution->checkpoint;
		lines = &page->checkpoint_lines;
		if (lines->count == 0 && checkpoint && checkpoint->bytes.length > 0)
			lines_index(lines, page->out->arena, checkpoint->bytes);
	}
	return lines->count > 0 ? lines : NULL;
}

static void put_excerpt(struct page *page, const struct location *location)
{
	const struct lines *lines = location->placed ? lines_for(page, location) : NULL;
	if (!lines || location->line > lines->count)
		return;
	struct text line = lines_text(lines, location->line - 1);
	size_t start = (size_t)(line.data - lines->source.data);
	size_t from = location->offset > start ? location->offset - start : 0;
	struct excerpt_colour colour = { "", "" };
	if (page->colour)
		colour = (struct excerpt_colour){ GREEN, PLAIN };
	excerpt_put(page->out, line, from, from + location->length, colour);
}

/* A place beside the main one. Without a line it can only be named. */
static void put_further(struct page *page, const struct location *location)
{
	if (!location->placed && location->path.length == 0)
		return;
	put_place(page, location);
	paint(page, severity_colours[SEVERITY_NOTE]);
	buffer_add_string(page->out, "note: ");
	paint(page, PLAIN);
	buffer_add_string(page->out, location->placed ? "also here" : "also ");
	if (!location->placed)
		visible_put(page->out, location->path);
	buffer_add_byte(page->out, '\n');
	put_excerpt(page, location);
}

static void put_finding(struct page *page, const struct diagnostic *finding)
{
	const struct location *main = finding->location_count > 0 ? finding->locations : NULL;
	put_place(page, main);
	paint(page, severity_colours[finding->severity]);
	buffer_printf(page->out, "%s: ", severity_name(finding->severity));
	paint(page, PLAIN);
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

/* Between the parts of the summary. */
static void separate(struct buffer *out, const char **separator)
{
	buffer_add_string(out, *separator);
	*separator = ", ";
}

static void put_count(struct buffer *out, size_t count, const char *noun, const char **separator)
{
	if (count == 0)
		return;
	separate(out, separator);
	buffer_printf(out, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

/* With its arguments where the table knows them, as in a Python program. */
static void put_class(struct buffer *out, const struct effective *effective)
{
	const struct installed_row *row = NULL;
	if (effective->source == QUANTIZATION_CONFIG)
		row = installed_find(backend_from_name(text_of(effective->backend)),
			dtype_from_name(effective->weight_dtype));
	if (!effective->installs_class)
		return;
	buffer_add_string(out, " → ");
	buffer_add_string(out, row ? row->installed : effective->installs_class);
}

static void put_installed(struct buffer *out, const struct effective *effective)
{
	switch (effective->source) {
	case QUANTIZATION_NONE:
		buffer_add_string(out, "no base quantization");
		return;
	case QUANTIZATION_CHECKPOINT:
		buffer_add_string(out, "the checkpoint's own ");
		visible_put(out, effective->quant_method.length > 0 ? effective->quant_method
								    : TEXT("quantization"));
		break;
	case QUANTIZATION_CONFIG:
		buffer_add_string(out, effective->backend);
		if (effective->weight_dtype.length > 0)
			buffer_add_byte(out, ' ');
		visible_put(out, effective->weight_dtype);
		break;
	}
	put_class(out, effective);
}

static void put_summary(const struct page *page)
{
	const struct resolution *resolution = page->resolution;
	struct buffer *out = page->out;
	bool fine = resolution->status == RESOLUTION_OK;
	put_place(page, NULL);
	paint(page, fine ? GREEN : severity_colours[SEVERITY_ERROR]);
	buffer_add_string(out, fine ? "ok: " : "rejected: ");
	paint(page, PLAIN);
	const char *separator = "";
	put_count(out, resolution->counts[SEVERITY_ERROR], "error", &separator);
	put_count(out, resolution->counts[SEVERITY_WARNING], "warning", &separator);
	put_count(out, resolution->counts[SEVERITY_NOTE], "note", &separator);
	if (resolution->effective) {
		separate(out, &separator);
		put_installed(out, resolution->effective);
	}
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
