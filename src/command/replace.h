/* A file's new contents in place of the old ones, as a whole or not at all. */
#pragma once

#include "base/text.h"

#include <sys/stat.h>

/*
 * Written beside the file, synced, renamed over it: owner, mode, access control list and the other extended attributes stay, a
 * symbolic link stays one. `read` is the file as file_read() found it: what was written to it since then is not overwritten.
 * False after saying on stderr why not; the file is then as it was. A signal that ends the process is put off until nothing
 * is left beside the file.
 */
bool file_replace(const char *path, const struct stat *read, struct text text);
