#include "service/daemon/exposition.h"

#include <stdio.h>

#include "commit.h"
#include "config.h"
#include "resolve/registry.h"
#include "resolve/resolution.h"
#include "service/daemon/server.h"
#include "service/daemon/worker.h"
#include "service/network/tls.h"
#include "service/process/log_sink.h"
#include "service/requests/routes.h"
#include "service/requests/settings.h"

static uint64_t count_of(const struct metrics *metrics, size_t offset)
{
	const struct counter *counter =
		(const struct counter *)(const void *)((const char *)metrics + offset);
	return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* The sum of one counter over all threads: `offset` bytes into their metrics. */
static uint64_t total(const struct scrape *scrape, size_t offset)
{
	const struct server *server = scrape->server;
	uint64_t sum = 0;
	for (size_t i = 0; i < server->worker_count; i++)
		sum += count_of(server->workers[i].metrics, offset);
	for (size_t i = 0; i < server->crew.count; i++)
		sum += count_of(server->crew.members[i].metrics, offset);
	return sum;
}

#define TOTAL(scrape, member) total((scrape), offsetof(struct metrics, member))

static void put(const struct scrape *scrape, const char *labels, uint64_t value)
{
	buffer_printf(scrape->out, "%s%s %llu\n", scrape->name, labels, (unsigned long long)value);
}

/* What cannot be found out, as without /proc, is left out: 0 would be a lie. */
static void put_known(const struct scrape *scrape, uint64_t value)
{
	if (value > 0)
		put(scrape, "", value);
}

static void put_real(const struct scrape *scrape, double value)
{
	buffer_printf(scrape->out, "%s %.3f\n", scrape->name, value);
}

static const char *route_name(size_t index)
{
	return index == METRICS_ROUTES ? "other" : routes[index].path;
}

static const char *route_method(size_t index)
{
	if (index == METRICS_ROUTES)
		return "other";
	return routes[index].verb == VERB_POST ? "POST" : "GET";
}

/* The next index after `index` that has a route; METRICS_ROUTES is the last one. */
static size_t next_route(size_t index)
{
	bool more = index < METRICS_ROUTES && routes[index].path && routes[index + 1].path;
	return more ? index + 1 : index < METRICS_ROUTES ? METRICS_ROUTES : METRICS_ROUTES + 1;
}

void render_requests(const struct scrape *scrape)
{
	static const char *const classes[STATUS_CLASSES] = { "none", "1xx", "2xx", "3xx", "4xx",
		"5xx" };
	char labels[160];
	for (size_t route = 0; route <= METRICS_ROUTES; route = next_route(route))
		for (size_t class = 0; class < STATUS_CLASSES; class ++) {
			uint64_t value = TOTAL(scrape, routes[route].statuses[class]);
			if (value == 0 && class != 2)
				continue;
			snprintf(labels, sizeof(labels), "{route=\"%s\",method=\"%s\",code=\"%s\"}",
				route_name(route), route_method(route), classes[class]);
			put(scrape, labels, value);
		}
}

/* `labels` without braces, "" for none; the sum is divided by `unit`. */
static void put_histogram(const struct scrape *scrape, const char *labels,
	const struct bound *bounds, size_t offset, uint64_t unit)
{
	const char *comma = labels[0] != '\0' ? "," : "";
	unsigned long long count = 0;
	size_t last = 0;
	for (; bounds[last].name; last++) {
		count += total(scrape, offset + offsetof(struct histogram, buckets) +
					       last * sizeof(struct counter));
		buffer_printf(scrape->out, "%s_bucket{%s%sle=\"%s\"} %llu\n", scrape->name, labels,
			comma, bounds[last].name, count);
	}
	count += total(scrape,
		offset + offsetof(struct histogram, buckets) + last * sizeof(struct counter));
	double sum = (double)total(scrape, offset + offsetof(struct histogram, sum));
	buffer_printf(scrape->out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", scrape->name, labels, comma,
		count);
	const char *open = labels[0] != '\0' ? "{" : "", *close = labels[0] != '\0' ? "}" : "";
	buffer_printf(scrape->out, "%s_sum%s%s%s %.*f\n", scrape->name, open, labels, close,
		unit > 1 ? 6 : 0, sum / (double)unit);
	buffer_printf(
		scrape->out, "%s_count%s%s%s %llu\n", scrape->name, open, labels, close, count);
}

void render_durations(const struct scrape *scrape)
{
	char labels[128];
	for (size_t route = 0; route <= METRICS_ROUTES; route = next_route(route)) {
		snprintf(labels, sizeof(labels), "route=\"%s\",method=\"%s\"", route_name(route),
			route_method(route));
		put_histogram(scrape, labels, duration_bounds,
			offsetof(struct metrics, routes[route].duration), 1000000);
	}
}

void render_received(const struct scrape *scrape)
{
	put_histogram(scrape, "", size_bounds, offsetof(struct metrics, received), 1);
}

void render_sent(const struct scrape *scrape)
{
	put_histogram(scrape, "", size_bounds, offsetof(struct metrics, sent), 1);
}

void render_in_flight(const struct scrape *scrape)
{
	uint64_t ended = TOTAL(scrape, ended), begun = TOTAL(scrape, begun);
	put(scrape, "", begun > ended ? begun - ended : 0);
}

void render_connections(const struct scrape *scrape)
{
	put(scrape, "", atomic_load(&scrape->server->connections));
}

void render_accepted(const struct scrape *scrape)
{
	put(scrape, "", TOTAL(scrape, accepted));
}

void render_refused(const struct scrape *scrape)
{
	put(scrape, "{limit=\"address\"}", TOTAL(scrape, refused[REFUSED_ADDRESS]));
	put(scrape, "{limit=\"total\"}", TOTAL(scrape, refused[REFUSED_TOTAL]));
	put(scrape, "{limit=\"memory\"}", TOTAL(scrape, refused[REFUSED_MEMORY]));
}

void render_waiting(const struct scrape *scrape)
{
	put(scrape, "", atomic_load(&scrape->server->crew.backlog.count));
}

void render_memory(const struct scrape *scrape)
{
	put(scrape, "", atomic_load(&scrape->server->memory.taken));
}

void render_handshakes(const struct scrape *scrape)
{
	put(scrape, "{result=\"established\"}", TOTAL(scrape, established));
	put(scrape, "{result=\"failed\"}", TOTAL(scrape, not_established));
}

void render_certificate(const struct scrape *scrape)
{
	const struct tls *tls = scrape->settings->tls;
	if (tls)
		put(scrape, "", (uint64_t)tls_not_after(tls));
}

void render_resolutions(const struct scrape *scrape)
{
	put(scrape, "{status=\"ok\"}", TOTAL(scrape, resolutions[RESOLUTION_OK]));
	put(scrape, "{status=\"rejected\"}", TOTAL(scrape, resolutions[RESOLUTION_REJECTED]));
	put(scrape, "{status=\"unreadable\"}", TOTAL(scrape, resolutions[RESOLUTION_UNREADABLE]));
}

static uint64_t finding_total(const struct scrape *scrape, size_t rule)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < scrape->server->worker_count; i++)
		sum += atomic_load_explicit(
			&scrape->server->workers[i].metrics->findings[rule].value,
			memory_order_relaxed);
	return sum;
}

