#include <string.h>

#include "render/render.h"
#include "service/envelope.h"
#include "service/handlers.h"
#include "service/metrics.h"
#include "service/multipart.h"
#include "service/routes.h"
#include "service/settings.h"

static void render_text(struct buffer *out, const struct resolution *resolution)
{
	render_resolution_text(out, resolution, false);
}

static void render_yaml(struct buffer *out, const struct resolution *resolution)
{
	buffer_add(out, resolution->migrated);
}

static void render_unified_diff(struct buffer *out, const struct resolution *resolution)
{
	buffer_add(out, render_diff(out->arena, resolution));
}

/* The forms of a reply, best liked first; the order is that of resolve_types. */
static const struct form {
	const char *content_type;
	void (*render)(struct buffer *out, const struct resolution *resolution);
	bool migrated; /* is made of the migrated text; without one the reply is the resolution, 422 */
} forms[] = {
	{
		.content_type = "application/json",
		.render = render_resolution_json,
	},
	{
		.content_type = "application/yaml",
		.render = render_yaml,
		.migrated = true,
	},
	{
		.content_type = "text/plain; charset=utf-8",
		.render = render_text,
	},
	{
		.content_type = "text/x-diff; charset=utf-8",
		.render = render_unified_diff,
		.migrated = true,
	},
	{
		.content_type = "application/sarif+json",
		.render = render_resolution_sarif,
	},
};

const char *const resolve_types[] = { "application/json", "application/yaml", "text/plain",
	"text/x-diff", "application/sarif+json", NULL };

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

/* What the core is asked, and what its answer becomes. */
struct call {
	struct request *request;
	struct resolve_request ask;
	unsigned rejected_status;
};

/* Takes over values that were checked before; later calls win. */
static void take_settings(struct call *call, const struct parameter *parameters, size_t count)
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

static void refuse_size(struct request *request, const char *what, size_t limit)
{
	request->refusal.parameter = text_of(what);
	request_refuse(request, PROBLEM_BODY_TOO_LARGE,
		arena_printf(&request->arena, "\"%s\" may have at most %zu bytes", what, limit));
}

static void check_size(struct call *call, const char *what, size_t length, size_t limit)
{
	if (length > limit)
		refuse_size(call->request, what, limit);
}

static void take_config_part(struct call *call, const struct part *part)
{
	struct text name = part->filename;
	const char *slash = name.length > 0 ? memrchr(name.data, '/', name.length) : NULL;
	if (slash)
		name = text_from(name, (size_t)(slash - name.data) + 1);
	struct refusal ignored = { 0 };
	const struct parameter filename = { .name = TEXT("filename"), .value = name };
	/* The name of the file is a courtesy: one that could not be a parameter is left out. */
	if (name.length > 0 &&
		parameters_check(resolve_parameters, &filename, 1, &call->request->arena, &ignored))
		call->ask.filename = name;
	call->ask.config = part->contents;
	check_size(call, "config", part->contents.length,
		call->request->settings->limits.config_bytes);
}

static void take_checkpoint_part(struct call *call, const struct part *part)
{
	call->ask.checkpoint = CHECKPOINT_GIVEN;
	call->ask.checkpoint_bytes = part->contents;
	check_size(call, "checkpoint", part->contents.length,
		call->request->settings->limits.checkpoint_bytes);
}

static void refuse_multipart(struct call *call, struct text detail)
{
	static const char *const names[] = { "config", "checkpoint", NULL };
	if (call->request->refusal.problem == PROBLEM_NONE)
		call->request->refusal.allowed = names;
	request_refuse(call->request, PROBLEM_BAD_MULTIPART, detail);
}

static void unpack_multipart(struct call *call)
{
	struct request *request = call->request;
	const struct part *config = NULL, *checkpoint = NULL;
	struct multipart multipart;
	multipart_read(&multipart, &request->arena, request->head.content_type,
		buffer_text(&request->body));
	if (multipart.fault) {
		refuse_multipart(call, text_of(multipart.fault));
		return;
	}
	for (size_t i = 0; i < multipart.count; i++) {
		const struct part *part = &multipart.parts[i];
		bool is_config = text_is(part->name, "config");
		const struct part **slot = is_config ? &config : &checkpoint;
		if (!is_config && !text_is(part->name, "checkpoint"))
			refuse_multipart(call, TEXT("a part has a name that nobody reads"));
		else if (*slot)
			refuse_multipart(call, TEXT("a part comes twice"));
		*slot = part;
	}
	if (!config)
		refuse_multipart(call, TEXT("the part \"config\" is missing"));
	if (config)
		take_config_part(call, config);
	if (checkpoint)
		take_checkpoint_part(call, checkpoint);
}

