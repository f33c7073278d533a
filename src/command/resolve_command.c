#include "command/files.h"
#include "command/run.h"
#include "render/render.h"

/* Text and diff come from the migrated form; what cannot be migrated is told instead, as JSON, as the service does it. */
static void put_yaml(struct buffer *out, const struct resolution *resolution)
{
	if (resolution->migrated.data)
		buffer_add(out, resolution->migrated);
	else
		render_resolution_json(out, resolution);
}

static void put_diff(struct buffer *out, const struct resolution *resolution)
{
	struct text diff = render_diff(out->arena, resolution);
	if (diff.data)
		buffer_add(out, diff);
	else
		render_resolution_json(out, resolution);
}

static void put(struct session *session, const struct resolution *resolution, struct buffer *out)
{
	switch (session->options->output) {
	case OUTPUT_YAML:
		put_yaml(out, resolution);
		break;
	case OUTPUT_TEXT:
		render_resolution_text(out, resolution, session->colour);
		break;
	case OUTPUT_DIFF:
		put_diff(out, resolution);
		break;
	case OUTPUT_SARIF:
		render_resolution_sarif(out, resolution);
		break;
	default:
		render_resolution_json(out, resolution);
	}
}

static void summarize(const struct session *session, size_t files)
{
	if (files > 1 && !session->options->quiet)
		fprintf(stderr, "quantconf: %zu files: %zu ok, %zu rejected, %zu unreadable\n",
			files, session->ok, session->rejected, session->unreadable);
}

int run_resolve(struct session *session)
{
	const struct command_options *options = session->options;
	bool rewrites = options->output == OUTPUT_YAML || options->output == OUTPUT_DIFF;
	struct file_list files;
	files_collect(&files, options->files, options->file_count);
	if (files.failed)
		session_worsen(session, EXIT_INTERNAL);
	for (size_t i = 0; i < files.count; i++) {
		const struct resolution *resolution =
			session_resolve(session, files.paths[i], rewrites);
		if (!resolution)
			continue;
		struct buffer out;
		buffer_init(&out, &session->arena, 8192);
		put(session, resolution, &out);
		session_put(session, stdout, &out);
	}
	summarize(session, files.count);
	files_release(&files);
	return session->status;
}
