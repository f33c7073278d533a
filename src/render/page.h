/* What the texts for people share: places, findings with the lines they are about, counts. */
#pragma once

#include "base/buffer.h"
#include "resolve/resolution.h"
#include "source/lines.h"

struct page {
	struct buffer *out;
	struct text name;                    /* of what is asked about */
	const struct checkpoint *checkpoint; /* NULL for none */
	struct text checkpoint_name;
	struct lines lines; /* of the text that findings are about; count 0: it is not there */
	struct lines checkpoint_lines; /* made when a place in it is first shown */
	bool colour;
};

#define PAGE_PLAIN "\033[0m"
#define PAGE_STRONG "\033[1m"
#define PAGE_GREEN "\033[1;32m"

/* Nothing where colours are not wanted. */
void page_paint(const struct page *page, const char *colour);
void page_paint_severity(const struct page *page, enum severity severity);
/* "NAME: "; with a line and a column where the place has them. `location` may be NULL. */
void page_put_place(const struct page *page, const struct location *location);
/* Errors first, then warnings, then notes; within these in the order given. */
void page_put_findings(struct page *page, const struct diagnostic *const *findings, size_t count);
/* "1 error, 2 warnings"; nothing that is 0. *separator is what goes before the first, and becomes ", ". */
void page_put_counts(
	struct buffer *out, const size_t counts[SEVERITY_COUNT], const char **separator);
/*
 * "int4, groups of 128", with `before` in front and `after` behind; nothing where nothing is known. What the name of the
 * method says is not said again.
 */
void page_put_scheme(struct buffer *out, const struct scheme *scheme, struct text method,
	const char *before, const char *after);
