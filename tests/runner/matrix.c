/*
 * Requests against checkpoints of every method of the catalogue: tests/matrix.tsv says, in words of
 * its own, what stage load finds and what takes effect. Every method must come up in it, and every
 * request beside every checkpoint.
 */
#include "render/render.h"
#include "runner/support.h"
#include "source/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 5
#define NAMED_MAXIMUM 128
#define EXPECTED_MAXIMUM 1024
#define NOTHING                                                                                    \
	"{\"load_in_4bit\": false, \"load_in_8bit\": false, \"quantization\": {\"source\": "       \
	"\"none\", \"backend\": null, \"quant_method\": null, \"weight_bits\": null, "             \
	"\"installs\": null}}"

static const struct document_limits matrix_limits = { .depth = 64, .nodes = 100000 };

struct named {
	struct text columns[COLUMNS]; /* kind, name, contents, effective, effective otherwise */
};

struct matrix {
	struct tally tally;
	struct arena kept;  /* the table */
	struct arena arena; /* one case */
	struct named rows[NAMED_MAXIMUM];
	size_t row_count;
	bool methods[METHOD_COUNT];                         /* that a checkpoint of the table has */
	unsigned char pairs[NAMED_MAXIMUM * NAMED_MAXIMUM]; /* how often each stands there */
	struct text request, checkpoint;
};

static struct text column_next(struct text *rest, char separator)
{
	const char *end = rest->length ? memchr(rest->data, separator, rest->length) : NULL;
	size_t length = end ? (size_t)(end - rest->data) : rest->length;
	struct text column = { .data = rest->data, .length = length };
	*rest = text_from(*rest, length + 1);
	return column;
}

static const struct named *named_find(
	const struct matrix *matrix, const char *kind, struct text name)
{
	for (size_t i = 0; i < matrix->row_count; i++) {
		const struct named *row = &matrix->rows[i];
		if (text_is(row->columns[0], kind) && text_equal(row->columns[1], name))
			return row;
	}
	return NULL;
}

static const struct node *value_read(struct matrix *matrix, struct text json)
{
	struct document document;
	json_read(&document, &matrix->arena, json, &matrix_limits);
	return document.root;
}

/* Every member of `part`, at any depth, is the same in `whole`. */
static bool node_within(const struct node *part, const struct node *whole)
{
	if (node_is_null(part) || node_is_null(whole))
		return node_is_null(part) && node_is_null(whole);
	if (part->kind != NODE_MAPPING)
		return node_equal(part, whole);
	for (uint32_t i = 0; i < part->count; i++) {
		const struct member *member = &part->members[i];
		const struct member *other = node_member(whole, member->key);
		if (!other || !node_within(member->value, other->value))
			return false;
	}
	return true;
}

