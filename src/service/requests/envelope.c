#include "service/requests/envelope.h"

#include <string.h>

static const char *const members[] = { "config", "checkpoint", "options", NULL };

static struct text without_blanks(struct text text)
{
	size_t blanks = 0;
	while (blanks < text.length && strchr(" \t\r\n", text.data[blanks]) && text.data[blanks])
		blanks++;
	return text_from(text, blanks);
}

bool envelope_begins(struct text body)
{
	struct text rest = text_starts_with(body, "\xef\xbb\xbf") ? text_from(body, 3) : body;
	rest = without_blanks(rest);
	if (!text_starts_with(rest, "{"))
		return false;
	rest = without_blanks(text_from(rest, 1));
	for (size_t i = 0; members[i]; i++) {
		size_t length = strlen(members[i]) + 2;
		struct text key = text_from(rest, 1);
		if (text_starts_with(rest, "\"") && text_starts_with(key, members[i]) &&
			text_starts_with(text_from(rest, length - 1), "\""))
			return text_starts_with(without_blanks(text_from(rest, length)), ":");
	}
	return false;
}

static bool refuse(struct refusal *refusal, const char *parameter, struct text detail)
{
	refusal->problem = PROBLEM_BAD_ENVELOPE;
	refusal->parameter = text_of(parameter);
	refusal->detail = detail;
	return false;
}

/* The first fault that leaves no tree. */
static const struct document_problem *fatal(const struct document *document)
{
	const struct document_problem *problem = document->problems;
	while (problem && problem->fault == FAULT_DUPLICATE_KEY)
		problem = problem->next;
	return problem;
}

static bool refuse_unreadable(
	struct refusal *refusal, struct arena *arena, const struct document_problem *problem)
{
	if (!problem)
		return refuse(refusal, NULL, TEXT("this cannot be read as JSON"));
	if (problem->fault == FAULT_EMPTY)
		return refuse(refusal, NULL, TEXT("there is nothing here, which is no JSON"));
	return refuse(refusal, NULL,
		arena_printf(arena, "this cannot be read as JSON: %.*s (line %u, column %u)",
			TEXT_ARGUMENTS(problem->detail), problem->span.start.line + 1,
			problem->span.start.column + 1));
}

/* A member of the envelope itself or an option that comes twice: nobody can say which one is meant. */
static bool is_ours(const struct document_problem *problem)
{
	return text_starts_with(problem->path, "/options/") ||
	       (text_starts_with(problem->path, "/") &&
		       text_equal(text_from(problem->path, 1), problem->key));
}

static bool check_duplicates(
	const struct document *document, struct arena *arena, struct refusal *refusal)
{
	const struct document_problem *problem = document->problems;
	for (; problem; problem = problem->next)
		if (problem->fault == FAULT_DUPLICATE_KEY && is_ours(problem))
			return refuse(refusal, NULL,
				arena_printf(arena, "the member \"%.*s\" comes twice",
					TEXT_ARGUMENTS(problem->key)));
	return true;
}

/* The first of what only Python's json takes for JSON, or NULL. */
static const struct node *find_not_finite(const struct node *node)
{
	const struct node *found = NULL;
	if (node->kind == NODE_STRING && !node->quoted)
		return node;
	for (uint32_t i = 0; node->kind == NODE_SEQUENCE && i < node->count && !found; i++)
		found = find_not_finite(node->items[i]);
	for (uint32_t i = 0; node->kind == NODE_MAPPING && i < node->count && !found; i++)
		found = find_not_finite(node->members[i].value);
	return found;
}

/* A checkpoint is what Python wrote; all else is JSON. */
static bool check_finite(const struct node *root, struct arena *arena, struct refusal *refusal)
{
	const struct node *found = NULL;
	bool enveloped = node_get(root, "config");
	for (uint32_t i = 0; i < root->count && !found; i++)
		if (!enveloped || !text_is(root->members[i].key, "checkpoint"))
			found = find_not_finite(root->members[i].value);
	if (!found)
		return true;
	return refuse(refusal, NULL,
		arena_printf(arena,
			"this cannot be read as JSON: outside of a \"checkpoint\" there is no %.*s "
			"(line %u, column %u)",
			TEXT_ARGUMENTS(found->text), found->span.start.line + 1,
			found->span.start.column + 1));
}

static bool check_members(const struct node *root, struct arena *arena, struct refusal *refusal)
{
	for (uint32_t i = 0; i < root->count; i++) {
		struct text key = root->members[i].key;
		bool known = false;
		for (size_t m = 0; members[m]; m++)
			known = known || text_is(key, members[m]);
		key.length = key.length > 64 ? 64 : key.length;
		if (known)
			continue;
		refusal->allowed = members;
		return refuse(refusal, NULL,
			arena_printf(arena,
				"beside \"config\" there may be \"checkpoint\" and \"options\", "
				"not \"%.*s\"",
				TEXT_ARGUMENTS(key)));
	}
	return true;
}

static bool check_config(const struct node *config, const struct document_limits *limits,
	struct arena *arena, struct refusal *refusal)
{
	if (config->kind == NODE_STRING)
		return true;
	if (config->kind != NODE_MAPPING)
		return refuse(refusal, "config",
			TEXT("\"config\" must be a string of YAML, or an object"));
	if (config->weight > limits->nodes || config->height > limits->depth)
		return refuse(refusal, "config",
			arena_printf(arena,
				"a config may have %u values, and %u collections inside each other",
				limits->nodes, limits->depth));
	return true;
}

