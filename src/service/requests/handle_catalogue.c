#include "render/render.h"
#include "resolve/registry.h"
#include "service/requests/handlers.h"

static const char json_type[] = "application/json";

const char *const schema_types[] = { "application/schema+json", json_type, NULL };

void handle_rules(struct request *request)
{
	struct buffer out;
	buffer_init(&out, &request->arena, (size_t)128 * 1024);
	render_rules_json(&out);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, json_type, &out);
}

void handle_rule(struct request *request)
{
	const struct rule *rule = registry_find(request->variable);
	struct buffer out;
	if (!rule) {
		request_refuse(request, PROBLEM_UNKNOWN_RULE,
			TEXT("GET /v1/rules lists the ids there are"));
		return;
	}
	buffer_init(&out, &request->arena, 4096);
	render_rule_json(&out, rule);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, json_type, &out);
}

void handle_backends(struct request *request)
{
	struct buffer out;
	buffer_init(&out, &request->arena, 8192);
	render_backends_json(&out);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, json_type, &out);
}

void handle_schema(struct request *request)
{
	struct buffer out;
	buffer_init(&out, &request->arena, (size_t)32 * 1024);
	render_schema_json(&out);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, schema_types[request->offer], &out);
}
