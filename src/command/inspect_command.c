#include "command/files.h"
#include "command/run.h"
#include "render/render.h"

static void inspect_file(struct session *session, const char *path)
{
	struct text bytes;
	arena_reset(&session->arena);
	size_t limit = resolve_limits_default.checkpoint_bytes;
	if (!file_read_checkpoint(&session->arena, path, limit, &bytes)) {
		session_worsen(session, EXIT_INTERNAL);
		return;
	}
	const struct inspection *inspection = inspect(&session->arena, bytes, NULL);
	struct buffer out;
	buffer_init(&out, &session->arena, 8192);
	if (inspection)
		render_inspection_json(&out, inspection);
	for (size_t i = 0; inspection && i < inspection->finding_count; i++)
		if (inspection->findings[i]->severity == SEVERITY_ERROR)
			session_worsen(session, EXIT_ERRORS);
	session_put(session, stdout, &out);
}

int run_inspect(struct session *session)
{
	const struct command_options *options = session->options;
	for (size_t i = 0; i < options->file_count; i++)
		inspect_file(session, options->files[i]);
	return session->status;
}
