#include "service/requests/settings.h"

#include <stdlib.h>
#include <string.h>

#include "service/network/tls.h"
#include "service/options/tokens.h"
#include "service/process/clock.h"

#define MEMORY_LIMIT ((size_t)8 * 1024 * 1024)

static bool open_roots(struct settings *settings, struct fault *ret_fault)
{
	const struct options *options = &settings->options;
	struct roots_limits limits = roots_limits_default;
	if (options->root_count == 0)
		return true;
	limits.file_bytes = settings->limits.checkpoint_bytes;
	limits.document = settings->limits.checkpoint;
	limits.now = clock_file_stamp;
	settings->roots = roots_new(options->roots, options->root_count, &limits);
	if (!settings->roots)
		fault_printf(ret_fault, "there is no memory for the model roots");
	return settings->roots != NULL;
}

static bool read_tokens(struct settings *settings, struct fault *ret_fault)
{
	const char *path = settings->options.token_file;
	if (path)
		settings->tokens = tokens_read(&settings->arena, path, ret_fault);
	return !path || settings->tokens;
}

static bool read_certificate(struct settings *settings, struct fault *ret_fault)
{
	const struct options *options = &settings->options;
	if (!options->tls_certificate && !options->tls_key)
		return true;
	if (!options->tls_certificate || !options->tls_key) {
		fault_printf(ret_fault, "tls-certificate and tls-key go together: %s is missing",
			options->tls_key ? "tls-certificate" : "tls-key");
		return false;
	}
	settings->tls =
		tls_load(&settings->arena, options->tls_certificate, options->tls_key, ret_fault);
	return settings->tls != NULL;
}

struct listener_policy settings_policy(const struct settings *settings)
{
	return (struct listener_policy){
		.open = settings->options.insecure || settings->tokens,
		.certificate = settings->tls != NULL,
		.mode = (mode_t)settings->options.socket_mode,
	};
}

/* Whether each address is one, and may be listened on. */
static bool check_addresses(const struct settings *settings, struct fault *ret_fault)
{
	const struct options *options = &settings->options;
	struct listener_policy policy = settings_policy(settings);
	for (size_t i = 0; i < options->listen_count; i++)
		if (!listener_check(options->listen[i], policy, ret_fault))
			return false;
	return true;
}

static bool fill(struct settings *settings, struct fault *ret_fault)
{
	settings->limits = options_limits(&settings->options);
	return read_tokens(settings, ret_fault) && read_certificate(settings, ret_fault) &&
	       check_addresses(settings, ret_fault) && open_roots(settings, ret_fault);
}

struct settings *settings_load(int argc, char **argv, enum options_outcome *ret_outcome,
	bool *ret_check, struct fault *ret_fault)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	*ret_outcome = OPTIONS_WRONG;
	if (!settings) {
		fault_printf(ret_fault, "there is no memory");
		return NULL;
	}
	arena_init(&settings->arena, MEMORY_LIMIT);
	settings->users = 1;
	*ret_outcome = options_read(&settings->options, &settings->arena, argc, argv, ret_fault);
	*ret_check = settings->options.check;
	if (*ret_outcome == OPTIONS_READY && !fill(settings, ret_fault))
		*ret_outcome = OPTIONS_WRONG;
	if (*ret_outcome == OPTIONS_READY)
		return settings;
	settings_release(settings);
	return NULL;
}

bool settings_keep_roots(
	struct settings *settings, const struct settings *old, struct fault *ret_fault)
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
		return open_roots(settings, ret_fault);
	fault_printf(ret_fault, "there is no memory for the model roots");
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
