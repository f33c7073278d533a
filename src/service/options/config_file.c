/* The configuration file: YAML, one member for each option, read by the reader of configs. */
#include <stdio.h>
#include <string.h>

#include "schema/suggestion.h"
#include "service/options/file.h"
#include "service/options/option_rows.h"
#include "source/document.h"
#include "source/lines.h"

#define FILE_LIMIT ((size_t)256 * 1024)
#define NAMES_MAXIMUM 64

static const struct document_limits limits = { .depth = 8, .nodes = 4096 };

struct config_file {
	struct options *options;
	struct arena *arena;
	const bool *given;
	struct fault *fault;
	const char *path;
};

/* Always false. */
static bool complain(
	const struct config_file *file, struct mark place, const char *what, struct text subject)
{
	fault_printf(file->fault, "%s:%u:%u: %s%s%.*s", file->path, place.line + 1,
		place.column + 1, what, subject.length > 0 ? ": " : "",
		(int)(subject.length > 200 ? 200 : subject.length), subject.data);
	return false;
}

static bool report_problem(const struct config_file *file, const struct document *document)
{
	const struct document_problem *problem = document->problems;
	struct mark place = problem->span.start;
	if (problem->offset != SIZE_MAX) {
		struct lines lines;
		lines_index(&lines, file->arena, document->bytes);
		place = lines_mark(&lines, problem->offset);
	}
	switch (problem->fault) {
	case FAULT_DUPLICATE_KEY:
		return complain(file, place, "this option stands twice", problem->key);
	case FAULT_NOT_A_MAPPING:
		return complain(file, place, "write options as `name: value`", problem->detail);
	case FAULT_MULTIPLE_DOCUMENTS:
		return complain(file, place, "a second document begins here", problem->detail);
	default:
		return complain(file, place, "this cannot be read", problem->detail);
	}
}

/* One value: of an option, or of one item of its list. */
static bool take_value(const struct config_file *file, const struct option_row *row,
	const struct node *value, struct mark place)
{
	struct text text = value->written.length > 0 ? value->written : value->text;
	char where[256];
	/* Elsewhere `off` is a word like others. */
	if (value->kind == NODE_BOOLEAN && row->kind == OPTION_FLAG)
		text = value->boolean ? TEXT("true") : TEXT("false");
	if (value->kind == NODE_NULL || value->kind == NODE_MAPPING || value->kind == NODE_SEQUENCE)
		return complain(
			file, place, "a value is missing, or is no plain one", text_of(row->name));
	const char *copy = arena_copy(file->arena, text).data;
	if (!copy || memchr(copy, '\0', text.length))
		return complain(file, place, "this value cannot be used", text_of(row->name));
	snprintf(where, sizeof(where), "%.120s:%u:%u: %s: %.60s", file->path, place.line + 1,
		place.column + 1, row->name, copy);
	return option_set(file->options, row, copy, where, file->fault);
}

static bool report_unknown(const struct config_file *file, const struct member *member)
{
	const char *names[NAMES_MAXIMUM];
	size_t count = 0;
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->kind < OPTION_CONFIG && count < NAMES_MAXIMUM)
			names[count++] = row->name;
	const char *near = suggestion_nearest(member->key, names, count);
	struct text subject = member->key;
	if (near)
		subject = arena_printf(file->arena, "%.*s (did you mean %s?)",
			(int)(subject.length > 100 ? 100 : subject.length), subject.data, near);
	return complain(file, member->key_span.start, "there is no such option", subject);
}

static bool take_member(const struct config_file *file, const struct member *member)
{
	const struct option_row *row = option_find(member->key);
	if (!row || row->kind >= OPTION_CONFIG)
		return report_unknown(file, member);
	/* What the command line has instead is checked all the same. */
	struct options unused = { 0 };
	struct config_file target = *file;
	if (file->given[row - option_rows])
		target.options = &unused;
	const struct node *value = member->value;
	if (!option_is_list(row) || value->kind != NODE_SEQUENCE)
		return take_value(&target, row, value, member->value_span.start);
	for (uint32_t i = 0; i < value->count; i++)
		if (!take_value(&target, row, value->items[i], value->items[i]->span.start))
			return false;
	return true;
}

bool config_file_read(
	struct options *options, struct arena *arena, const bool *given, struct fault *ret_fault)
{
	struct config_file file = { options, arena, given, ret_fault, options->config_file };
	struct document document;
	struct text bytes = file_read(arena, file.path, FILE_LIMIT, ret_fault);
	if (!bytes.data)
		return false;
	yaml_read(&document, arena, bytes, &limits);
	if (document.failed) {
		fault_printf(ret_fault, "%s: there is no memory to read it", file.path);
		return false;
	}
	/* Nothing but comments is fine: all defaults. */
	if (document.problems && document.problems->fault == FAULT_EMPTY)
		return true;
	if (document.problems)
		return report_problem(&file, &document);
	for (uint32_t i = 0; i < document.root->count; i++)
		if (!take_member(&file, &document.root->members[i]))
			return false;
	return true;
}
