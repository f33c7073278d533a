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

/* text.c: for people, as compilers do it: place, severity, message, rule, source line with caret,
 * remedy, summary. */
void render_resolution_text(struct buffer *out, const struct resolution *resolution, bool colour);
