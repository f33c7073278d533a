#include "service/requests/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/network/tls.h"
#include "service/options/tokens.h"
#include "service/process/clock.h"
#include "service/process/confined.h"
#include "service/process/pulse.h"

#define MEMORY_LIMIT ((size_t)8 * 1024 * 1024)

static bool open_roots(struct settings *settings, struct faults *faults)
{
	const struct options *options = &settings->options;
	struct roots_limits limits = roots_limits_default;
	if (options->root_count == 0)
		return true;
	limits.file_bytes = settings->limits.checkpoint_bytes;
	limits.document = settings->limits.checkpoint;
	limits.now = clock_file_stamp;
	limits.progress = pulse_beat;
	settings->roots = roots_new(options->roots, options->root_count, &limits);
	if (!settings->roots)
		faults_add(faults, "", "there is no memory for the model roots");
	return settings->roots != NULL;
}

static const char *root_place(const struct options *options, size_t index)
{
	return options->root_places[index] ? options->root_places[index] : "";
}

/* What is there and no folder will never be one; what is not there may come. */
static bool is_no_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static void check_kinds_of_roots(const struct options *options, struct faults *faults)
{
	for (size_t i = 0; i < options->root_count; i++)
		if (is_no_folder(options->roots[i].path))
			faults_add(faults, root_place(options, i), "%s is no folder of models",
				options->roots[i].path);
}

/* By its name; what does not exist has nothing else. */
static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	while (length > 0 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Where it is said to come, or where it was before. */
static bool may_come(const char *path, const struct options *options, const struct settings *old)
{
	for (size_t i = 0; i < options->confine_read_count; i++)
		if (is_below(path, options->confine_read[i]))
			return true;
	for (size_t i = 0; old && i < old->options.root_count; i++)
		if (strcmp(path, old->options.roots[i].path) == 0)
			return true;
	return false;
}

void settings_check_roots(
	const struct settings *settings, const struct settings *old, struct faults *faults)
{
	const struct options *options = &settings->options;
	for (size_t i = 0; i < options->root_count; i++) {
		const char *path = options->roots[i].path;
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int error = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
		if (error != 0 && !is_no_folder(path) && !confined_forbids(path) &&
			!may_come(path, options, old))
			faults_add(faults, root_place(options, i),
				"the folder of models %s cannot be opened: %s; if it comes later, "
				"name a folder above it with confine-read",
				path, strerror(error));
	}
}

static void read_tokens(struct settings *settings, struct faults *faults)
{
	struct fault fault;
	const char *path = settings->options.token_file;
	if (path)
		settings->tokens = tokens_read(&settings->arena, path, &fault);
	if (path && !settings->tokens)
		faults_take(faults, options_place(&settings->options, "token-file"), &fault);
}

static void read_certificate(struct settings *settings, struct faults *faults)
{
	struct fault fault;
	const struct options *options = &settings->options;
	const char *certificate = options->tls_certificate, *key = options->tls_key;
	const char *place = options_place(options, certificate ? "tls-certificate" : "tls-key");
	if (!certificate && !key)
		return;
	if (!certificate || !key) {
		faults_add(faults, place, "tls-certificate and tls-key go together: %s is missing",
			key ? "tls-certificate" : "tls-key");
		return;
	}
	settings->tls = tls_load(&settings->arena, certificate, key, &fault);
	if (!settings->tls)
		faults_take(faults, place, &fault);
}

struct listener_policy settings_policy(const struct settings *settings)
{
	return (struct listener_policy){
		.open = settings->options.insecure || settings->tokens,
		.certificate = settings->tls != NULL,
		.mode = (mode_t)settings->options.socket_mode,
	};
}

/*
 * Whether each address is one, and may be listened on. Tokens and certificates that have faults of their own
 * would allow it without them; so may an option that cannot be read.
 */
static void check_addresses(const struct settings *settings, struct faults *faults)
{
	const struct options *options = &settings->options;
	struct listener_policy policy = settings_policy(settings);
	struct fault fault;
	bool doubtful = faults->count > 0;
	policy.open = policy.open || doubtful;
	policy.certificate = policy.certificate || doubtful;
	for (size_t i = 0; i < options->listen_count; i++)
		if (!listener_check(options->listen[i], policy, &fault))
			faults_add(faults, options->listen_places[i], "%s", fault.message);
}

/* All faults are found, whatever the options themselves have. */
static void fill(struct settings *settings, struct faults *faults)
{
	settings->limits = options_limits(&settings->options);
	read_tokens(settings, faults);
	read_certificate(settings, faults);
	check_addresses(settings, faults);
	check_kinds_of_roots(&settings->options, faults);
	if (faults->count == 0)
		open_roots(settings, faults);
}

struct settings *settings_load(int argc, char **argv, enum options_outcome *ret_outcome,
	bool *ret_check, struct faults *faults)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	*faults = (struct faults){ 0 };
	*ret_outcome = OPTIONS_WRONG;
	if (!settings) {
		faults_add(faults, "", "there is no memory");
		return NULL;
	}
	arena_init(&settings->arena, MEMORY_LIMIT);
	settings->users = 1;
	*ret_outcome = options_read(&settings->options, &settings->arena, argc, argv, faults);
	*ret_check = settings->options.check;
	if (*ret_outcome != OPTIONS_DONE)
		fill(settings, faults);
	if (*ret_outcome == OPTIONS_READY && *ret_check)
		settings_check_roots(settings, NULL, faults);
	if (faults->count > 0)
		*ret_outcome = OPTIONS_WRONG;
	if (*ret_outcome == OPTIONS_READY)
		return settings;
	settings_release(settings);
	return NULL;
}

bool settings_keep_roots(
	struct settings *settings, const struct settings *old, struct faults *faults)
{
	struct options *options = &settings->options;
	options->root_count = old->options.root_count;
	for (size_t i = 0; i < options->root_count; i++) {
		const struct root_path *root = &old->options.roots[i];
		options->roots[i] = (struct root_path){ .kind = root->kind,
			.path = arena_copy(&settings->arena, text_of(root->path)).data };
	}
	roots_free(settings->roots);
	settings->roots = NULL;
	if (!arena_failed(&settings->arena))
		return open_roots(settings, faults);
	faults_add(faults, "", "there is no memory for the model roots");
	return false;
}

struct settings *settings_use(struct settings *settings)
{
	atomic_fetch_add(&settings->users, 1);
	return settings;
}

void settings_release(struct settings *settings)
{
	if (!settings || atomic_fetch_sub(&settings->users, 1) > 1)
		return;
	roots_free(settings->roots);
	tls_free(settings->tls);
	arena_release(&settings->arena);
	free(settings);
}
