/* The daemon: settings, then the server until a signal ends it. */
#include <stdio.h>

#include "service/daemon/confine.h"
#include "service/daemon/server.h"
#include "service/network/listener.h"
#include "service/process/descriptors.h"
#include "service/process/log_sink.h"
#include "service/requests/settings.h"

int main(int argc, char **argv)
{
	enum options_outcome outcome;
	struct fault fault;
	bool check = false;
	descriptors_fill_standard();
	struct settings *settings = settings_load(argc, argv, &outcome, &check, &fault);
	if (outcome == OPTIONS_DONE)
		return 0;
	if (outcome == OPTIONS_WRONG) {
		fprintf(stderr, "quantconfd: %s\n", fault.message);
		return check ? 1 : 2;
	}
	if (check && !confine_check(&settings->options, &fault)) {
		fprintf(stderr, "quantconfd: %s\n", fault.message);
		settings_release(settings);
		return 1;
	}
	if (check) {
		printf("The configuration can be used.\n");
		settings_release(settings);
		return 0;
	}
	log_style_settle(&settings->options.log);
	/* Now that the configuration is read, which may be a descriptor's (<(...)). */
	descriptors_close_from(listener_first_own());
	log_sink_open();
	return server_run(settings, argc, argv);
}