static void take_envelope(struct call *call, const struct envelope *envelope)
{
	const struct resolve_limits *limits = &call->request->settings->limits;
	if (envelope->bare)
		check_size(call, "config", call->request->body.length, limits->config_bytes);
	if (envelope->config->kind == NODE_STRING) {
		call->ask.config = envelope->config->text;
		check_size(call, "config", call->ask.config.length, limits->config_bytes);
	} else {
		call->ask.config_tree = envelope->config;
		call->ask.config_problems = envelope->config_problems;
	}
	take_settings(call, envelope->options, envelope->option_count);
	if (envelope->checkpoint) {
		call->ask.checkpoint_tree = envelope->checkpoint;
		call->ask.checkpoint = CHECKPOINT_GIVEN;
	}
}

static void unpack_envelope(struct call *call)
{
	struct request *request = call->request;
	struct envelope envelope;
	struct refusal refusal = { 0 };
	bool sound = envelope_read(&envelope, &request->arena, buffer_text(&request->body),
			     &request->settings->limits, &refusal) &&
		     parameters_check(resolve_parameters, envelope.options, envelope.option_count,
			     &request->arena, &refusal);
	if (!sound)
		request->refusal = refusal;
	else if (!arena_failed(&request->arena))
		take_envelope(call, &envelope);
}

static void unpack(struct call *call)
{
	struct request *request = call->request;
	if (request->form == FORM_MULTIPART)
		unpack_multipart(call);
	else if (request->form == FORM_JSON)
		unpack_envelope(call);
	else
		call->ask.config = buffer_text(&request->body);
	bool given = call->ask.checkpoint == CHECKPOINT_GIVEN;
	take_settings(call, request->head.parameters, request->head.parameter_count);
	if (!given || call->ask.checkpoint == CHECKPOINT_GIVEN)
		return;
	request->refusal.parameter = TEXT("checkpoint");
	request_refuse(request, PROBLEM_BAD_PARAMETER,
		TEXT("the body has a checkpoint of its own, and the parameter \"checkpoint\" asks "
		     "for another one: leave one of them out"));
}

static unsigned status_of(const struct call *call, const struct resolution *resolution)
{
	switch (resolution->status) {
	case RESOLUTION_OK:
		return 200;
	case RESOLUTION_REJECTED:
		return call->rejected_status;
	case RESOLUTION_UNREADABLE:
		return 400;
	}
	return 500;
}

static void reply(const struct call *call, const struct resolution *resolution)
{
	struct request *request = call->request;
	const struct form *form = &forms[request->offer];
	unsigned status = status_of(call, resolution);
	if (form->migrated && !resolution->migrated.data) {
		form = &forms[0];
		status = status == 200 ? 422 : status;
	}
	struct buffer out;
	request->errors = resolution->counts[SEVERITY_ERROR];
	request->warnings = resolution->counts[SEVERITY_WARNING];
	metrics_count_resolution(request->metrics, resolution);
	buffer_init(&out, &request->arena, 8192);
	form->render(&out, resolution);
	request_phase(request, PHASE_RENDER);
	request_reply(request, status, form->content_type, &out);
}

void handle_resolve(struct request *request)
{
	struct call call = {
		.request = request,
		.ask = {
			.target = request->settings->options.default_target,
			.limits = &request->settings->limits,
			.roots = request->settings->roots,
		},
		.rejected_status = 422,
	};
	unpack(&call);
	request_phase(request, PHASE_UNPACK);
	if (request->refusal.problem != PROBLEM_NONE || arena_failed(&request->arena))
		return;
	call.ask.include_migrated |= forms[request->offer].migrated;
	const struct resolution *resolution = resolve(&request->arena, &call.ask);
	request_phase(request, PHASE_RESOLVE);
	if (resolution)
		reply(&call, resolution);
}