/* The words of a list with commas between them: `"include": ["diff", "migrated"]`. */
static bool join_words(const struct node *list, struct arena *arena, struct text *ret_words)
{
	struct buffer out;
	buffer_init(&out, arena, 64);
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i]->kind != NODE_STRING)
			return false;
		buffer_add_string(&out, i > 0 ? "," : "");
		buffer_add(&out, list->items[i]->text);
	}
	*ret_words = buffer_text(&out);
	return true;
}

/* False for what no option can be. */
static bool read_option(struct parameter *option, const struct node *node, struct arena *arena)
{
	switch (node->kind) {
	case NODE_NULL:
		option->form = VALUE_ABSENT;
		return true;
	case NODE_STRING:
		option->value = node->text;
		return true;
	case NODE_INTEGER:
		option->form = VALUE_WORD;
		option->value = node->text;
		return true;
	case NODE_BOOLEAN:
		option->form = VALUE_WORD;
		option->value = node->boolean ? TEXT("true") : TEXT("false");
		return true;
	case NODE_SEQUENCE:
		option->form = VALUE_LIST;
		return join_words(node, arena, &option->value);
	default:
		return false;
	}
}

static bool take_options(struct envelope *envelope, const struct node *options, struct arena *arena,
	struct refusal *refusal)
{
	if (options->kind != NODE_MAPPING)
		return refuse(refusal, "options", TEXT("\"options\" must be an object"));
	envelope->options = ARENA_ARRAY(arena, struct parameter, options->count);
	for (uint32_t i = 0; envelope->options && i < options->count; i++) {
		struct text name = options->members[i].key;
		struct parameter *option = &envelope->options[envelope->option_count++];
		option->name = name;
		name.length = name.length > 64 ? 64 : name.length;
		if (!read_option(option, options->members[i].value, arena))
			return refuse(refusal, "options",
				arena_printf(arena,
					"the option \"%.*s\" must be a string, a number, true, "
					"false or a list of strings",
					TEXT_ARGUMENTS(name)));
	}
	return true;
}

static bool take_members(struct envelope *envelope, const struct node *root, struct arena *arena,
	struct refusal *refusal)
{
	const struct node *options = node_get(root, "options");
	envelope->checkpoint = node_get(root, "checkpoint");
	if (node_is_null(envelope->checkpoint))
		envelope->checkpoint = NULL;
	else if (envelope->checkpoint->kind != NODE_MAPPING)
		return refuse(refusal, "checkpoint",
			TEXT("\"checkpoint\" must be an object (a model's config.json) or null"));
	return node_is_null(options) || take_options(envelope, options, arena, refusal);
}

/* The problems inside "config", with paths that begin there. */
static const struct document_problem *inside_config(
	const struct document_problem *problem, struct arena *arena)
{
	static const char prefix[] = "/config/";
	struct document_problem *first = NULL, **last = &first;
	for (; problem; problem = problem->next) {
		struct document_problem *copy = text_starts_with(problem->path, prefix)
							? ARENA_NEW(arena, struct document_problem)
							: NULL;
		if (!copy)
			continue;
		*copy = *problem;
		copy->path = text_from(problem->path, sizeof(prefix) - 2);
		copy->next = NULL;
		*last = copy;
		last = &copy->next;
	}
	return first;
}

/* A config has no such mappings; whoever sends them has forgotten, or misspelt, the "config" beside them. */
static bool check_bare(const struct node *root, struct refusal *refusal)
{
	for (size_t i = 1; members[i]; i++) {
		const struct node *member = node_get(root, members[i]);
		if (!member || member->kind != NODE_MAPPING)
			continue;
		refusal->allowed = members;
		return refuse(refusal, "config",
			TEXT("\"checkpoint\" and \"options\" need a \"config\" beside them"));
	}
	return true;
}

bool envelope_read(struct envelope *envelope, struct arena *arena, struct text body,
	const struct resolve_limits *limits, struct refusal *ret_refusal)
{
	/* Room for both, and for the envelope around them. */
	const struct document_limits whole = {
		.depth = limits->config.depth + 1,
		.nodes = limits->config.nodes + limits->checkpoint.nodes,
	};
	struct document document = { 0 };
	*envelope = (struct envelope){ 0 };
	json_read(&document, arena, body, &whole);
	if (arena_failed(arena))
		return true;
	if (!document.root || fatal(&document))
		return refuse_unreadable(ret_refusal, arena, fatal(&document));
	if (document.root->kind != NODE_MAPPING)
		return refuse(ret_refusal, NULL, TEXT("an envelope must be a JSON object"));
	if (document.not_finite && !check_finite(document.root, arena, ret_refusal))
		return false;
	envelope->config = node_get(document.root, "config");
	envelope->bare = !envelope->config;
	envelope->config_problems =
		envelope->bare ? document.problems : inside_config(document.problems, arena);
	if (envelope->bare) {
		envelope->config = document.root;
		return check_bare(document.root, ret_refusal) &&
		       check_config(envelope->config, &limits->config, arena, ret_refusal);
	}
	return check_duplicates(&document, arena, ret_refusal) &&
	       check_members(document.root, arena, ret_refusal) &&
	       check_config(envelope->config, &limits->config, arena, ret_refusal) &&
	       take_members(envelope, document.root, arena, ret_refusal);
}
