/*
 * The command, of whose requests for memory the first word says which one is refused (0: none). It writes how many there
 * were to descriptor 3, a size_t.
 */
#include "chaos/memory.h"

#include <stdlib.h>
#include <unistd.h>

int quantconf_main(int count, char **arguments);
#define main quantconf_main
#include "quantconf.c"
#undef main

int main(int count, char **arguments)
{
	if (count < 2)
		return EXIT_USAGE;
	memory_refuse(strtoul(arguments[1], NULL, 10), false);
	int status = quantconf_main(count - 1, arguments + 1);
	size_t asked = memory_asked();
	memory_refuse(0, false);
	return write(3, &asked, sizeof(asked)) == sizeof(asked) ? status : EXIT_INTERNAL;
}