void render_findings(const struct scrape *scrape)
{
	char labels[160];
	for (size_t i = 0; i < registry_count(); i++) {
		snprintf(labels, sizeof(labels), "{rule=\"%s\"}", registry_at(i)->id);
		put(scrape, labels, finding_total(scrape, i));
	}
}

void render_dialects(const struct scrape *scrape)
{
	char labels[64];
	for (size_t i = 0; i < METRICS_DIALECTS; i++) {
		snprintf(labels, sizeof(labels), "{dialect=\"%s\"}", metrics_dialects[i]);
		put(scrape, labels, TOTAL(scrape, dialects[i]));
	}
}

void render_cache_requests(const struct scrape *scrape)
{
	put(scrape, "{result=\"hit\"}", scrape->cache.hits);
	put(scrape, "{result=\"miss\"}", scrape->cache.misses);
}

void render_cache_entries(const struct scrape *scrape)
{
	put(scrape, "", scrape->cache.entries);
}

void render_cache_bytes(const struct scrape *scrape)
{
	put(scrape, "", scrape->cache.bytes);
}

void render_workers(const struct scrape *scrape)
{
	put(scrape, "", scrape->server->worker_count);
}

void render_confined(const struct scrape *scrape)
{
	const struct confinement *confinement = &scrape->server->confinement;
	put(scrape, "{by=\"landlock\"}", confinement->landlock_abi > 0);
	put(scrape, "{by=\"seccomp\"}", confinement->system_calls);
}

void render_draining(const struct scrape *scrape)
{
	put(scrape, "", atomic_load(&scrape->server->draining));
}

/* The first row is no problem. */
void render_problems(const struct scrape *scrape)
{
	char labels[96];
	for (size_t i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
		snprintf(labels, sizeof(labels), "{problem=\"%s\"}", problems[i].slug);
		put(scrape, labels, TOTAL(scrape, problems[i]));
	}
}

void render_dropped_lines(const struct scrape *scrape)
{
	put(scrape, "", log_sink_dropped());
}

void render_build(const struct scrape *scrape)
{
	char labels[160];
	snprintf(labels, sizeof(labels),
		"{version=\"%s\",commit=\"%.40s\",rules_digest=\"%016llx\"}", PACKAGE_VERSION,
		QUANTCONF_COMMIT, (unsigned long long)registry_digest());
	put(scrape, labels, 1);
}

void render_cpu(const struct scrape *scrape)
{
	put_real(scrape, scrape->process.cpu_seconds);
}

void render_start(const struct scrape *scrape)
{
	if (scrape->process.start_seconds > 0)
		put_real(scrape, scrape->process.start_seconds);
}

void render_resident(const struct scrape *scrape)
{
	put_known(scrape, scrape->process.resident_bytes);
}

void render_virtual(const struct scrape *scrape)
{
	put_known(scrape, scrape->process.virtual_bytes);
}

void render_descriptors(const struct scrape *scrape)
{
	put_known(scrape, scrape->process.descriptors);
}

void render_descriptors_most(const struct scrape *scrape)
{
	put(scrape, "", scrape->process.descriptors_most);
}
