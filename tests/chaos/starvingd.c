/* The daemon, whose threads are refused every so-manieth request for memory: QUANTCONF_STARVE says how many. */
#include "chaos/memory.h"

#include <stdlib.h>

int quantconfd_main(int count, char **arguments);
#define main quantconfd_main
#include "quantconfd.c"
#undef main

int main(int count, char **arguments)
{
	const char *every = getenv("QUANTCONF_STARVE");
	memory_refuse_every(every ? strtoul(every, NULL, 10) : 0);
	return quantconfd_main(count, arguments);
}
