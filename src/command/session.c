#include "command/run.h"
#include "command/say.h"
#include "render/render.h"

#include <string.h>

void session_worsen(struct session *session, int status)
{
	if (status > session->status)
		session->status = status;
}

void session_fail(struct session *session, size_t count)
{
	session->failed += count;
	if (count > 0)
		session_worsen(session, EXIT_INTERNAL);
}

void session_summarize(
	const struct session *session, const struct file_list *files, const char *parts)
{
	size_t count = files->count;
	if (session->options->quiet || (count <= 1 && !files->folders))
		return;
	fprintf(stderr, "quantconf: %zu file%s: %s, %zu rejected, %zu unreadable", count,
		count == 1 ? "" : "s", parts, session->rejected, session->unreadable);
	if (session->refused > 0)
		fprintf(stderr, ", %zu refused", session->refused);
	if (session->failed > 0)
		fprintf(stderr, ", %zu failed", session->failed);
	fputs("\n", stderr);
}

static void count(struct session *session, const struct resolution *resolution)
{
	if (resolution->status == RESOLUTION_UNREADABLE)
		session->unreadable++;
	else if (resolution->status == RESOLUTION_REJECTED)
		session->rejected++;
	else
		session->ok++;
	if (resolution->status != RESOLUTION_OK)
		session_worsen(session, EXIT_ERRORS);
}

static void choose_checkpoint(const struct session *session, struct resolve_request *request)
{
	const char *checkpoint = session->options->checkpoint;
	request->roots = session->roots;
	if (session->found) {
		request->checkpoint = CHECKPOINT_GIVEN;
		request->checkpoint_found = session->found;
	} else if (session->checkpoint.data) {
		request->checkpoint = CHECKPOINT_GIVEN;
		request->checkpoint_bytes = session->checkpoint;
	} else if (checkpoint && strcmp(checkpoint, "none") == 0) {
		request->checkpoint = CHECKPOINT_NO;
	}
}

const struct resolution *session_resolve_text(
	struct session *session, const char *path, struct text config, bool migrated)
{
	const struct command_options *options = session->options;
	struct resolve_request request = {
		.config = config,
		.filename = strcmp(path, "-") == 0 ? TEXT("<stdin>") : text_of(path),
		.target = options->target,
		.require_checkpoint = options->require_checkpoint,
		.include_exclusions = options->include_exclusions,
		.include_migrated = migrated,
	};
	choose_checkpoint(session, &request);
	const struct resolution *resolution = resolve(&session->arena, &request);
	if (resolution)
		return resolution;
	session_starve(session, "resolve", path);
	return NULL;
}

const struct resolution *session_resolve(struct session *session, const char *path, bool migrated)
{
	struct text config;
	arena_reset(&session->arena);
	size_t limit = resolve_limits_default.config_bytes;
	if (!file_read(&session->arena, path, limit, &config, &session->read)) {
		session_fail(session, 1);
		return NULL;
	}
	const struct resolution *resolution = session_resolve_text(session, path, config, migrated);
	if (resolution)
		count(session, resolution);
	return resolution;
}

void session_starve(struct session *session, const char *doing, const char *what)
{
	say("not enough memory to %s %s", doing, what);
	session_fail(session, 1);
}

void session_put(struct session *session, FILE *to, const struct buffer *out)
{
	struct text text = buffer_text(out);
	if (arena_failed(out->arena))
		session_starve(session, "write", "the result");
	else if (fwrite(text.data, 1, text.length, to) != text.length)
		session_worsen(session, EXIT_INTERNAL); /* main() says why */
}

const struct diagnostic **session_without_notes(
	struct arena *arena, const struct diagnostic **findings, size_t *count)
{
	const struct diagnostic **shown = ARENA_ARRAY(arena, const struct diagnostic *, *count + 1);
	size_t kept = 0;
	if (!shown)
		return findings;
	for (size_t i = 0; i < *count; i++)
		if (findings[i]->severity != SEVERITY_NOTE)
			shown[kept++] = findings[i];
	*count = kept;
	return shown;
}

static void put_text(
	struct buffer *out, const struct resolution *resolution, bool colour, bool quiet)
{
	struct resolution shown = *resolution;
	if (quiet) {
		shown.findings =
			session_without_notes(out->arena, shown.findings, &shown.finding_count);
		shown.counts[SEVERITY_NOTE] = 0;
	}
	render_resolution_text(out, &shown, colour);
}

void session_put_text(const struct session *session, struct buffer *out,
	const struct resolution *resolution, bool colour)
{
	put_text(out, resolution, colour, session->options->quiet);
}

void session_refuse(struct session *session, const struct resolution *resolution)
{
	struct buffer out;
	session->refused += resolution->status == RESOLUTION_OK;
	session_worsen(session, EXIT_ERRORS);
	buffer_init(&out, &session->arena, 1024);
	put_text(&out, resolution, session->colour_errors, true);
	session_put(session, stderr, &out);
}

const struct checkpoint *session_folder(struct arena *arena, const char *path)
{
	struct roots_answer answer = roots_inspect_folder(arena, path, NULL);
	if (answer.status == ROOTS_FOUND)
		return answer.checkpoint;
	struct text detail = answer.detail.length > 0
				     ? answer.detail
				     : TEXT("there is no config.json in its folder");
	if (answer.status == ROOTS_NO_MEMORY)
		detail = TEXT("there is not enough memory");
	say("cannot inspect %s: %.*s", path, TEXT_ARGUMENTS(detail));
	return NULL;
}
