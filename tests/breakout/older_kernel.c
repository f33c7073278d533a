/* Preloaded: the kernel's landlock is of the ABI that OLDER_LANDLOCK says, or missing with 0. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long landlock_version(void)
{
	long abi = strtol(getenv("OLDER_LANDLOCK"), NULL, 10);
	if (abi > 0)
		return abi;
	errno = ENOSYS;
	return -1;
}

long syscall(long number, ...)
{
	long (*next)(long, ...), words[6];
	va_list arguments;
	*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	va_start(arguments, number);
	for (size_t i = 0; i < 6; i++)
		words[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_landlock_create_ruleset && words[2] == LANDLOCK_CREATE_RULESET_VERSION)
		return landlock_version();
	return next(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