static struct text findings_of(char *out, const struct resolution *resolution)
{
	static const char letters[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = 'E',
		[SEVERITY_WARNING] = 'W',
		[SEVERITY_NOTE] = 'N',
	};
	const struct diagnostic *sorted[16];
	size_t count = 0, length = 0;
	for (size_t i = 0; i < resolution->finding_count && count < 16; i++) {
		const struct diagnostic *finding = resolution->findings[i];
		if (finding->rule->stage != STAGE_LOAD)
			continue;
		size_t at = count++;
		for (; at > 0 && strcmp(sorted[at - 1]->rule->id, finding->rule->id) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = finding;
	}
	for (size_t i = 0; i < count && length < EXPECTED_MAXIMUM; i++)
		length += (size_t)snprintf(out + length, EXPECTED_MAXIMUM - length, "%s%c:%s",
			i ? " " : "", letters[sorted[i]->severity], sorted[i]->rule->id);
	return count ? (struct text){ .data = out, .length = length } : TEXT("-");
}

static struct text effective_json(struct matrix *matrix, const struct resolution *resolution)
{
	struct buffer out;
	buffer_init(&out, &matrix->arena, 4096);
	render_resolution_json(&out, resolution);
	return buffer_text(&out);
}

static void effective_check(
	struct matrix *matrix, const struct resolution *resolution, struct text expected)
{
	struct text json = effective_json(matrix, resolution);
	const struct node *effective = node_get(value_read(matrix, json), "effective");
	const struct node *part = value_read(matrix, expected);
	tally_check(&matrix->tally, part && node_within(part, effective),
		"%.*s, %.*s: expected effective %.*s in %.*s", TEXT_ARGUMENTS(matrix->request),
		TEXT_ARGUMENTS(matrix->checkpoint), TEXT_ARGUMENTS(expected), TEXT_ARGUMENTS(json));
}

static void winner_check(struct matrix *matrix, const struct resolution *resolution,
	struct text winner, const struct named *request, const struct named *checkpoint)
{
	if (text_is(winner, "rejected")) {
		tally_check(&matrix->tally, !resolution->effective && !resolution->canonical,
			"%.*s, %.*s: not rejected", TEXT_ARGUMENTS(matrix->request),
			TEXT_ARGUMENTS(matrix->checkpoint));
		return;
	}
	if (text_is(winner, "override")) {
		struct text name = arena_printf(&matrix->arena, "%.*s+%.*s",
			TEXT_ARGUMENTS(matrix->request), TEXT_ARGUMENTS(matrix->checkpoint));
		const struct named *both = named_find(matrix, "override", name);
		if (tally_check(&matrix->tally, both, "%.*s: no override of that name",
			    TEXT_ARGUMENTS(name)))
			effective_check(matrix, resolution, both->columns[2]);
		return;
	}
	if (text_is(winner, "config")) {
		effective_check(matrix, resolution, request->columns[3]);
		return;
	}
	effective_check(matrix, resolution, request->columns[4]);
	effective_check(matrix, resolution,
		text_is(winner, "none") ? TEXT(NOTHING) : checkpoint->columns[3]);
}

static void method_note(struct matrix *matrix, const struct resolution *resolution)
{
	if (resolution->checkpoint && resolution->checkpoint->method)
		matrix->methods[resolution->checkpoint->method->method] = true;
}

static void pair_note(
	struct matrix *matrix, const struct named *request, const struct named *checkpoint)
{
	size_t pair = (size_t)(request - matrix->rows) * NAMED_MAXIMUM +
		      (size_t)(checkpoint - matrix->rows);
	tally_check(&matrix->tally, matrix->pairs[pair]++ == 0, "%.*s, %.*s: stands twice",
		TEXT_ARGUMENTS(matrix->request), TEXT_ARGUMENTS(matrix->checkpoint));
}

static void case_check(struct matrix *matrix, struct text expected, struct text winner)
{
	const struct named *request = named_find(matrix, "request", matrix->request);
	const struct named *checkpoint = named_find(matrix, "checkpoint", matrix->checkpoint);
	if (!tally_check(&matrix->tally, request && checkpoint, "%.*s, %.*s: no such name",
		    TEXT_ARGUMENTS(matrix->request), TEXT_ARGUMENTS(matrix->checkpoint)))
		return;
	pair_note(matrix, request, checkpoint);
	struct resolve_request asked = {
		.config = request->columns[2],
		.checkpoint = CHECKPOINT_GIVEN,
		.checkpoint_bytes = checkpoint->columns[2],
	};
	const struct resolution *resolution = resolve(&matrix->arena, &asked);
	if (!tally_check(&matrix->tally, resolution, "out of memory"))
		return;
	char found[EXPECTED_MAXIMUM];
	struct text findings = findings_of(found, resolution);
	method_note(matrix, resolution);
	tally_check(&matrix->tally, text_equal(findings, expected),
		"%.*s, %.*s: expected %.*s, found %.*s", TEXT_ARGUMENTS(matrix->request),
		TEXT_ARGUMENTS(matrix->checkpoint), TEXT_ARGUMENTS(expected),
		TEXT_ARGUMENTS(findings));
	winner_check(matrix, resolution, winner, request, checkpoint);
}

static void line_check(struct matrix *matrix, struct text line)
{
	struct text columns[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++)
		columns[i] = column_next(&line, '\t');
	if (!text_is(columns[0], "row")) {
		if (tally_check(
			    &matrix->tally, matrix->row_count < NAMED_MAXIMUM, "too many names"))
			memcpy(matrix->rows[matrix->row_count++].columns, columns, sizeof(columns));
		return;
	}
	matrix->request = columns[1];
	while (columns[2].length) {
		matrix->checkpoint = column_next(&columns[2], ' ');
		case_check(matrix, columns[3], columns[4]);
		arena_reset(&matrix->arena);
	}
}

static void methods_check(struct matrix *matrix)
{
	for (size_t i = 0; i < method_row_count; i++)
		tally_check(&matrix->tally, matrix->methods[method_rows[i].method],
			"no checkpoint of the table has method %s", method_rows[i].name);
}

/* Every request beside every checkpoint. */
static void pairs_check(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->row_count; i++)
		for (size_t k = 0; k < matrix->row_count; k++) {
			const struct text *a = matrix->rows[i].columns;
			const struct text *b = matrix->rows[k].columns;
			if (text_is(a[0], "request") && text_is(b[0], "checkpoint"))
				tally_check(&matrix->tally, matrix->pairs[i * NAMED_MAXIMUM + k],
					"%.*s, %.*s: no row", TEXT_ARGUMENTS(a[1]),
					TEXT_ARGUMENTS(b[1]));
		}
}

int main(void)
{
	struct matrix matrix = { .tally = { .name = "matrix" } };
	arena_init(&matrix.kept, TEST_MEMORY);
	arena_init(&matrix.arena, TEST_MEMORY);
	const char *source = getenv("srcdir");
	const char *path = path_join(&matrix.kept, source ? source : ".", "tests/matrix.tsv");
	struct text text, line;
	if (tally_check(&matrix.tally, file_read(&matrix.kept, path, &text), "%s: cannot be read",
		    path)) {
		while (text_line(&text, &line))
			if (line.length && line.data[0] != '#')
				line_check(&matrix, line);
		methods_check(&matrix);
		pairs_check(&matrix);
	}
	int status = tally_finish(&matrix.tally);
	arena_release(&matrix.arena);
	arena_release(&matrix.kept);
	return status;
}
