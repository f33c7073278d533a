#include "service/daemon/reload.h"

#include <sys/resource.h>
#include <time.h>

#include "service/daemon/acceptor.h"
#include "service/daemon/worker.h"
#include "service/network/tls.h"
#include "service/process/confined.h"
#include "service/requests/settings.h"

/* Descriptors beside those of connections. */
#define OTHER_DESCRIPTORS 256
#define CONNECTIONS_LEAST 16

/* As many connections as are wanted, or as the system lets us have. */
static void allow_connections(struct server *server, const struct options *options)
{
	struct rlimit limit;
	size_t wanted = options->connection_limit, possible = CONNECTIONS_LEAST;
	size_t others = CONNECTIONS_RESERVED + OTHER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted + others)
		possible = wanted;
	else if (limit.rlim_cur > others + CONNECTIONS_LEAST)
		possible = limit.rlim_cur - others;
	atomic_store(&server->possible_connections, possible);
	if (possible < wanted)
		log_event(&options->log, LOG_LEVEL_WARNING, "start",
			"only %llu descriptors are allowed (LimitNOFILE=, ulimit -n): %zu connections "
			"at a time instead of %zu",
			(unsigned long long)limit.rlim_cur, possible, wanted);
}

/* Clients refuse it, but the service may have others. */
static void warn_of_certificate(const struct settings *settings)
{
	const char *doubt = settings->tls ? tls_doubt(settings->tls, time(NULL)) : NULL;
	if (doubt)
		log_event(&settings->options.log, LOG_LEVEL_WARNING, "start", "%s: %s",
			settings->options.tls_certificate, doubt);
}

void reload_apply(struct server *server, const struct settings *settings)
{
	allow_connections(server, &settings->options);
	atomic_store(&server->memory.limit, settings->options.total_memory_limit);
	server_check_roots(server, settings);
	warn_of_certificate(settings);
}

static void replace_settings(struct server *server, struct settings *settings)
{
	pthread_mutex_lock(&server->settings_lock);
	struct settings *old = server->settings;
	server->settings = settings;
	pthread_mutex_unlock(&server->settings_lock);
	atomic_fetch_add(&server->settings_version, 1);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_wake(&server->workers[i]);
	settings_release(old);
}

/* What must not change goes on as it was at the start; it is told that a restart would change it. */
static void keep_fixed(const struct server *server, const struct settings *fresh)
{
	const struct options *running = &server->first_settings->options;
	const struct log_style *log = &server->settings->options.log;
	const char *name;
	size_t index = 0;
	while ((name = options_fixed_difference(running, &fresh->options, &index)))
		log_event(log, LOG_LEVEL_WARNING, "reload",
			"%s has changed, which needs a restart; the old value stays until then",
			name);
}

/* A root that the confined process cannot read would end its service: all the old ones go on. */
static bool keep_roots(const struct server *server, struct settings *fresh, struct faults *faults)
{
	const struct options *options = &fresh->options;
	const char *outside = NULL;
	for (size_t i = 0; i < options->root_count && !outside; i++)
		if (confined_forbids(options->roots[i].path))
			outside = options->roots[i].path;
	if (!outside)
		return true;
	log_event(&server->settings->options.log, LOG_LEVEL_WARNING, "reload",
		"the folder of models %s cannot be read%s; the old model roots stay until then",
		outside, CONFINED_RESTART);
	return settings_keep_roots(fresh, server->settings, faults);
}

/* Names are looked up only at the start: what listens is asked. */
static void check_listeners(
	const struct server *server, const struct settings *fresh, struct faults *faults)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		const struct listener *listener = &server->listeners[i];
		const char *forbidden = listener_forbidden(listener, settings_policy(fresh));
		if (forbidden)
			faults_add(faults, "", "cannot go on listening on %s: %s", listener->name,
				forbidden);
	}
}

/* The settings anew; NULL, and the reasons, when they cannot be used for what runs. */
static struct settings *load_again(const struct server *server, struct faults *faults)
{
	enum options_outcome outcome;
	bool check;
	struct settings *fresh =
		settings_load(server->argc, server->argv, &outcome, &check, faults);
	if (!fresh)
		return NULL;
	check_listeners(server, fresh, faults);
	settings_check_roots(fresh, server->settings, faults);
	if (faults->count == 0 && keep_roots(server, fresh, faults))
		return fresh;
	settings_release(fresh);
	return NULL;
}

static void tell_faults(const struct log_style *style, const struct faults *faults)
{
	for (size_t i = 0; i < faults->count && i < FAULTS_MAXIMUM; i++)
		log_event(style, LOG_LEVEL_ERROR, "reload",
			"%s; the old configuration stays in force", faults->list[i].message);
	if (faults->count > FAULTS_MAXIMUM)
		log_event(style, LOG_LEVEL_ERROR, "reload", "and %zu faults more",
			faults->count - FAULTS_MAXIMUM);
}

/* Nobody may use the service without one from now on who should not: so it is told. */
static void warn_of_open_door(const struct settings *old, const struct settings *fresh)
{
	if (old->tokens && !fresh->tokens)
		log_event(&fresh->options.log, LOG_LEVEL_WARNING, "reload",
			"token-file is gone from the configuration: from now on no request needs a token");
}

/* All of it or nothing. */
bool reload(struct server *server)
{
	struct faults faults;
	const struct log_style *style = &server->settings->options.log;
	struct settings *fresh = load_again(server, &faults);
	if (!fresh) {
		tell_faults(style, &faults);
		return false;
	}
	keep_fixed(server, fresh);
	log_style_settle(&fresh->options.log);
	warn_of_open_door(server->settings, fresh);
	fresh->options.idle_timeout = server->first_settings->options.idle_timeout;
	reload_apply(server, fresh);
	replace_settings(server, fresh);
	log_event(
		&fresh->options.log, LOG_LEVEL_INFO, "reload", "the configuration was read again");
	return true;
}
