#include "render/render.h"
#include "resolve/resolve.h"
#include "service/handlers.h"
#include "service/server.h"

/* What keeps a body from being a checkpoint at all; other faults are findings of its inspection. */
static const struct checkpoint_problem *fatal_problem(const struct inspection *inspection)
{
	const struct checkpoint_problem *problem = inspection->checkpoint->problems;
	while (problem && problem->fault != CHECKPOINT_UNREADABLE &&
		problem->fault != CHECKPOINT_NOT_AN_OBJECT)
		problem = problem->next;
	return problem;
}

static void count_findings(struct request *request, const struct inspection *inspection)
{
	for (size_t i = 0; i < inspection->finding_count; i++) {
		enum severity severity = inspection->findings[i]->severity;
		request->errors += severity == SEVERITY_ERROR;
		request->warnings += severity == SEVERITY_WARNING;
	}
}

static void reply(struct request *request, const struct inspection *inspection)
{
	struct inspection shown = *inspection;
	struct buffer out;
	const struct parameter *include =
		parameter_find(request->head.parameters, request->head.parameter_count, "include");
	shown.include_exclusions = parameter_lists(include, "exclusions");
	count_findings(request, inspection);
	buffer_init(&out, &request->arena, 4096);
	render_inspection_json(&out, &shown);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, "application/json", &out);
}

void handle_inspect(struct request *request)
{
	const struct inspection *inspection =
		inspect(&request->arena, buffer_text(&request->body), &request->server->limits);
	request_phase(request, PHASE_RESOLVE);
	if (!inspection)
		return;
	const struct checkpoint_problem *problem = fatal_problem(inspection);
	if (problem)
		request_refuse(request, PROBLEM_BAD_CHECKPOINT,
			problem->detail.length > 0 ? problem->detail
						   : TEXT("send a model's config.json"));
	else
		reply(request, inspection);
}

void handle_inspect_model(struct request *request)
{
	if (parameter_find(request->head.parameters, request->head.parameter_count, "model")) {
		request_refuse(request, PROBLEM_UNKNOWN_MODEL, TEXT("no model root is configured"));
		return;
	}
	request->refusal.parameter = TEXT("model");
	request_refuse(request, PROBLEM_BAD_PARAMETER,
		TEXT("the parameter \"model\" is missing: a model id or a path below a model root"));
}
