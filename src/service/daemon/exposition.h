/* One metric each: what stands below its HELP and TYPE lines. exposition.c has the table. */
#pragma once

#include "checkpoint/folders/roots.h"
#include "service/process/process.h"
#include "service/requests/metrics.h"

struct scrape {
	struct buffer *out;
	const struct server *server;
	const struct settings *settings;
	const char *name; /* of the metric that is being written */
	struct process process;
	struct roots_counters cache;
};

void render_requests(const struct scrape *scrape);
void render_durations(const struct scrape *scrape);
void render_received(const struct scrape *scrape);
void render_sent(const struct scrape *scrape);
void render_in_flight(const struct scrape *scrape);
void render_connections(const struct scrape *scrape);
void render_refused(const struct scrape *scrape);
void render_accepted(const struct scrape *scrape);
void render_memory(const struct scrape *scrape);
void render_waiting(const struct scrape *scrape);
void render_handshakes(const struct scrape *scrape);
void render_certificate(const struct scrape *scrape);
void render_resolutions(const struct scrape *scrape);
void render_findings(const struct scrape *scrape);
void render_dialects(const struct scrape *scrape);
void render_cache_requests(const struct scrape *scrape);
void render_cache_entries(const struct scrape *scrape);
void render_cache_bytes(const struct scrape *scrape);
void render_workers(const struct scrape *scrape);
void render_confined(const struct scrape *scrape);
void render_draining(const struct scrape *scrape);
void render_problems(const struct scrape *scrape);
void render_dropped_lines(const struct scrape *scrape);
void render_build(const struct scrape *scrape);
void render_cpu(const struct scrape *scrape);
void render_start(const struct scrape *scrape);
void render_resident(const struct scrape *scrape);
void render_virtual(const struct scrape *scrape);
void render_descriptors(const struct scrape *scrape);
void render_descriptors_most(const struct scrape *scrape);
