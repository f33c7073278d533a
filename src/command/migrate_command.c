#include "command/replace.h"
#include "command/run.h"
#include "command/say.h"
#include "render/render.h"

#include <string.h>

static void put_text(struct session *session, struct text text)
{
	struct buffer out;
	buffer_init(&out, &session->arena, text.length);
	buffer_add(&out, text);
	session_put(session, stdout, &out);
}

static void put_check(struct session *session, const char *path, bool changes)
{
	if (!changes)
		return;
	enum target target = session->options->target;
	if (strcmp(path, "-") == 0)
		put_line(stdout, "<stdin> would change");
	else
		put_line(stdout, "%s would change (quantconf migrate --in-place%s%s)", path,
			target == TARGET_CANONICAL ? "" : " --target ",
			target == TARGET_CANONICAL ? "" : target_name(target));
	session_worsen(session, EXIT_ERRORS);
}

/* A name in which `..` stands: patch(1) refuses it. */
static bool climbs(const char *path)
{
	for (const char *at = strstr(path, ".."); at; at = strstr(at + 1, ".."))
		if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

static void put_diff(struct session *session, const struct listed_file *file,
	const struct resolution *resolution, bool changes)
{
	if (!file->target && changes && climbs(file->path))
		say("%s is not below this folder, and no patch is made there: run quantconf and patch "
		    "in a folder above it",
			file->path);
	if (!file->target)
		put_text(session, render_diff(&session->arena, resolution));
	else if (changes)
		say("%s is a link, which no patch changes: see %s", file->path, file->target);
}

/* False when the file stays, after saying why. A link stays one: what it leads to is replaced, if that was asked for. */
static bool put_back(struct session *session, const struct listed_file *file, struct text migrated)
{
	if (file->leaves) {
		say("%s is a link that leads out of %s, to %s: name that file to have it rewritten",
			file->path, file->leaves, file->target);
		session->refused++;
		session_worsen(session, EXIT_ERRORS);
		return false;
	}
	if (file_replace(file->path, &session->read, migrated))
		return true;
	session_fail(session, 1);
	session->ok--;
	return false;
}

static void deliver(struct session *session, const struct listed_file *file,
	const struct resolution *resolution)
{
	const struct command_options *options = session->options;
	bool changes = !text_equal(resolution->source, resolution->migrated);
	tell_of_migrated(session, file->path, resolution);
	if (options->check)
		put_check(session, file->path, changes);
	else if (options->diff)
		put_diff(session, file, resolution, changes);
	else if (!options->in_place || strcmp(file->path, "-") == 0)
		put_text(session, resolution->migrated);
	else if (changes && !put_back(session, file, resolution->migrated))
		return;
	session->changed += changes;
}

/* A config with errors has no other form; one that cannot be rewritten safely stays as it is. Both are told. */
static void migrate_file(struct session *session, const struct listed_file *file)
{
	const struct resolution *resolution = session_resolve(session, file->path, true);
	if (!resolution)
		return;
	if (resolution->migrated.data)
		deliver(session, file, resolution);
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
		say("several files need --in-place, --diff or --check, since their texts would run together");
		files_release(&files);
		return EXIT_USAGE;
	}
	session_fail(session, files.failed);
	for (size_t i = 0; i < files.count; i++)
		migrate_file(session, &files.files[i]);
	summarize(session, &files);
	files_release(&files);
	return session->status;
}
