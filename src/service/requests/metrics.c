#include "service/requests/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "resolve/registry.h"
#include "resolve/resolution.h"
#include "service/requests/request.h"
#include "service/requests/routes.h"

const struct bound duration_bounds[HISTOGRAM_BUCKETS + 1] = {
	{ 50, "0.00005" },
	{ 100, "0.0001" },
	{ 250, "0.00025" },
	{ 500, "0.0005" },
	{ 1000, "0.001" },
	{ 2500, "0.0025" },
	{ 5000, "0.005" },
	{ 10000, "0.01" },
	{ 25000, "0.025" },
	{ 50000, "0.05" },
	{ 100000, "0.1" },
	{ 250000, "0.25" },
	{ 500000, "0.5" },
	{ 1000000, "1" },
	{ 5000000, "5" },
	{ 30000000, "30" },
	{ 0, NULL },
};

const struct bound size_bounds[HISTOGRAM_BUCKETS + 1] = {
	{ 256, "256" },
	{ 1024, "1024" },
	{ 2048, "2048" },
	{ 4096, "4096" },
	{ 8192, "8192" },
	{ 16384, "16384" },
	{ 65536, "65536" },
	{ 262144, "262144" },
	{ 1048576, "1048576" },
	{ 4194304, "4194304" },
	{ 16777216, "16777216" },
	{ 0, NULL },
};

const char *const metrics_dialects[METRICS_DIALECTS] = {
	"nested",
	"flags",
	"class-name",
	"peft-block",
	"flat",
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return NULL;
	metrics->findings = calloc(registry_count(), sizeof(*metrics->findings));
	if (metrics->findings)
		return metrics;
	free(metrics);
	return NULL;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	free(metrics->findings);
	free(metrics);
}

/* One writer: a load and a store do, and cost less than an addition that locks the bus. */
void counter_add(struct counter *counter, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(&counter->value, memory_order_relaxed);
	atomic_store_explicit(&counter->value, value + amount, memory_order_relaxed);
}

static void observe(struct histogram *histogram, const struct bound *bounds, uint64_t value)
{
	size_t bucket = 0;
	while (bounds[bucket].name && value > bounds[bucket].limit)
		bucket++;
	counter_add(&histogram->buckets[bucket], 1);
	counter_add(&histogram->sum, value);
}

static size_t route_index(const struct request *request)
{
	size_t index = request->route ? (size_t)(request->route - routes) : METRICS_ROUTES;
	return index < METRICS_ROUTES ? index : METRICS_ROUTES;
}

void metrics_count_request(
	struct metrics *metrics, const struct request *request, uint64_t microseconds)
{
	struct route_counters *route = &metrics->routes[route_index(request)];
	size_t class = request->reply.status / 100;
	counter_add(&route->statuses[class < STATUS_CLASSES ? class : 0], 1);
	observe(&route->duration, duration_bounds, microseconds);
	observe(&metrics->received, size_bounds, request->received);
	observe(&metrics->sent, size_bounds, request_sent(request));
	counter_add(&metrics->problems[request->refusal.problem], 1);
	counter_add(&metrics->ended, 1);
}

/* The registry's index of a rule; registry_count() for what is none. */
static size_t rule_index(const struct rule *rule)
{
	size_t before = 0, count;
	for (size_t i = 0; i < registry_families(); i++, before += count) {
		const struct rule *rows = registry_family(i, &count);
		if (rule >= rows && rule < rows + count)
			return before + (size_t)(rule - rows);
	}
	return before;
}

void metrics_count_findings(
	struct metrics *metrics, const struct diagnostic *const *findings, size_t count)
{
	for (size_t i = 0; metrics && i < count; i++) {
		size_t index = rule_index(findings[i]->rule);
		if (index < registry_count())
			counter_add(&metrics->findings[index], 1);
	}
}

void metrics_count_resolution(struct metrics *metrics, const struct resolution *resolution)
{
	if (!metrics)
		return;
	counter_add(&metrics->resolutions[resolution->status], 1);
	for (size_t i = 0; i < resolution->dialect_count; i++)
		for (size_t known = 0; known < METRICS_DIALECTS; known++)
			if (strcmp(resolution->dialects[i], metrics_dialects[known]) == 0)
				counter_add(&metrics->dialects[known], 1);
	metrics_count_findings(metrics, (const struct diagnostic *const *)resolution->findings,
		resolution->finding_count);
}
