#include "service/requests/routes.h"

#include <string.h>

#include "service/requests/call.h"
#include "service/requests/handlers.h"

static const struct form_row resolve_forms[] = {
	{ "application/yaml", FORM_YAML },
	{ "text/yaml", FORM_YAML },
	{ "text/x-yaml", FORM_YAML },
	{ "application/x-yaml", FORM_YAML },
	{ "text/plain", FORM_UNSAID },
	{ "application/x-www-form-urlencoded", FORM_UNSAID },
	{ "", FORM_UNSAID },
	{ "multipart/form-data", FORM_MULTIPART },
	{ "application/json", FORM_JSON },
	{ "text/json", FORM_JSON },
	{ NULL, FORM_NONE },
};

static const struct form_row batch_forms[] = {
	{ "application/yaml", FORM_STREAM },
	{ "text/yaml", FORM_STREAM },
	{ "text/x-yaml", FORM_STREAM },
	{ "application/x-yaml", FORM_STREAM },
	{ "text/plain", FORM_UNSAID_BATCH },
	{ "application/x-www-form-urlencoded", FORM_UNSAID_BATCH },
	{ "", FORM_UNSAID_BATCH },
	{ "application/x-ndjson", FORM_LINES },
	{ "application/jsonl", FORM_LINES },
	{ "application/ndjson", FORM_LINES },
	{ "application/json", FORM_ARRAY },
	{ "text/json", FORM_ARRAY },
	{ NULL, FORM_NONE },
};

static const struct form_row inspect_forms[] = {
	{ "application/json", FORM_CHECKPOINT },
	{ "text/json", FORM_CHECKPOINT },
	{ "text/plain", FORM_CHECKPOINT },
	{ "application/x-www-form-urlencoded", FORM_CHECKPOINT },
	{ "", FORM_CHECKPOINT },
	{ NULL, FORM_NONE },
};

static const char *const json_types[] = { "application/json", NULL };

static const char *const inspect_includes[] = { "exclusions", NULL };
static const char *const model_texts[] = { "a model id or a path below a model root", NULL };
static const char *const revision_texts[] = { "a branch, tag or commit", NULL };

static const struct parameter_row inspect_parameters[] = {
	{ "include", PARAMETER_LIST, inspect_includes },
	{ NULL, PARAMETER_FLAG, NULL },
};

static const struct parameter_row inspect_model_parameters[] = {
	{ "model", PARAMETER_TEXT, model_texts },
	{ "revision", PARAMETER_TEXT, revision_texts },
	{ "include", PARAMETER_LIST, inspect_includes },
	{ NULL, PARAMETER_FLAG, NULL },
};

static const struct parameter_row readiness_parameters[] = {
	{ "verbose", PARAMETER_FLAG, NULL },
	{ NULL, PARAMETER_FLAG, NULL },
};

const struct route routes[] = {
	{
		.path = "/v1/resolve",
		.verb = VERB_POST,
		.handle = handle_resolve,
		.looks_up = true,
		.forms = resolve_forms,
		.types = resolve_types,
		.parameters = resolve_parameters,
	},
	{
		.path = "/v1/batch",
		.verb = VERB_POST,
		.handle = handle_batch,
		.looks_up = true,
		.forms = batch_forms,
		.types = batch_types,
		.parameters = batch_parameters,
	},
	{
		.path = "/v1/inspect",
		.verb = VERB_POST,
		.handle = handle_inspect,
		.forms = inspect_forms,
		.types = inspect_types,
		.parameters = inspect_parameters,
	},
	{
		.path = "/v1/inspect",
		.verb = VERB_GET,
		.handle = handle_inspect_model,
		.looks_up = true,
		.types = inspect_types,
		.parameters = inspect_model_parameters,
	},
	{
		.path = "/v1/rules",
		.verb = VERB_GET,
		.handle = handle_rules,
		.is_static = true,
		.types = json_types,
	},
	{
		.path = "/v1/rules/{id}",
		.verb = VERB_GET,
		.handle = handle_rule,
		.is_static = true,
		.types = json_types,
	},
	{
		.path = "/v1/backends",
		.verb = VERB_GET,
		.handle = handle_backends,
		.is_static = true,
		.types = json_types,
	},
	{
		.path = "/v1/schema",
		.verb = VERB_GET,
		.handle = handle_schema,
		.is_static = true,
		.types = schema_types,
	},
	{
		.path = "/openapi.yaml",
		.verb = VERB_GET,
		.handle = handle_openapi_yaml,
		.is_static = true,
	},
	{
		.path = "/openapi.json",
		.verb = VERB_GET,
		.handle = handle_openapi_json,
		.is_static = true,
	},
	{
		.path = "/healthz",
		.verb = VERB_GET,
		.handle = handle_health,
		.is_open = true,
	},
	{
		.path = "/readyz",
		.verb = VERB_GET,
		.handle = handle_readiness,
		.looks_up = true,
		.is_open = true,
		.parameters = readiness_parameters,
	},
	{
		.path = "/metrics",
		.verb = VERB_GET,
		.handle = handle_metrics,
	},
	{
		.path = "/version",
		.verb = VERB_GET,
		.handle = handle_version,
		.is_static = true,
		.types = json_types,
	},
	{ .path = NULL },
};

enum verb route_verb(struct text method)
{
	static const struct {
		const char *name;
		enum verb verb;
	} known[] = {
		{ "GET", VERB_GET },
		{ "HEAD", VERB_HEAD },
		{ "POST", VERB_POST },
		{ "OPTIONS", VERB_OPTIONS },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(method, known[i].name))
			return known[i].verb;
	return VERB_OTHER;
}

static bool path_matches(const char *pattern, struct text path, struct text *ret_variable)
{
	const char *brace = strchr(pattern, '{');
	if (!brace)
		return text_is(path, pattern);
	size_t fixed = (size_t)(brace - pattern);
	if (path.length <= fixed || memcmp(path.data, pattern, fixed) != 0 ||
		memchr(path.data + fixed, '/', path.length - fixed))
		return false;
	*ret_variable = text_from(path, fixed);
	return true;
}

const struct route *route_find(
	struct text path, enum verb verb, struct text *ret_variable, bool *ret_known)
{
	*ret_known = false;
	for (const struct route *route = routes; route->path; route++) {
		if (!path_matches(route->path, path, ret_variable))
			continue;
		*ret_known = true;
		if (route->verb == verb || (route->verb == VERB_GET && verb == VERB_HEAD))
			return route;
	}
	return NULL;
}

struct text route_allow(struct arena *arena, struct text path)
{
	bool get = false, post = false;
	struct text ignored;
	for (const struct route *route = routes; route->path; route++) {
		bool matches = text_is(path, "*") || path_matches(route->path, path, &ignored);
		get = get || (matches && route->verb == VERB_GET);
		post = post || (matches && route->verb == VERB_POST);
	}
	return arena_printf(arena, "%s%sOPTIONS", get ? "GET, HEAD, " : "", post ? "POST, " : "");
}
