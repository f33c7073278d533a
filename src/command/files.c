#include "command/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_DEPTH 32

static void complain(const char *doing, const char *path)
{
	fprintf(stderr, "quantconf: %s %s: %s\n", doing, path, strerror(errno));
}

static void add(struct file_list *list, const char *path)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		char **paths = realloc(list->paths, capacity * sizeof(char *));
		if (!paths) {
			list->failed++;
			return;
		}
		list->paths = paths;
		list->capacity = capacity;
	}
	char *copy = strdup(path);
	if (copy)
		list->paths[list->count++] = copy;
	list->failed += !copy;
}

static bool is_yaml(const char *name)
{
	struct text text = text_of(name);
	return name[0] != '.' && (text_ends_with(text, ".yaml") || text_ends_with(text, ".yml"));
}

static int skip_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_folder(struct file_list *list, const char *folder, int depth)
{
	struct dirent **entries;
	int count = depth > FOLDER_DEPTH ? 0 : scandir(folder, &entries, skip_dots, alphasort);
	if (count < 0) {
		complain("cannot read folder", folder);
		list->failed++;
		return;
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		struct stat status;
		int length = snprintf(path, sizeof(path), "%s%s%s", folder,
			text_ends_with(text_of(folder), "/") ? "" : "/", entries[i]->d_name);
		/* Links and pipes are not what a folder holds: they lead out of it, or never end. */
		bool fits =
			length > 0 && (size_t)length < sizeof(path) && lstat(path, &status) == 0;
		if (fits && S_ISDIR(status.st_mode))
			add_folder(list, path, depth + 1);
		else if (fits && S_ISREG(status.st_mode) && is_yaml(entries[i]->d_name))
			add(list, path);
		free(entries[i]);
	}
	if (depth <= FOLDER_DEPTH)
		free(entries);
}

void files_collect(struct file_list *list, char **paths, size_t count)
{
	*list = (struct file_list){ .paths = NULL };
	if (count == 0)
		add(list, "-");
	for (size_t i = 0; i < count; i++) {
		struct stat status;
		if (strcmp(paths[i], "-") != 0 && stat(paths[i], &status) == 0 &&
			S_ISDIR(status.st_mode)) {
			list->folders = true;
			add_folder(list, paths[i], 0);
		} else {
			add(list, paths[i]);
		}
	}
}

void files_release(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct file_list){ .paths = NULL };
}

static bool read_all(struct arena *arena, int descriptor, size_t limit, struct text *ret_text)
{
	size_t capacity = 16 * 1024, length = 0;
	char *data = arena_alloc(arena, capacity);
	while (data && length <= limit) {
		if (length == capacity) {
			char *larger = arena_alloc(arena, capacity * 2);
			if (larger)
				memcpy(larger, data, length);
			data = larger;
			capacity *= 2;
			continue;
		}
		ssize_t got = read(descriptor, data + length, capacity - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (!data)
		errno = ENOMEM;
	*ret_text = (struct text){ .data = data, .length = length };
	return data != NULL;
}

bool file_read(struct arena *arena, const char *path, size_t limit, struct text *ret_text)
{
	bool standard = strcmp(path, "-") == 0;
	int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	bool read = descriptor >= 0 && read_all(arena, descriptor, limit, ret_text);
	if (!read)
		complain("cannot read", standard ? "standard input" : path);
	if (!standard && descriptor >= 0)
		close(descriptor);
	return read;
}

bool file_is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool write_all(int descriptor, struct text text)
{
	while (text.length > 0) {
		ssize_t put = write(descriptor, text.data, text.length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		text = text_from(text, (size_t)put);
	}
	return true;
}

/* Owner first: changing it may clear bits of the mode. Only root may give a file away, so a group that stays is enough. */
static bool dress(int descriptor, const struct stat *like)
{
	struct stat now;
	if (fstat(descriptor, &now) != 0)
		return false;
	if ((now.st_uid != like->st_uid || now.st_gid != like->st_gid) &&
		fchown(descriptor, like->st_uid, like->st_gid) != 0)
		return false;
	return fchmod(descriptor, like->st_mode & 07777) == 0;
}

static bool replace(const char *path, const char *temporary, int descriptor, struct text text)
{
	struct stat like;
	bool written = stat(path, &like) == 0 && write_all(descriptor, text) &&
		       dress(descriptor, &like) && fsync(descriptor) == 0;
	written = close(descriptor) == 0 && written;
	return written && rename(temporary, path) == 0;
}

bool file_replace(const char *path, struct text text)
{
	char *real = realpath(path, NULL);
	char temporary[PATH_MAX];
	int length = real ? snprintf(temporary, sizeof(temporary), "%s.XXXXXX", real) : -1;
	bool fits = length > 0 && (size_t)length < sizeof(temporary);
	int descriptor = fits ? mkostemp(temporary, O_CLOEXEC) : -1;
	bool replaced = descriptor >= 0 && replace(real, temporary, descriptor, text);
	if (!replaced)
		complain("cannot replace", path);
	if (descriptor >= 0 && !replaced)
		unlink(temporary);
	free(real);
	return replaced;
}
