#include "command/files.h"

#include "command/say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_DEPTH 32

static void lack(struct file_list *list, const char *path)
{
	errno = ENOMEM;
	say_failed("cannot read", path);
	list->failed++;
}

/* Takes over the target. */
static void add(struct file_list *list, const char *path, char *target, const char *leaves)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		struct listed_file *files =
			realloc(list->files, capacity * sizeof(struct listed_file));
		if (!files) {
			lack(list, path);
			free(target);
			return;
		}
		list->files = files;
		list->capacity = capacity;
	}
	struct listed_file file = { .path = strdup(path), .target = target, .leaves = leaves };
	if (file.path) {
		list->files[list->count++] = file;
		return;
	}
	lack(list, path);
	free(target);
}

static bool is_yaml(const char *name)
{
	struct text text = text_of(name);
	return text_ends_with(text, ".yaml") || text_ends_with(text, ".yml");
}

static int skip_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A folder of the command line, and all below it. */
struct search {
	struct file_list *list;
	const char *folder; /* as it was asked for */
	char *real;         /* without links */
};

static void fail(struct search *search, const char *doing, const char *path)
{
	say_failed(doing, path);
	search->list->failed++;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 &&
	       (path[length] == '/' || (length > 0 && folder[length - 1] == '/'));
}

/* To a file, or to nowhere, which reading it will tell. Links to folders may lead in circles, and pipes never end. */
static void add_link(struct search *search, const char *path)
{
	struct stat status;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return;
	char *target = realpath(path, NULL);
	if (!target && errno == ENOMEM) {
		fail(search, "cannot read", path);
		return;
	}
	bool leaves = target && !is_below(target, search->real);
	add(search->list, path, target, leaves ? search->folder : NULL);
}

static void add_folder(struct search *search, const char *folder, int depth);

static void add_entry(struct search *search, const char *folder, const char *name, int depth)
{
	char path[PATH_MAX];
	struct stat status;
	int length = snprintf(path, sizeof(path), "%s%s%s", folder,
		text_ends_with(text_of(folder), "/") ? "" : "/", name);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		fail(search, "cannot read", path);
	} else if (lstat(path, &status) != 0) {
		fail(search, "cannot read", path);
	} else if (S_ISDIR(status.st_mode)) {
		add_folder(search, path, depth + 1);
	} else if (is_yaml(name) && S_ISREG(status.st_mode)) {
		add(search->list, path, NULL, NULL);
	} else if (is_yaml(name) && S_ISLNK(status.st_mode)) {
		add_link(search, path);
	}
}

static void add_folder(struct search *search, const char *folder, int depth)
{
	struct dirent **entries;
	if (depth > FOLDER_DEPTH) {
		say("%s: folders are searched %d levels deep at most", folder, FOLDER_DEPTH);
		search->list->failed++;
		return;
	}
	int count = scandir(folder, &entries, skip_dots, alphasort);
	if (count < 0) {
		fail(search, "cannot read folder", folder);
		return;
	}
	for (int i = 0; i < count; i++) {
		add_entry(search, folder, entries[i]->d_name, depth);
		free(entries[i]);
	}
	free(entries);
}

/* A folder without a config is a mistake: what nobody looked at must not look like a pass. */
static void search_folder(struct file_list *list, const char *folder)
{
	struct search search = { .list = list, .folder = folder, .real = realpath(folder, NULL) };
	size_t before = list->count + list->failed;
	list->folders = true;
	if (search.real)
		add_folder(&search, folder, 0);
	else
		fail(&search, "cannot read folder", folder);
	free(search.real);
	if (list->count + list->failed > before)
		return;
	say("%s: there is no config in it: no name ends with .yaml or .yml, hidden ones not counted",
		folder);
	list->failed++;
}

void files_collect(struct file_list *list, char **paths, size_t count)
{
	*list = (struct file_list){ .files = NULL };
	if (count == 0)
		add(list, "-", NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(paths[i], "-") != 0 && file_is_folder(paths[i]))
			search_folder(list, paths[i]);
		else
			add(list, paths[i], NULL, NULL);
	}
}

void files_release(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->files[i].path);
		free(list->files[i].target);
	}
	free(list->files);
	*list = (struct file_list){ .files = NULL };
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

bool file_read(struct arena *arena, const char *path, size_t limit, struct text *ret_text,
	struct stat *ret_status)
{
	bool standard = strcmp(path, "-") == 0;
	int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	bool read = descriptor >= 0 && (!ret_status || fstat(descriptor, ret_status) == 0) &&
		    read_all(arena, descriptor, limit, ret_text);
	if (!read)
		say_failed("cannot read", standard ? "standard input" : path);
	if (!standard && descriptor >= 0)
		close(descriptor);
	return read;
}

bool file_is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}
