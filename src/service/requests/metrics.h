/*
 * What is counted while requests are served. Each worker has counters of its own that it alone
 * writes, so counting takes no lock; a scrape reads them all and adds them up. Every label comes from
 * a table of this program: never from a path, a model, a key or anything else that a client sends.
 */
#pragma once

#include <stdatomic.h>

#include "base/buffer.h"
#include "service/network/problems.h"

struct request;
struct resolution;
struct diagnostic;
struct server;
struct settings;

struct counter {
	_Atomic uint64_t value;
};

#define HISTOGRAM_BUCKETS 16

/* How many observations fell into each bucket (the last: above all bounds), and their sum. */
struct histogram {
	struct counter buckets[HISTOGRAM_BUCKETS + 1];
	struct counter sum;
};

#define METRICS_ROUTES 32
#define STATUS_CLASSES 6
#define METRICS_DIALECTS 5

/* The last one of `routes` stands for requests without a route. */
struct route_counters {
	struct counter statuses[STATUS_CLASSES]; /* by hundreds; 0: ended without a reply */
	struct histogram duration;               /* microseconds */
};

/* Why a connection was not served. */
enum refusal_reason {
	REFUSED_ADDRESS, /* over the limit of its address */
	REFUSED_TOTAL,   /* over the limit of all */
	REFUSED_MEMORY,
	REFUSALS,
};

struct metrics {
	struct route_counters routes[METRICS_ROUTES + 1];
	struct histogram received, sent; /* bytes of bodies */
	struct counter begun, ended;     /* requests */
	struct counter accepted;         /* connections */
	struct counter established;      /* handshakes of TLS … */
	struct counter not_established;  /* … and those that came to nothing */
	struct counter refused[REFUSALS];
	struct counter problems[PROBLEM_COUNT]; /* what requests were answered with */
	struct counter resolutions[3];          /* by enum resolution_status */
	struct counter dialects[METRICS_DIALECTS];
	struct counter *findings; /* by the registry's index */
};

/* NULL without memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* For the one thread that owns the counter. */
void counter_add(struct counter *counter, uint64_t amount);
/* A request that has ended; `microseconds` since its head. */
void metrics_count_request(
	struct metrics *metrics, const struct request *request, uint64_t microseconds);
/* NULL counts nothing. */
void metrics_count_resolution(struct metrics *metrics, const struct resolution *resolution);
void metrics_count_findings(
	struct metrics *metrics, const struct diagnostic *const *findings, size_t count);

/* All of them in the Prometheus text format 0.0.4. */
void metrics_render(
	struct buffer *out, const struct server *server, const struct settings *settings);

/* For exposition.c: upper bounds of the buckets, as written after le=; NULL behind the last. */
struct bound {
	uint64_t limit;
	const char *name;
};
extern const struct bound duration_bounds[HISTOGRAM_BUCKETS + 1];
extern const struct bound size_bounds[HISTOGRAM_BUCKETS + 1];
extern const char *const metrics_dialects[METRICS_DIALECTS];
