/* A resolution for people. */
#include "base/size.h"
#include "render/page.h"
#include "render/render.h"
#include "render/visible.h"
#include "resolve/backends.h"

/* Between the parts of the summary. */
static void separate(struct buffer *out, const char **separator)
{
	buffer_add_string(out, *separator);
	*separator = ", ";
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

static void put_stored(struct buffer *out, const struct resolution *resolution)
{
	const struct effective *effective = resolution->effective;
	const struct checkpoint *checkpoint = resolution->checkpoint;
	struct scheme scheme = {
		.weight_dtype = effective->weight_dtype,
		.weight_bits = effective->weight_bits,
		.group_size = effective->group_size,
	};
	if (checkpoint && checkpoint->scheme.family)
		scheme = checkpoint->scheme;
	buffer_add_string(out, "the checkpoint's own ");
	visible_put(out, effective->quant_method.length > 0 ? effective->quant_method
							    : TEXT("quantization"));
	page_put_scheme(out, &scheme, effective->quant_method, " (", ")");
	if (effective->dequantized)
		buffer_printf(
			out, ", dequantized to %.*s bits", TEXT_ARGUMENTS(effective->weight_bits));
}

static void put_installed(struct buffer *out, const struct resolution *resolution)
{
	const struct effective *effective = resolution->effective;
	switch (effective->source) {
	case QUANTIZATION_NONE:
		buffer_add_string(out, "no base quantization");
		return;
	case QUANTIZATION_CHECKPOINT:
		put_stored(out, resolution);
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

/* ", about 12.5 GB of weights (41.8 GB as stored)" */
static void put_bytes(struct buffer *out, const struct resolution *resolution)
{
	const struct weights *weights =
		resolution->checkpoint ? resolution->checkpoint->weights : NULL;
	if (!resolution->estimate)
		return;
	struct text loaded = size_words(out->arena, resolution->estimate->bytes);
	buffer_printf(out, ", about %.*s of weights", TEXT_ARGUMENTS(loaded));
	if (!weights || !weights->bytes_known)
		return;
	struct text stored = size_words(out->arena, weights->bytes);
	if (!text_equal(stored, loaded))
		buffer_printf(out, " (%.*s as stored)", TEXT_ARGUMENTS(stored));
}

static void put_summary(const struct page *page, const struct resolution *resolution)
{
	struct buffer *out = page->out;
	bool fine = resolution->status == RESOLUTION_OK;
	page_put_place(page, NULL);
	if (fine)
		page_paint(page, PAGE_GREEN);
	else
		page_paint_severity(page, SEVERITY_ERROR);
	buffer_add_string(out, fine ? "ok: " : "rejected: ");
	page_paint(page, PAGE_PLAIN);
	const char *separator = "";
	page_put_counts(out, resolution->counts, &separator);
	if (resolution->effective) {
		separate(out, &separator);
		put_installed(out, resolution);
		put_bytes(out, resolution);
	}
	buffer_add_byte(out, '\n');
}

static struct page begin(struct buffer *out, const struct resolution *resolution, bool colour)
{
	const struct checkpoint *checkpoint = resolution->checkpoint;
	struct page page = {
		.out = out,
		.name = resolution->filename,
		.checkpoint = checkpoint,
		.checkpoint_name = checkpoint && checkpoint->model.length > 0 ? checkpoint->model
									      : TEXT("checkpoint"),
		.colour = colour,
	};
	if (resolution->source.length > 0)
		lines_index(&page.lines, out->arena, resolution->source);
	return page;
}

void render_findings_text(struct buffer *out, const struct resolution *resolution,
	const struct diagnostic **findings, size_t count, bool colour)
{
	struct page page = begin(out, resolution, colour);
	page_put_findings(&page, findings, count);
}

void render_resolution_text(struct buffer *out, const struct resolution *resolution, bool colour)
{
	struct page page = begin(out, resolution, colour);
	page_put_findings(&page, resolution->findings, resolution->finding_count);
	put_summary(&page, resolution);
}
