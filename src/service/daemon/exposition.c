#include "service/daemon/exposition.h"
#include "service/daemon/server.h"
#include "service/requests/settings.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
};

struct metric_row {
	const char *name;
	enum metric_type type;
	const char *help;
	void (*render)(const struct scrape *scrape);
};

static const struct metric_row rows[] = {
	{
		.name = "quantconf_http_requests_total",
		.type = METRIC_COUNTER,
		.help = "Requests that have ended, by route and class of status.",
		.render = render_requests,
	},
	{
		.name = "quantconf_http_request_duration_seconds",
		.type = METRIC_HISTOGRAM,
		.help = "Time from a request's head to the end of its reply.",
		.render = render_durations,
	},
	{
		.name = "quantconf_http_request_size_bytes",
		.type = METRIC_HISTOGRAM,
		.help = "Bodies of requests.",
		.render = render_received,
	},
	{
		.name = "quantconf_http_response_size_bytes",
		.type = METRIC_HISTOGRAM,
		.help = "Bodies of replies.",
		.render = render_sent,
	},
	{
		.name = "quantconf_http_requests_in_flight",
		.type = METRIC_GAUGE,
		.help = "Requests that have begun and not ended, the scrape included.",
		.render = render_in_flight,
	},
	{
		.name = "quantconf_http_problems_total",
		.type = METRIC_COUNTER,
		.help = "Requests that were answered with a problem, by its type; those whose head was read.",
		.render = render_problems,
	},
	{
		.name = "quantconf_http_requests_waiting",
		.type = METRIC_GAUGE,
		.help = "Large requests, and such whose model is to be read, that wait for a computing thread.",
		.render = render_waiting,
	},
	{
		.name = "quantconf_connections",
		.type = METRIC_GAUGE,
		.help = "Open connections.",
		.render = render_connections,
	},
	{
		.name = "quantconf_connections_accepted_total",
		.type = METRIC_COUNTER,
		.help = "Connections that were served.",
		.render = render_accepted,
	},
	{
		.name = "quantconf_connections_refused_total",
		.type = METRIC_COUNTER,
		.help = "Connections that were refused, by the limit: of one address, of all, or memory.",
		.render = render_refused,
	},
	{
		.name = "quantconf_request_memory_bytes",
		.type = METRIC_GAUGE,
		.help = "Memory of requests, as far as limit-memory-total counts it.",
		.render = render_memory,
	},
	{
		.name = "quantconf_tls_handshakes_total",
		.type = METRIC_COUNTER,
		.help = "Handshakes of TLS, by whether a connection came of them.",
		.render = render_handshakes,
	},
	{
		.name = "quantconf_tls_certificate_not_after_seconds",
		.type = METRIC_GAUGE,
		.help = "When the certificate expires, in seconds since 1970; nothing without one.",
		.render = render_certificate,
	},
	{
		.name = "quantconf_resolutions_total",
		.type = METRIC_COUNTER,
		.help = "Configs that were resolved, by outcome.",
		.render = render_resolutions,
	},
	{
		.name = "quantconf_findings_total",
		.type = METRIC_COUNTER,
		.help = "Findings in configs and checkpoints, by rule.",
		.render = render_findings,
	},
	{
		.name = "quantconf_dialects_total",
		.type = METRIC_COUNTER,
		.help = "Configs that used a dialect.",
		.render = render_dialects,
	},
	{
		.name = "quantconf_checkpoint_cache_requests_total",
		.type = METRIC_COUNTER,
		.help = "Models looked up below model roots, by whether their inspection was kept.",
		.render = render_cache_requests,
	},
	{
		.name = "quantconf_checkpoint_cache_entries",
		.type = METRIC_GAUGE,
		.help = "Inspections that are kept.",
		.render = render_cache_entries,
	},
	{
		.name = "quantconf_checkpoint_cache_bytes",
		.type = METRIC_GAUGE,
		.help = "Memory of the inspections that are kept.",
		.render = render_cache_bytes,
	},
	{
		.name = "quantconf_workers",
		.type = METRIC_GAUGE,
		.help = "Threads that serve requests.",
		.render = render_workers,
	},
	{
		.name = "quantconf_confined",
		.type = METRIC_GAUGE,
		.help = "1 where a mechanism of the kernel holds the daemon.",
		.render = render_confined,
	},
	{
		.name = "quantconf_draining",
		.type = METRIC_GAUGE,
		.help = "1 while the daemon finishes what runs before it stops.",
		.render = render_draining,
	},
	{
		.name = "quantconf_log_lines_dropped_total",
		.type = METRIC_COUNTER,
		.help = "Lines of the log that standard error did not take.",
		.render = render_dropped_lines,
	},
	{
		.name = "quantconf_build_info",
		.type = METRIC_GAUGE,
		.help = "Always 1; the labels tell what runs.",
		.render = render_build,
	},
	{
		.name = "process_cpu_seconds_total",
		.type = METRIC_COUNTER,
		.help = "Processor time used, user and system.",
		.render = render_cpu,
	},
	{
		.name = "process_start_time_seconds",
		.type = METRIC_GAUGE,
		.help = "When the process started, in seconds since 1970.",
		.render = render_start,
	},
	{
		.name = "process_resident_memory_bytes",
		.type = METRIC_GAUGE,
		.help = "Resident memory.",
		.render = render_resident,
	},
	{
		.name = "process_virtual_memory_bytes",
		.type = METRIC_GAUGE,
		.help = "Virtual memory.",
		.render = render_virtual,
	},
	{
		.name = "process_open_fds",
		.type = METRIC_GAUGE,
		.help = "Open descriptors.",
		.render = render_descriptors,
	},
	{
		.name = "process_max_fds",
		.type = METRIC_GAUGE,
		.help = "The most descriptors that may be open.",
		.render = render_descriptors_most,
	},
};

void metrics_render(
	struct buffer *out, const struct server *server, const struct settings *settings)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	struct scrape scrape = { .out = out, .server = server, .settings = settings };
	process_read(&scrape.process, server->process);
	if (settings->roots)
		scrape.cache = roots_counters(settings->roots);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scrape.name = rows[i].name;
		buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name, rows[i].help,
			rows[i].name, types[rows[i].type]);
		rows[i].render(&scrape);
	}
}
