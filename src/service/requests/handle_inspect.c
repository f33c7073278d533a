#include "render/render.h"
#include "resolve/resolve.h"
#include "service/requests/handlers.h"
#include "service/requests/metrics.h"
#include "service/requests/settings.h"

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

/* The order is that of inspect_types. */
enum offer {
	OFFER_JSON,
	OFFER_TEXT,
};

const char *const inspect_types[] = {
	[OFFER_JSON] = "application/json",
	[OFFER_TEXT] = "text/plain",
	NULL,
};

static void reply(struct request *request, const struct inspection *inspection)
{
	struct inspection shown = *inspection;
	struct buffer out;
	const struct parameter *include =
		parameter_find(request->head.parameters, request->head.parameter_count, "include");
	shown.include_exclusions = parameter_lists(include, "exclusions");
	count_findings(request, inspection);
	metrics_count_findings(request->metrics,
		(const struct diagnostic *const *)inspection->findings, inspection->finding_count);
	buffer_init(&out, &request->arena, 4096);
	bool text = request->offer == OFFER_TEXT;
	if (text)
		render_inspection_text(&out, &shown, false);
	else
		render_inspection_json(&out, &shown);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, text ? "text/plain; charset=utf-8" : "application/json", &out);
}

void handle_inspect(struct request *request)
{
	const struct inspection *inspection =
		inspect(&request->arena, buffer_text(&request->body), &request->settings->limits);
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

static void refuse_lookup(struct request *request, struct roots_answer answer)
{
	static const char *const otherwise[] = {
		[ROOTS_FOUND] = "",
		[ROOTS_NOT_FOUND] = "no model root has this model",
		[ROOTS_NO_REVISION] = "the model is there, but not in this revision",
		[ROOTS_UNREADABLE] = "it cannot be read",
		[ROOTS_CLOSED] = "a model root cannot be opened",
		[ROOTS_REFUSED] = "this is no name below a model root",
		[ROOTS_NO_MEMORY] = "",
		[ROOTS_COLD] = "",
	};
	if (answer.status == ROOTS_NO_MEMORY)
		return; /* the arena has failed: 503 */
	bool revision = answer.status == ROOTS_NO_REVISION ||
			text_starts_with(answer.detail, "of the revision");
	enum problem problem = answer.status == ROOTS_REFUSED       ? PROBLEM_BAD_PARAMETER
			       : answer.status == ROOTS_NO_REVISION ? PROBLEM_UNKNOWN_REVISION
			       : answer.status == ROOTS_UNREADABLE  ? PROBLEM_UNUSABLE_MODEL
								    : PROBLEM_UNKNOWN_MODEL;
	request->refusal.parameter = revision ? TEXT("revision") : TEXT("model");
	struct text detail = answer.detail;
	if (detail.length == 0)
		detail = text_of(otherwise[answer.status]);
	if (answer.status == ROOTS_CLOSED)
		detail = arena_printf(&request->arena,
			"no model root that can be opened has it; %.*s", TEXT_ARGUMENTS(detail));
	request_refuse(request, problem, detail);
}

static void inspect_model(struct request *request, struct text model, struct text revision)
{
	if (!request->settings->roots) {
		request_refuse(request, PROBLEM_UNKNOWN_MODEL,
			TEXT("no model root is configured: start quantconfd with --model-root or "
			     "--hf-cache"));
		return;
	}
	struct roots *roots = request->settings->roots;
	struct roots_answer answer =
		request->may_read ? roots_look_up(roots, &request->arena, model, revision)
				  : roots_look_up_kept(roots, &request->arena, model, revision);
	if (answer.status == ROOTS_COLD) {
		request->cold = text_hash(answer.detail) | 1;
		return;
	}
	if (answer.status != ROOTS_FOUND) {
		refuse_lookup(request, answer);
		return;
	}
	const struct inspection *inspection = inspect_found(&request->arena, answer.checkpoint);
	request_phase(request, PHASE_RESOLVE);
	if (inspection)
		reply(request, inspection);
}

void handle_inspect_model(struct request *request)
{
	const struct parameter *parameters = request->head.parameters;
	size_t count = request->head.parameter_count;
	const struct parameter *model = parameter_find(parameters, count, "model");
	const struct parameter *revision = parameter_find(parameters, count, "revision");
	if (model) {
		inspect_model(request, model->value, revision ? revision->value : TEXT(""));
		return;
	}
	request->refusal.parameter = TEXT("model");
	request_refuse(request, PROBLEM_BAD_PARAMETER,
		TEXT("the parameter \"model\" is missing: a model id or a path below a model root"));
}
