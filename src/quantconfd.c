/* The daemon: settings, then the server until a signal ends it. */
#include <stdio.h>
#include <time.h>

#include "service/daemon/confine.h"
#include "service/daemon/server.h"
#include "service/network/listener.h"
#include "service/network/tls.h"
#include "service/process/descriptors.h"
#include "service/process/log_sink.h"
#include "service/requests/settings.h"

#define EXIT_CONFIGURATION 1
#define EXIT_USAGE 2

static void tell(const struct faults *faults)
{
	for (size_t i = 0; i < faults->count && i < FAULTS_MAXIMUM; i++)
		fprintf(stderr, "quantconfd: %s\n", faults->list[i].message);
	if (faults->count > FAULTS_MAXIMUM)
		fprintf(stderr, "quantconfd: and %zu faults more\n",
			faults->count - FAULTS_MAXIMUM);
}

/* What --check-config looks at beside what every start does. */
static int check(const struct settings *settings)
{
	struct fault fault;
	const char *doubt = settings->tls ? tls_doubt(settings->tls, time(NULL)) : NULL;
	if (!confine_check(&settings->options, &fault)) {
		fprintf(stderr, "quantconfd: %s\n", fault.message);
		return EXIT_CONFIGURATION;
	}
	if (doubt)
		fprintf(stderr, "quantconfd: warning: %s: %s\n", settings->options.tls_certificate,
			doubt);
	printf("The configuration can be used.\n");
	return 0;
}

int main(int argc, char **argv)
{
	enum options_outcome outcome;
	struct faults faults;
	bool check_only = false;
	descriptors_fill_standard();
	struct settings *settings = settings_load(argc, argv, &outcome, &check_only, &faults);
	if (outcome == OPTIONS_DONE)
		return 0;
	if (outcome == OPTIONS_WRONG) {
		tell(&faults);
		return faults.usage && !check_only ? EXIT_USAGE : EXIT_CONFIGURATION;
	}
	if (check_only) {
		int status = check(settings);
		settings_release(settings);
		return status;
	}
	log_style_settle(&settings->options.log);
	/* Now that the configuration is read, which may be a descriptor's (<(...)). */
	descriptors_close_from(listener_first_own());
	log_sink_open();
	return server_run(settings, argc, argv);
}
