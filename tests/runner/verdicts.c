/*
 * Our verdicts beside those that Axolotl's own validators gave, case by case. Where we differ,
 * tests/verdicts.tsv gives the reason; a difference that is not listed there fails, and so does a
 * row that is no longer true. With --list it prints the differences with our errors instead.
 */
#include "runner/support.h"
#include "source/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct document_limits verdict_limits = { .depth = 64, .nodes = 100000 };

enum column {
	COLUMN_CASE,
	COLUMN_TARGET,
	COLUMN_OURS,
	COLUMN_OBSERVED,
	COLUMN_REASON,
	COLUMN_COUNT,
};

struct verdict_row {
	struct text columns[COLUMN_COUNT];
	bool used;
};

struct verdicts {
	struct tally tally;
	struct arena arena; /* of the rows */
	struct verdict_row *rows;
	size_t row_count;
	bool list;
};

static void row_split(struct verdict_row *row, struct text line)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		const char *tab = i + 1 < COLUMN_COUNT && line.length
					  ? memchr(line.data, '\t', line.length)
					  : NULL;
		size_t length = tab ? (size_t)(tab - line.data) : line.length;
		row->columns[i] = (struct text){ .data = line.data, .length = length };
		line = text_from(line, length + 1);
	}
}

static bool rows_read(struct verdicts *verdicts)
{
	const char *source = getenv("srcdir");
	const char *path = path_join(&verdicts->arena, source ? source : ".", "tests/verdicts.tsv");
	struct text text, line;
	if (!tally_check(&verdicts->tally, file_read(&verdicts->arena, path, &text),
		    "%s: cannot be read", path))
		return false;
	size_t lines = 0;
	for (size_t i = 0; i < text.length; i++)
		lines += text.data[i] == '\n';
	verdicts->rows = ARENA_ARRAY(&verdicts->arena, struct verdict_row, lines + 1);
	while (verdicts->rows && text_line(&text, &line)) {
		if (line.length && line.data[0] != '#')
			row_split(&verdicts->rows[verdicts->row_count++], line);
	}
	return verdicts->rows;
}

static struct verdict_row *row_find(
	const struct verdicts *verdicts, struct text id, const char *target)
{
	for (size_t i = 0; i < verdicts->row_count; i++) {
		struct verdict_row *row = &verdicts->rows[i];
		if (text_equal(row->columns[COLUMN_CASE], id) &&
			text_is(row->columns[COLUMN_TARGET], target))
			return row;
	}
	return NULL;
}

static void errors_print(const struct resolution *resolution)
{
	for (size_t i = 0; i < resolution->finding_count; i++) {
		const struct diagnostic *finding = resolution->findings[i];
		if (finding->severity == SEVERITY_ERROR)
			printf("    %s: %.*s\n", finding->rule->id,
				TEXT_ARGUMENTS(finding->message));
	}
}

/* One case under one target. */
static void verdict_check(struct verdicts *verdicts, struct text id,
	const struct resolution *resolution, struct text observed)
{
	const char *target = target_name(resolution->target);
	const char *ours = resolution->counts[SEVERITY_ERROR] ? "reject" : "accept";
	const char *theirs = text_starts_with(observed, "accept") ? "accept" : "reject";
	struct verdict_row *row = row_find(verdicts, id, target);
	if (strcmp(ours, theirs) == 0) {
		tally_check(&verdicts->tally, !row, "%.*s, %s: a row for verdicts that agree",
			TEXT_ARGUMENTS(id), target);
		return;
	}
	if (verdicts->list) {
		printf("%.*s\t%s\t%s\t%s\n", TEXT_ARGUMENTS(id), target, ours, theirs);
		errors_print(resolution);
	}
	if (!tally_check(&verdicts->tally, row, "%.*s, %s: ours %s, observed %s, not listed",
		    TEXT_ARGUMENTS(id), target, ours, theirs))
		return;
	row->used = true;
	tally_check(&verdicts->tally,
		text_is(row->columns[COLUMN_OURS], ours) &&
			text_is(row->columns[COLUMN_OBSERVED], theirs) &&
			row->columns[COLUMN_REASON].length,
		"%.*s, %s: the row says otherwise, or gives no reason", TEXT_ARGUMENTS(id), target);
}

/* The block as a whole config.json. */
static const struct node *checkpoint_wrap(struct arena *arena, const struct node *block)
{
	struct node *root = node_mapping(arena, 1);
	node_put(root, TEXT("quantization_config"), (struct node *)block);
	return root;
}

static void case_check(struct verdicts *verdicts, struct arena *arena, const struct node *record,
	enum target target)
{
	static const char *const generations[] = {
		[TARGET_CANONICAL] = "nested",
		[TARGET_FLAT] = "flat",
	};
	const struct node *id = node_get(record, "id");
	const struct node *observed = node_get(node_get(record, "observed"), generations[target]);
	const struct node *block = node_get(record, "checkpoint_quantization_config");
	if (node_is_null(observed))
		return;
	struct resolve_request request = {
		.config_tree = node_get(record, "config"),
		.target = target,
		.checkpoint = node_is_null(block) ? CHECKPOINT_NO : CHECKPOINT_GIVEN,
	};
	if (!node_is_null(block))
		request.checkpoint_tree = checkpoint_wrap(arena, block);
	const struct resolution *resolution = resolve(arena, &request);
	if (tally_check(
		    &verdicts->tally, resolution, "%.*s: out of memory", TEXT_ARGUMENTS(id->text)))
		verdict_check(verdicts, id->text, resolution, observed->text);
}

static void cases_check(struct verdicts *verdicts, struct text cases)
{
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	struct text line;
	while (text_line(&cases, &line)) {
		struct document document;
		json_read(&document, &arena, line, &verdict_limits);
		if (tally_check(&verdicts->tally, node_get(document.root, "id"), "not a case: %.*s",
			    TEXT_ARGUMENTS(line))) {
			case_check(verdicts, &arena, document.root, TARGET_CANONICAL);
			case_check(verdicts, &arena, document.root, TARGET_FLAT);
		}
		arena_reset(&arena);
	}
	arena_release(&arena);
	for (size_t i = 0; i < verdicts->row_count; i++)
		tally_check(&verdicts->tally, verdicts->rows[i].used, "stale row: %.*s, %.*s",
			TEXT_ARGUMENTS(verdicts->rows[i].columns[COLUMN_CASE]),
			TEXT_ARGUMENTS(verdicts->rows[i].columns[COLUMN_TARGET]));
}

int main(int argc, char **argv)
{
	if (!getenv("QUANTCONF_CORPUS")) {
		puts("skipped: QUANTCONF_CORPUS names no folder of recorded verdicts");
		return EXIT_SKIPPED;
	}
	struct verdicts verdicts = {
		.tally = { .name = "verdicts" },
		.list = argc > 1 && strcmp(argv[1], "--list") == 0,
	};
	arena_init(&verdicts.arena, TEST_MEMORY);
	const char *path = corpus_path(&verdicts.arena, "cases.jsonl");
	struct text cases;
	if (rows_read(&verdicts) &&
		tally_check(&verdicts.tally, file_read(&verdicts.arena, path, &cases),
			"%s: cannot be read", path))
		cases_check(&verdicts, cases);
	int status = tally_finish(&verdicts.tally);
	arena_release(&verdicts.arena);
	return status;
}
