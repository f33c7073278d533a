/* The daemon: options, then the server until a signal ends it. */
#include "service/server.h"

int main(int argc, char **argv)
{
	struct options options;
	switch (options_read(&options, argc, argv)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return 2;
	case OPTIONS_READY:
		break;
	}
	return server_run(&options);
}
