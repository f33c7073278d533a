/* The readers' faults as findings. */
#include "resolve/fix.h"
#include "resolve/resolver.h"

static const char *const fault_rules[] = {
	[FAULT_SYNTAX] = "yaml-syntax",
	[FAULT_ENCODING] = "yaml-encoding",
	[FAULT_DEPTH] = "yaml-limit",
	[FAULT_NODES] = "yaml-limit",
	[FAULT_MULTIPLE_DOCUMENTS] = "yaml-multiple-documents",
	[FAULT_EMPTY] = "yaml-empty",
	[FAULT_NOT_A_MAPPING] = "yaml-not-a-mapping",
	[FAULT_UNKNOWN_TAG] = "yaml-unknown-tag",
	[FAULT_DUPLICATE_KEY] = "duplicate-key",
};

/* The decisive key that a path leads to or into; only what asks for the base quantization counts below the top. */
static enum key decisive_key(struct text path)
{
	struct text name = text_from(path, 1);
	size_t end = 0;
	while (end < name.length && name.data[end] != '/')
		end++;
	bool top = end == name.length;
	struct text first = { name.data, end };
	const struct known_key *known = known_key_find(first, text_hash(first));
	if (!known || top)
		return known ? known->key : KEY_NONE;
	if (known->key == KEY_MODEL_QUANTIZATION_CONFIG ||
		known->key == KEY_MODEL_QUANTIZATION_CONFIG_KWARGS)
		return known->key;
	struct text below = text_from(name, end + 1);
	bool mine = text_is(below, "backend") || text_is(below, "weight_dtype") ||
		    text_is(below, "group_size");
	return known->key == KEY_PEFT && mine ? known->key : KEY_NONE;
}

/* "is true here and false in line 2" */
static struct text both_values(struct arena *arena, const struct document_problem *problem,
	struct text earlier, bool has_lines)
{
	struct text later = value_words(arena, problem->value);
	struct text before = problem->replaced ? value_words(arena, problem->replaced->member.value)
					       : TEXT("something else");
	if (text_equal(later, before))
		return arena_printf(
			arena, "stands %.*s already with another value", TEXT_ARGUMENTS(earlier));
	return arena_printf(arena, "is %.*s%s %.*s %.*s", TEXT_ARGUMENTS(later),
		has_lines ? " here and" : ", and before that", TEXT_ARGUMENTS(before),
		TEXT_ARGUMENTS(earlier));
}

static void report_duplicate(struct resolver *resolver, const struct document_problem *problem)
{
	enum key key = decisive_key(problem->path);
	bool decisive = key != KEY_NONE && problem->value;
	bool has_lines = !resolver->request->config_tree;
	struct text earlier = has_lines ? arena_printf(resolver->arena, "in line %u",
						  problem->other.start.line + 1)
					: TEXT("in the same object");
	const struct word words[] = {
		{ "key", problem->key },
		{ "earlier", earlier },
		{ "values", decisive ? both_values(resolver->arena, problem, earlier, has_lines)
				     : TEXT("") },
		{ NULL, TEXT("") },
	};
	const struct place places[] = {
		{ .path = problem->path, .span = problem->span },
		{ .path = problem->path, .span = problem->other },
	};
	if (decisive)
		resolver->facts.faulty[key] = true;
	const char *rule = decisive ? "duplicate-decisive-key" : "duplicate-key";
	struct diagnostic *diagnostic = report(resolver, rule, words, places, has_lines ? 2 : 1);
	if (!decisive && problem->replaced)
		fix_remove_replaced(resolver, diagnostic, problem->replaced);
}

static struct text limit_words(struct resolver *resolver, const struct document_problem *problem)
{
	const struct document_limits *limits = &resolver->limits->config;
	if (problem->fault == FAULT_DEPTH)
		return arena_printf(resolver->arena, "%u levels", limits->depth);
	return arena_printf(resolver->arena, "%u nodes", limits->nodes);
}

static void report_fault(struct resolver *resolver, const struct document_problem *problem)
{
	const struct word words[] = {
		{ "detail", problem->detail },
		{ "limit", limit_words(resolver, problem) },
		{ NULL, TEXT("") },
	};
	const struct place place = { .path = TEXT(""), .span = problem->span };
	report(resolver, fault_rules[problem->fault], words, &place, 1);
}

void report_document(struct resolver *resolver, const struct document_problem *problems)
{
	for (; problems; problems = problems->next) {
		if (problems->fault == FAULT_DUPLICATE_KEY)
			report_duplicate(resolver, problems);
		else
			report_fault(resolver, problems);
	}
}
