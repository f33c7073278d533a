#include "command/files.h"
#include "command/run.h"
#include "render/render.h"

/* NULL after having said why not. */
static const struct inspection *inspect_path(struct session *session, const char *path)
{
	const struct inspection *inspection;
	struct text bytes;
	size_t limit = resolve_limits_default.checkpoint_bytes;
	if (file_is_folder(path)) {
		const struct checkpoint *checkpoint = session_folder(&session->arena, path);
		if (!checkpoint)
			return NULL;
		inspection = inspect_found(&session->arena, checkpoint);
	} else if (!file_read(&session->arena, path, limit, &bytes, NULL)) {
		return NULL;
	} else {
		inspection = inspect(&session->arena, bytes, NULL);
	}
	if (!inspection)
		session_starve(session, "inspect", path);
	return inspection;
}

static void put(struct session *session, const struct inspection *inspection)
{
	struct inspection shown = *inspection;
	struct buffer out;
	buffer_init(&out, &session->arena, 8192);
	if (session->options->output != OUTPUT_TEXT) {
		render_inspection_json(&out, &shown);
	} else {
		if (session->options->quiet)
			shown.findings = session_without_notes(
				&session->arena, shown.findings, &shown.finding_count);
		render_inspection_text(&out, &shown, session->colour);
	}
	session_put(session, stdout, &out);
}

static void inspect_file(struct session *session, const char *path)
{
	arena_reset(&session->arena);
	const struct inspection *inspection = inspect_path(session, path);
	if (!inspection) {
		session_worsen(session, EXIT_INTERNAL);
		return;
	}
	enum severity failing = session->options->strict ? SEVERITY_WARNING : SEVERITY_ERROR;
	struct inspection shown = *inspection;
	shown.include_exclusions = session->options->include_exclusions;
	shown.filename = text_of(path);
	for (size_t i = 0; i < shown.finding_count; i++)
		if (shown.findings[i]->severity >= failing)
			session_worsen(session, EXIT_ERRORS);
	put(session, &shown);
}

int run_inspect(struct session *session)
{
	const struct command_options *options = session->options;
	for (size_t i = 0; i < options->file_count; i++)
		inspect_file(session, options->files[i]);
	return session->status;
}
