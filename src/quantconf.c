/* The offline command: the same core as the daemon's, over files. */
#include "command/files.h"
#include "command/run.h"
#include "command/say.h"
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MEMORY ((size_t)256 << 20)

static int (*const runs[COMMAND_COUNT])(struct session *) = {
	[COMMAND_RESOLVE] = run_resolve,
	[COMMAND_MIGRATE] = run_migrate,
	[COMMAND_INSPECT] = run_inspect,
	[COMMAND_RULES] = run_rules,
	[COMMAND_SCHEMA] = run_schema,
};

static bool coloured(int descriptor)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool dumb = !terminal || strcmp(terminal, "dumb") == 0;
	return (!refused || refused[0] == '\0') && !dumb && isatty(descriptor);
}

static bool read_checkpoint(struct session *session)
{
	const char *path = session->options->checkpoint;
	if (!path || strcmp(path, "none") == 0 || session->options->command == COMMAND_INSPECT)
		return true;
	if (file_is_folder(path))
		return (session->found = session_folder(&session->models, path)) != NULL;
	return file_read(&session->models, path, resolve_limits_default.checkpoint_bytes,
		&session->checkpoint, NULL);
}

static bool open_roots(struct session *session)
{
	const struct command_options *options = session->options;
	if (options->root_count > 0)
		session->roots = roots_new(options->roots, options->root_count, NULL);
	if (options->root_count > 0 && !session->roots)
		session_starve(session, "search", "the folders of models");
	const char *unreadable = session->roots ? roots_unreadable(session->roots) : NULL;
	if (unreadable)
		say("the folder of models %s cannot be opened", unreadable);
	return !unreadable && (session->roots || options->root_count == 0);
}

static int run(const struct command_options *options)
{
	struct session session = {
		.options = options,
		.colour = coloured(STDOUT_FILENO),
		.colour_errors = coloured(STDERR_FILENO),
	};
	arena_init(&session.arena, FILE_MEMORY);
	arena_init(&session.models, FILE_MEMORY);
	bool ready = open_roots(&session) && read_checkpoint(&session);
	int status = ready ? runs[options->command](&session) : EXIT_INTERNAL;
	roots_free(session.roots);
	arena_release(&session.arena);
	arena_release(&session.models);
	return status;
}

/* What cannot be written only shows when it leaves the buffer. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say_failed("cannot write", "standard output");
	return EXIT_INTERNAL;
}

int main(int count, char **arguments)
{
	struct command_options options;
	/* A file that may grow no further is a failed write like others. */
	signal(SIGXFSZ, SIG_IGN);
	int status = options_parse(&options, count, arguments);
	if (status != EXIT_OK)
		return status;
	if (options.help)
		options_print_help(stdout);
	else if (options.version)
		puts("quantconf " PACKAGE_VERSION);
	else
		status = run(&options);
	return finish(status);
}
