#include "service/process/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What the kernel was told cannot be taken back, so neither can this. */
static bool files_are_confined;
static bool calls_are_confined;

void confined_files(void)
{
	files_are_confined = true;
}

void confined_calls(void)
{
	calls_are_confined = true;
}

bool confined_any(void)
{
	return files_are_confined || calls_are_confined;
}

bool confined_forbids(const char *path)
{
	if (!files_are_confined)
		return false;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file >= 0)
		close(file);
	/* Landlock is asked when something is opened, permissions by this, too. */
	return file < 0 && errno == EACCES && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}
