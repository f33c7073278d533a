#include "service/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "service/confine.h"

static struct text fail(struct fault *ret_fault, const char *path, const char *what)
{
	fault_printf(ret_fault, "%s: %s", path, what);
	return (struct text){ 0 };
}

static const char *open_fault(const char *path, int error)
{
	return error == EACCES && confine_forbids(path) ? "permission denied" CONFINE_RESTART
							: strerror(error);
}

struct text file_read(struct arena *arena, const char *path, size_t limit, struct fault *ret_fault)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return fail(ret_fault, path, open_fault(path, errno));
	char *data = arena_alloc(arena, limit + 1);
	size_t length = data ? fread(data, 1, limit + 1, file) : 0;
	int error = ferror(file) ? errno : 0;
	fclose(file);
	if (!data)
		return fail(ret_fault, path, "there is no memory to read it");
	if (error != 0)
		return fail(ret_fault, path, strerror(error));
	if (length > limit)
		return fail(ret_fault, path, "it is too large for what it should be");
	return (struct text){ .data = data, .length = length };
}
