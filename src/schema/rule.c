#include "schema/rule.h"

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_SYNTAX] = "syntax",
	[STAGE_SCHEMA] = "schema",
	[STAGE_VALIDATION] = "validation",
	[STAGE_LOAD] = "load",
};

static const char *const severity_names[SEVERITY_COUNT] = {
	[SEVERITY_NONE] = "none",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

bool rule_is_of_spelling(const struct rule *rule)
{
	struct text id = text_of(rule->id);
	return text_starts_with(id, "deprecated-") || text_is(id, "other-dialect");
}

const char *stage_name(enum stage stage)
{
	return stage_names[stage];
}

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

const char *rule_advice(const struct rule *rule)
{
	return rule->advice ? rule->advice : rule->remedy;
}
