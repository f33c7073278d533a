/* A finding: a rule, the words made for this config, and every place involved. */
#pragma once

#include "schema/rule.h"
#include "source/lines.h"

enum location_source {
	LOCATION_CONFIG,
	LOCATION_CHECKPOINT,
};

/* Lines and columns are 1-based, columns count characters, offsets and lengths bytes of the text as it came (UTF-16, too); the
 * end is exclusive. */
struct location {
	enum location_source source;
	struct text path; /* JSON Pointer; "" for the whole document */
	bool placed;      /* the rest is meaningful; false for configs that came as JSON values */
	uint32_t line;
	uint32_t column;
	uint32_t end_line;
	uint32_t end_column;
	size_t offset;
	size_t length;
};

struct edit {
	size_t offset;
	size_t length;
	struct text text;
	size_t order; /* while edits are sorted: what was added first at a place stands first */
};

struct diagnostic {
	const struct rule *rule;
	enum severity severity;
	struct text message;
	struct text remedy;
	struct location *locations; /* the first is the main one; may be empty */
	size_t location_count;
	struct edit *edits;
	size_t edit_count;
	struct diagnostic *next;
};

/* What is kept at most, of errors and of all others; what goes beyond is only counted. */
#define FINDINGS_MAXIMUM 1000

/* All findings of one resolution. */
struct findings {
	size_t errors_kept;
	size_t kept; /* others */
	size_t left_out;
	struct diagnostic *first;
	struct diagnostic **last;
	size_t counts[SEVERITY_COUNT]; /* those left out, too */
};

/* A named value for a message's placeholder. */
struct word {
	const char *name;
	struct text text;
};

void findings_init(struct findings *findings);
/* Room for one more that is no error, to say that some are left out. */
void findings_make_room(struct findings *findings);
/*
 * Adds a finding with its message and remedy expanded from `words` (an unknown placeholder stays as
 * it is), and room for `locations` places, which the caller fills. NULL when the arena failed, or there are too many.
 */
struct diagnostic *findings_add(struct findings *findings, struct arena *arena,
	const struct rule *rule, enum severity severity, const struct word *words,
	size_t word_count, size_t locations);
/* Sorted by place (findings without one first), then id; returned as an array of counts' sum in the
 * arena. */
const struct diagnostic **findings_sorted(
	const struct findings *findings, struct arena *arena, size_t *ret_count);
/* The location of a span in a document whose lines are indexed. */
struct location location_of(const struct lines *lines, struct span span, struct text path);
/*
 * The next `{name}` of a template, and what stands before it; `rest` moves on behind it. False when
 * there is none: `rest` stays.
 */
bool placeholder_next(struct text *rest, struct text *ret_before, struct text *ret_name);
/* `{name}` in a template replaced by the words. */
struct text message_expand(
	struct arena *arena, const char *format, const struct word *words, size_t count);
/* Appends "/token" to a JSON Pointer with ~ and / escaped. */
struct text pointer_join(struct arena *arena, struct text path, struct text token);
