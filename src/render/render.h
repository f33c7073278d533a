/* A resolution as bytes. Pure: the same value always gives the same bytes. */
#pragma once

#include "base/buffer.h"
#include "resolve/resolution.h"

/* json_resolution.c: the reply body, one line, with a line end behind it. */
void render_resolution_json(struct buffer *out, const struct resolution *resolution);
void render_inspection_json(struct buffer *out, const struct inspection *inspection);

/* json_catalogue.c: /v1/rules, /v1/rules/{id}, /v1/backends */
void render_rules_json(struct buffer *out);
void render_rule_json(struct buffer *out, const struct rule *rule);
void render_backends_json(struct buffer *out);
/* json_schema.c: /v1/schema, the same for the config itself. */
void render_schema_json(struct buffer *out);

/* text.c: for people, as compilers do it: place, severity, message, rule, source line with caret,
 * remedy, summary. Errors come first. */
void render_resolution_text(struct buffer *out, const struct resolution *resolution, bool colour);
/* Some of its findings, without the summary. */
void render_findings_text(struct buffer *out, const struct resolution *resolution,
	const struct diagnostic **findings, size_t count, bool colour);
/* text_checkpoint.c: a line that says what it is, more about it, findings as above. */
void render_inspection_text(struct buffer *out, const struct inspection *inspection, bool colour);

/* sarif.c: SARIF 2.1.0, columns in code points. */
void render_resolution_sarif(struct buffer *out, const struct resolution *resolution);
/*
 * The same for several configs: one log with one run, in parts, which may go to buffers of their own. `before`: results
 * that stand in the run already. `complete`: nothing that was asked for could not be read.
 */
void render_sarif_begin(struct buffer *out);
void render_sarif_results(struct buffer *out, const struct resolution *resolution, size_t before);
void render_sarif_end(struct buffer *out, bool complete);

/*
 * diff.c: a unified diff with three lines of context, "" when the texts are equal. Labels are a/NAME and b/NAME; `patch -p1`
 * applies it. What two texts of any size cost is bounded: beyond a bound the changed middle is replaced whole.
 */
struct text diff_unified(
	struct arena *arena, struct text before, struct text after, struct text name);
/* From the user's text to the migrated one; a `data` of NULL when there is none. */
struct text render_diff(struct arena *arena, const struct resolution *resolution);
