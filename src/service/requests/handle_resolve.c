#include "base/utf8.h"
#include "render/render.h"
#include "service/requests/call.h"
#include "service/requests/envelope.h"
#include "service/requests/handlers.h"
#include "service/requests/metrics.h"
#include "service/requests/multipart.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

#define NAME_SHOWN 60

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

static void take_config_part(struct call *call, const struct part *part)
{
	struct refusal ignored = { 0 };
	const struct parameter filename = { .name = TEXT("filename"), .value = part->filename };
	/* The name of the file is a courtesy: one that could not be a parameter is left out. */
	if (part->filename.length > 0 &&
		parameters_check(resolve_parameters, &filename, 1, &call->request->arena, &ignored))
		call->ask.filename = part->filename;
	call->ask.config = part->contents;
	call_check_size(call, "config", part->contents.length,
		call->request->settings->limits.config_bytes);
}

static void take_checkpoint_part(struct call *call, const struct part *part)
{
	call->ask.checkpoint = CHECKPOINT_GIVEN;
	call->ask.checkpoint_bytes = part->contents;
	call_check_size(call, "checkpoint", part->contents.length,
		call->request->settings->limits.checkpoint_bytes);
}

static void refuse_multipart(struct call *call, struct text detail)
{
	static const char *const names[] = { "config", "checkpoint", NULL };
	if (call->request->refusal.problem == PROBLEM_NONE)
		call->request->refusal.allowed = names;
	request_refuse(call->request, PROBLEM_BAD_MULTIPART, detail);
}

static struct text part_words(struct request *request, const struct part *part, const char *what)
{
	const char *rest;
	struct text name = utf8_shortened(part->name, NAME_SHOWN, &rest);
	return arena_printf(&request->arena, "%s \"%.*s%s\"", what, TEXT_ARGUMENTS(name), rest);
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
			refuse_multipart(
				call, part_words(request, part, "nobody reads a part named"));
		else if (*slot)
			refuse_multipart(
				call, part_words(request, part, "twice there is a part named"));
		*slot = part;
	}
	if (!config)
		refuse_multipart(call, TEXT("the part \"config\" is missing"));
	if (config)
		take_config_part(call, config);
	if (checkpoint)
		take_checkpoint_part(call, checkpoint);
}

static void unpack(struct call *call)
{
	struct request *request = call->request;
	struct text body = buffer_text(&request->body);
	if (request->form == FORM_MULTIPART)
		unpack_multipart(call);
	else if (request->form == FORM_JSON ||
		 (request->form == FORM_UNSAID && envelope_begins(body)))
		call_take_envelope(call, body);
	else
		call->ask.config = body;
	call_take_query(call);
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
	struct call call = call_begin(request, &request->arena, &request->refusal);
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
