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
	time_t now = time(NULL);
	const char *path = settings->options.tls_certificate;
	if (settings->tls && now > tls_not_after(settings->tls))
		log_event(&settings->options.log, LOG_LEVEL_WARNING, "start",
			"%s: this certificate has expired", path);
	if (settings->tls && now < tls_not_before(settings->tls))
		log_event(&settings->options.log, LOG_LEVEL_WARNING, "start",
			"%s: this certificate is not valid yet", path);
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

/* What must not change goes on as it is; it is told that a restart would change it. */
static void keep_fixed(const struct server *server, const struct settings *fresh)
{
	const struct options *old = &server->settings->options;
	const char *name;
	size_t index = 0;
	while ((name = options_fixed_difference(old, &fresh->options, &index)))
		log_event(&old->log, LOG_LEVEL_WARNING, "reload",
			"%s has changed, which needs a restart; the old value stays until then",
			name);
}

/* A root that the confined process cannot read would end its service: all the old ones go on. */
static bool keep_roots(const struct server *server, struct settings *fresh, struct fault *ret_fault)
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
	return settings_keep_roots(fresh, server->settings, ret_fault);
}

/* Names are looked up only at the start: what listens is asked. */
static bool may_listen(
	const struct server *server, const struct settings *fresh, struct fault *ret_fault)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		const struct listener *listener = &server->listeners[i];
		const char *forbidden = listener_forbidden(listener, settings_policy(fresh));
		if (!forbidden)
			continue;
		fault_printf(
			ret_fault, "cannot go on listening on %s: %s", listener->name, forbidden);
		return false;
	}
	return true;
}

/* The settings anew; NULL, and the reason, when they cannot be used for what runs. */
static struct settings *load_again(const struct server *server, struct fault *ret_fault)
{
	enum options_outcome outcome;
	bool check;
	struct settings *fresh =
		settings_load(server->argc, server->argv, &outcome, &check, ret_fault);
	if (!fresh ||
		(may_listen(server, fresh, ret_fault) && keep_roots(server, fresh, ret_fault)))
		return fresh;
	settings_release(fresh);
	return NULL;
}

/* All of it or nothing. */
bool reload(struct server *server)
{
	struct fault fault;
	const struct log_style *style = &server->settings->options.log;
	struct settings *fresh = load_again(server, &fault);
	if (!fresh) {
		log_event(style, LOG_LEVEL_ERROR, "reload",
			"%s; the old configuration stays in force", fault.message);
		return false;
	}
	keep_fixed(server, fresh);
	log_style_settle(&fresh->options.log);
	fresh->options.idle_timeout = server->settings->options.idle_timeout;
	reload_apply(server, fresh);
	replace_settings(server, fresh);
	log_event(
		&fresh->options.log, LOG_LEVEL_INFO, "reload", "the configuration was read again");
	return true;
}
