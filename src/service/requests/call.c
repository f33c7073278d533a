#include "service/requests/call.h"

#include "service/requests/envelope.h"
#include "service/requests/settings.h"

static const char *const target_words[] = { "canonical", "flat", "released", NULL };
static const char *const boolean_words[] = { "true", "false", NULL };
static const char *const include_words[] = { "migrated", "diff", "exclusions", NULL };
static const char *const invalid_words[] = { "422", "200", NULL };
static const char *const checkpoint_words[] = { "none", "a model id or a path below a model root",
	NULL };
static const char *const filename_words[] = { "1 to 1024 bytes without control characters", NULL };

const struct parameter_row resolve_parameters[] = {
	{ "target", PARAMETER_CHOICE, target_words },
	{ "checkpoint", PARAMETER_TEXT, checkpoint_words },
	{ "require_checkpoint", PARAMETER_CHOICE, boolean_words },
	{ "include", PARAMETER_LIST, include_words },
	{ "on_invalid", PARAMETER_CHOICE, invalid_words },
	{ "filename", PARAMETER_TEXT, filename_words },
	{ NULL, PARAMETER_FLAG, NULL },
};

const struct parameter_row batch_parameters[] = {
	{ "target", PARAMETER_CHOICE, target_words },
	{ "checkpoint", PARAMETER_TEXT, checkpoint_words },
	{ "require_checkpoint", PARAMETER_CHOICE, boolean_words },
	{ "include", PARAMETER_LIST, include_words },
	{ NULL, PARAMETER_FLAG, NULL },
};

struct call call_begin(struct request *request, struct arena *arena, struct refusal *refusal)
{
	return (struct call){
		.request = request,
		.arena = arena,
		.refusal = refusal,
		.ask = {
			.target = request->settings->options.default_target,
			.limits = &request->settings->limits,
			.roots = request->settings->roots,
			.ret_cold = request->may_read ? NULL : &request->cold,
		},
		.rejected_status = 422,
	};
}

void call_take_settings(struct call *call, const struct parameter *parameters, size_t count)
{
	const struct parameter *target = parameter_find(parameters, count, "target");
	const struct parameter *checkpoint = parameter_find(parameters, count, "checkpoint");
	const struct parameter *require = parameter_find(parameters, count, "require_checkpoint");
	const struct parameter *include = parameter_find(parameters, count, "include");
	const struct parameter *on_invalid = parameter_find(parameters, count, "on_invalid");
	const struct parameter *filename = parameter_find(parameters, count, "filename");
	if (target)
		target_from_name(target->value, &call->ask.target);
	if (checkpoint) {
		bool none = text_is(checkpoint->value, "none");
		call->ask.checkpoint = none ? CHECKPOINT_NO : CHECKPOINT_NAMED;
		call->ask.checkpoint_model = none ? TEXT("") : checkpoint->value;
	}
	if (require)
		call->ask.require_checkpoint = text_is(require->value, "true");
	if (include) {
		call->ask.include_migrated = parameter_lists(include, "migrated");
		call->ask.include_diff = parameter_lists(include, "diff");
		call->ask.include_exclusions = parameter_lists(include, "exclusions");
	}
	if (on_invalid)
		call->rejected_status = text_is(on_invalid->value, "200") ? 200 : 422;
	if (filename)
		call->ask.filename = filename->value;
}

static void refuse(
	struct call *call, enum problem problem, const char *parameter, struct text detail)
{
	if (call->refusal->problem != PROBLEM_NONE)
		return;
	call->refusal->problem = problem;
	call->refusal->parameter = text_of(parameter);
	call->refusal->detail = detail;
}

void call_check_size(struct call *call, const char *what, size_t length, size_t limit)
{
	if (length > limit)
		refuse(call, PROBLEM_BODY_TOO_LARGE, what,
			arena_printf(
				call->arena, "\"%s\" may have at most %zu bytes", what, limit));
}

static void refuse_other_checkpoint(struct call *call, const char *what)
{
	refuse(call, PROBLEM_BAD_PARAMETER, "checkpoint",
		arena_printf(call->arena,
			"there is a checkpoint of its own beside the config, and the %s \"checkpoint\" "
			"asks for another one: leave one of them out",
			what));
}

static void take_envelope(struct call *call, const struct envelope *envelope, struct text body)
{
	const struct resolve_limits *limits = call->ask.limits;
	if (envelope->bare)
		call_check_size(call, "config", body.length, limits->config_bytes);
	if (envelope->config->kind == NODE_STRING) {
		call->ask.config = envelope->config->text;
		call_check_size(call, "config", call->ask.config.length, limits->config_bytes);
	} else {
		call->ask.config_tree = envelope->config;
		call->ask.config_problems = envelope->config_problems;
	}
	call_take_settings(call, envelope->options, envelope->option_count);
	if (envelope->checkpoint && call->ask.checkpoint != CHECKPOINT_LOOK_UP)
		refuse_other_checkpoint(call, "option");
	if (envelope->checkpoint) {
		call->ask.checkpoint_tree = envelope->checkpoint;
		call->ask.checkpoint = CHECKPOINT_GIVEN;
	}
}

void call_take_envelope(struct call *call, struct text body)
{
	struct envelope envelope;
	struct refusal refusal = { 0 };
	bool sound = envelope_read(&envelope, call->arena, body, call->ask.limits, &refusal) &&
		     parameters_check(resolve_parameters, envelope.options, envelope.option_count,
			     call->arena, &refusal);
	if (!sound)
		*call->refusal = refusal;
	else if (!arena_failed(call->arena))
		take_envelope(call, &envelope, body);
}

void call_take_query(struct call *call)
{
	const struct head *head = &call->request->head;
	bool given = call->ask.checkpoint == CHECKPOINT_GIVEN;
	call_take_settings(call, head->parameters, head->parameter_count);
	if (given && call->ask.checkpoint != CHECKPOINT_GIVEN)
		refuse_other_checkpoint(call, "parameter");
}
