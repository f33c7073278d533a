#include "command/run.h"
#include "command/say.h"
#include "render/render.h"

/* Text and diff come from the migrated form; where there is none, nothing goes where it is waited for. */
static void put_migrated(struct session *session, const char *path,
	const struct resolution *resolution, struct buffer *out)
{
	if (!resolution->migrated.data) {
		session_refuse(session, resolution);
		return;
	}
	tell_of_migrated(session, path, resolution);
	if (session->options->output == OUTPUT_YAML)
		buffer_add(out, resolution->migrated);
	else
		buffer_add(out, render_diff(out->arena, resolution));
}

static void put(struct session *session, const char *path, const struct resolution *resolution,
	struct buffer *out)
{
	switch (session->options->output) {
	case OUTPUT_YAML:
	case OUTPUT_DIFF:
		put_migrated(session, path, resolution, out);
		break;
	case OUTPUT_TEXT:
		session_put_text(session, out, resolution, session->colour);
		break;
	case OUTPUT_SARIF:
		render_sarif_results(out, resolution, session->findings);
		break;
	default:
		render_resolution_json(out, resolution);
	}
}

/* Before the first answer and behind the last one: together they are one log. */
static void frame_sarif(struct session *session, bool begins)
{
	struct buffer out;
	if (session->options->output != OUTPUT_SARIF)
		return;
	arena_reset(&session->arena);
	/* The end has room in what the arena kept: a log that began is ended, whatever memory there is. */
	buffer_init(&out, &session->arena, begins ? 32 * 1024 : 1024);
	if (begins)
		render_sarif_begin(&out);
	else
		render_sarif_end(&out, session->failed == 0);
	session_put(session, stdout, &out);
}

static void resolve_file(struct session *session, const char *path)
{
	bool rewrites =
		session->options->output == OUTPUT_YAML || session->options->output == OUTPUT_DIFF;
	const struct resolution *resolution = session_resolve(session, path, rewrites);
	struct buffer out;
	if (!resolution)
		return;
	if (!rewrites && session->options->strict && resolution->counts[SEVERITY_WARNING] > 0)
		session_worsen(session, EXIT_ERRORS);
	buffer_init(&out, &session->arena, 8192);
	put(session, path, resolution, &out);
	session_put(session, stdout, &out);
	session->findings += resolution->finding_count;
}

static void summarize(const struct session *session, const struct file_list *files)
{
	char parts[64];
	snprintf(parts, sizeof(parts), "%zu ok", session->ok - session->refused);
	session_summarize(session, files, parts);
}

int run_resolve(struct session *session)
{
	const struct command_options *options = session->options;
	struct file_list files;
	files_collect(&files, options->files, options->file_count);
	if (files.count > 1 && options->output == OUTPUT_YAML) {
		say("several files need another form than yaml, since their texts would run together; "
		    "quantconf migrate --in-place rewrites many");
		files_release(&files);
		return EXIT_USAGE;
	}
	session_fail(session, files.failed);
	frame_sarif(session, true);
	for (size_t i = 0; i < files.count; i++)
		resolve_file(session, files.files[i].path);
	frame_sarif(session, false);
	summarize(session, &files);
	files_release(&files);
	return session->status;
}
