#include "checkpoint/folders/beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define FOLDER_FLAGS (O_RDONLY | O_CLOEXEC | O_DIRECTORY)
#define STEP_FLAGS (O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
#define RETRIES 8

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified == b->modified && a->changed == b->changed;
}

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct identity identity_from(const struct stat *status)
{
	return (struct identity){ .device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size > 0 ? (uint64_t)status->st_size : 0,
		.modified = nanoseconds(status->st_mtim),
		.changed = nanoseconds(status->st_ctim) };
}

bool beneath_starved(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

int beneath_root(const char *path)
{
	int folder = open(path, FOLDER_FLAGS);
	return folder < 0 ? -errno : folder;
}

/* EAGAIN: something was renamed meanwhile, so that the kernel could not be sure. */
static int open_by_kernel(int folder, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	for (int i = 0; i < RETRIES; i++) {
		long result = syscall(SYS_openat2, folder, path, &how, sizeof(how));
		if (result >= 0)
			return (int)result;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

/* Without following any link; ELOOP or ENOTDIR where there is one. */
static int open_by_steps(int folder, const char *path, int flags)
{
	char step[PATH_BYTES];
	int at = folder;
	const char *slash;
	while ((slash = strchr(path, '/'))) {
		size_t length = (size_t)(slash - path);
		if (length == 0 || length >= sizeof(step) ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			break;
		memcpy(step, path, length);
		step[length] = '\0';
		int next = openat(at, step, STEP_FLAGS);
		int error = errno;
		if (at != folder)
			close(at);
		if (next < 0)
			return -error;
		at = next;
		path = slash + 1;
	}
	bool leaves = slash || strcmp(path, "..") == 0;
	int result = leaves ? -1 : openat(at, path, flags | O_NOFOLLOW);
	int error = leaves ? EXDEV : errno;
	if (at != folder)
		close(at);
	return result < 0 ? -error : result;
}

/* Drops the last step of a path; false when there is none. */
static bool step_back(char *path)
{
	char *slash = strrchr(path, '/');
	if (path[0] == '\0')
		return false;
	*(slash ? slash : path) = '\0';
	return true;
}

/* Adds the steps of a link's target to a path without links; false when it leads out. */
static bool append(char path[PATH_BYTES], const char *target)
{
	if (target[0] == '/')
		return false;
	while (*target) {
		size_t length = strcspn(target, "/"), have = strlen(path);
		if (length == 2 && strncmp(target, "..", 2) == 0) {
			if (!step_back(path))
				return false;
		} else if (length > 0 && !(length == 1 && target[0] == '.')) {
			if (have + length + 2 > PATH_BYTES)
				return false;
			if (have > 0)
				path[have++] = '/';
			memcpy(path + have, target, length);
			path[have + length] = '\0';
		}
		target += length + (target[length] == '/');
	}
	return path[0] != '\0';
}

static int read_link(int folder, const char *path, char target[PATH_BYTES])
{
	char parent[PATH_BYTES];
	size_t length = strlen(path);
	if (length >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, length + 1);
	step_back(parent);
	int at = parent[0] ? open_by_steps(folder, parent, O_PATH | O_CLOEXEC | O_DIRECTORY)
			   : folder;
	if (at < 0)
		return at;
	const char *slash = strrchr(path, '/');
	ssize_t got = readlinkat(at, slash ? slash + 1 : path, target, PATH_BYTES - 1);
	int error = errno;
	if (at != folder)
		close(at);
	if (got < 0)
		return -error;
	target[got] = '\0';
	return 0;
}

/* The last step may be a link, as a hub cache's snapshots have them; all others are folders. */
static int open_walking(int folder, const char *path, int flags)
{
	char target[PATH_BYTES], resolved[PATH_BYTES];
	int result = open_by_steps(folder, path, flags);
	if (result != -ELOOP && result != -ENOTDIR)
		return result;
	if (read_link(folder, path, target) != 0)
		return result;
	memcpy(resolved, path, strlen(path) + 1);
	step_back(resolved);
	return append(resolved, target) ? open_by_steps(folder, resolved, flags) : -EXDEV;
}

static int open_beneath(int folder, const char *path, int flags, enum beneath_way way)
{
	if (strlen(path) >= PATH_BYTES)
		return -ENAMETOOLONG;
	if (way == BENEATH_TRUST) {
		int result = openat(folder, path, flags);
		return result < 0 ? -errno : result;
	}
	if (way == BENEATH_KERNEL) {
		int result = open_by_kernel(folder, path, flags);
		/* A kernel before 5.6, or a sandbox that does not know the call. */
		if (result != -ENOSYS && result != -EPERM)
			return result;
	}
	return open_walking(folder, path, flags);
}

int beneath_folder(int folder, const char *path, enum beneath_way way)
{
	return open_beneath(folder, path, FOLDER_FLAGS, way);
}

static int identify(int opened, mode_t kind, struct identity *ret_identity)
{
	struct stat status;
	if (fstat(opened, &status) != 0)
		return -errno;
	*ret_identity = identity_from(&status);
	return (status.st_mode & S_IFMT) == kind ? 0 : -EINVAL;
}

int identity_of(int file, struct identity *ret_identity)
{
	return identify(file, S_IFREG, ret_identity);
}

int identity_of_folder(int folder, struct identity *ret_identity)
{
	return identify(folder, S_IFDIR, ret_identity);
}

int beneath_file(int folder, const char *path, enum beneath_way way, struct identity *ret_identity)
{
	int file = open_beneath(folder, path, FILE_FLAGS, way);
	if (file < 0)
		return file;
	int error = identity_of(file, ret_identity);
	if (error == 0)
		return file;
	close(file);
	return error;
}

int beneath_look(const char *path, struct identity *ret_identity)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return -errno;
	*ret_identity = identity_from(&status);
	return 0;
}

void *beneath_list(int folder)
{
	DIR *listing = fdopendir(folder);
	if (!listing)
		close(folder);
	return listing;
}

const char *beneath_next(void *listing, int *ret_error)
{
	errno = 0;
	const struct dirent *entry = readdir(listing);
	*ret_error = entry ? 0 : -errno;
	return entry ? entry->d_name : NULL;
}

struct text beneath_link(void *listing, const char *name, char *room, size_t size)
{
	ssize_t length = readlinkat(dirfd(listing), name, room, size);
	bool whole = length > 0 && (size_t)length < size;
	return (struct text){ room, whole ? (size_t)length : 0 };
}

void beneath_list_end(void *listing)
{
	closedir(listing);
}
