#include "command/run.h"
#include "render/render.h"

#include <string.h>

static void put_text(struct session *session, struct text text)
{
	struct buffer out;
	buffer_init(&out, &session->arena, text.length);
	buffer_add(&out, text);
	session_put(session, stdout, &out);
}

static void deliver(struct session *session, const char *path, const struct resolution *resolution)
{
	const struct command_options *options = session->options;
	bool changes = !text_equal(resolution->source, resolution->migrated);
	if (options->check) {
		if (changes) {
			printf("%s would change\n", path);
			session_worsen(session, EXIT_ERRORS);
		}
	} else if (options->diff) {
		put_text(session, render_diff(&session->arena, resolution));
	} else if (!options->in_place || strcmp(path, "-") == 0) {
		put_text(session, resolution->migrated);
	} else if (changes && !file_replace(path, resolution->migrated)) {
		session_fail(session, 1);
		session->ok--;
		return;
	}
	session->changed += changes;
}

/* A config with errors has no other form; one that cannot be rewritten safely stays as it is. Both are told. */
static void migrate_file(struct session *session, const char *path)
{
	const struct resolution *resolution = session_resolve(session, path, true);
	if (!resolution)
		return;
	if (resolution->migrated.data)
		deliver(session, path, resolution);
	else
		session_refuse(session, resolution);
}

static void summarize(const struct session *session, const struct file_list *files)
{
	char parts[128];
	snprintf(parts, sizeof(parts), "%zu %s, %zu as they were", session->changed,
		session->options->in_place ? "changed" : "would change",
		session->ok - session->changed - session->refused);
	session_summarize(session, files, parts);
}

int run_migrate(struct session *session)
{
	const struct command_options *options = session->options;
	struct file_list files;
	files_collect(&files, options->files, options->file_count);
	bool many = files.count > 1 && !options->in_place && !options->diff && !options->check;
	if (many) {
		fputs("quantconf: several files need --in-place, --diff or --check, since their texts "
		      "would run together\n",
			stderr);
		files_release(&files);
		return EXIT_USAGE;
	}
	session_fail(session, files.failed);
	for (size_t i = 0; i < files.count; i++)
		migrate_file(session, files.paths[i]);
	summarize(session, &files);
	files_release(&files);
	return session->status;
}
