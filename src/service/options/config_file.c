/* The configuration file: YAML, one member for each option, read by the reader of configs. */
#include <stdio.h>
#include <string.h>

#include "schema/suggestion.h"
#include "service/options/file.h"
#include "service/options/option_rows.h"
#include "source/document.h"
#include "source/lines.h"

#define FILE_LIMIT ((size_t)256 * 1024)

static const struct document_limits limits = { .depth = 8, .nodes = 4096 };

struct config_file {
	struct options *options;
	struct arena *arena;
	const bool *given;
	struct faults *faults;
	const char *path;
};

static const char *place_of(const struct config_file *file, struct mark place)
{
	const char *text = arena_printf(
		file->arena, "%.160s:%u:%u", file->path, place.line + 1, place.column + 1)
				   .data;
	return text ? text : file->path;
}

static void complain(
	const struct config_file *file, struct mark place, const char *what, struct text subject)
{
	faults_add(file->faults, place_of(file, place), "%s%s%.*s", what,
		subject.length > 0 ? ": " : "", (int)(subject.length > 200 ? 200 : subject.length),
		subject.data);
}

static struct mark problem_mark(const struct config_file *file, const struct document *document,
	const struct document_problem *problem)
{
	struct lines lines;
	if (problem->offset == SIZE_MAX)
		return problem->span.start;
	lines_index(&lines, file->arena, document->bytes);
	return lines_mark(&lines, problem->offset);
}

static void report_problem(
	const struct config_file *file, struct mark place, const struct document_problem *problem)
{
	switch (problem->fault) {
	case FAULT_EMPTY: /* nothing but comments is fine: all defaults */
		break;
	case FAULT_DUPLICATE_KEY:
		complain(file, place, "this option stands twice", problem->key);
		break;
	case FAULT_NOT_A_MAPPING:
		complain(file, place, "write options as `name: value`", problem->detail);
		break;
	case FAULT_MULTIPLE_DOCUMENTS:
		complain(file, place, "a second document begins here", TEXT(""));
		break;
	default:
		complain(file, place, "this cannot be read", problem->detail);
	}
}

/* One value: of an option, or of one item of its list. */
static void take_value(const struct config_file *file, const struct option_row *row,
	const struct node *value, struct mark place)
{
	struct text text = value->written.length > 0 ? value->written : value->text;
	/* Elsewhere `off` is a word like others. */
	if (value->kind == NODE_BOOLEAN && row->kind == OPTION_FLAG)
		text = value->boolean ? TEXT("true") : TEXT("false");
	if (value->kind == NODE_NULL || value->kind == NODE_MAPPING ||
		value->kind == NODE_SEQUENCE) {
		complain(file, place, "a value is missing, or is no plain one", text_of(row->name));
		return;
	}
	const char *copy = arena_copy(file->arena, text).data;
	if (copy && !memchr(copy, '\0', text.length))
		option_set(file->options, row, copy, place_of(file, place), file->faults);
	else
		complain(file, place, "this value cannot be used", text_of(row->name));
}

static void report_unknown(const struct config_file *file, const struct member *member)
{
	const char *names[OPTION_ROWS_MAXIMUM];
	size_t count = 0;
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->kind < OPTION_CONFIG && count < OPTION_ROWS_MAXIMUM)
			names[count++] = row->name;
	const char *near = suggestion_nearest(member->key, names, count);
	struct text subject = member->key;
	if (near)
		subject = arena_printf(file->arena, "%.*s (did you mean %s?)",
			(int)(subject.length > 100 ? 100 : subject.length), subject.data, near);
	complain(file, member->key_span.start, "there is no such option", subject);
}

static void take_member(const struct config_file *file, const struct member *member)
{
	const struct option_row *row = option_find(member->key);
	if (!row || row->kind >= OPTION_CONFIG) {
		report_unknown(file, member);
		return;
	}
	/* What the command line has instead is checked all the same. */
	struct options unused = { 0 };
	struct config_file target = *file;
	if (file->given[row - option_rows])
		target.options = &unused;
	const struct node *value = member->value;
	if (!option_is_list(row) || value->kind != NODE_SEQUENCE) {
		take_value(&target, row, value, member->value_span.start);
		return;
	}
	for (uint32_t i = 0; i < value->count; i++)
		take_value(&target, row, value->items[i], value->items[i]->span.start);
}

void config_file_read(
	struct options *options, struct arena *arena, const bool *given, struct faults *faults)
{
	struct config_file file = { options, arena, given, faults, options->config_file };
	struct document document;
	struct fault unreadable;
	struct text bytes = file_read(arena, file.path, FILE_LIMIT, &unreadable);
	if (!bytes.data) {
		faults_take(faults, "", &unreadable);
		return;
	}
	yaml_read(&document, arena, bytes, &limits);
	if (arena_failed(arena)) {
		faults_add(faults, "", "%s: there is no memory to read it", file.path);
		return;
	}
	for (const struct document_problem *each = document.problems; each; each = each->next)
		report_problem(&file, problem_mark(&file, &document, each), each);
	for (uint32_t i = 0; document.root && i < document.root->count; i++)
		take_member(&file, &document.root->members[i]);
}
