#include "runner/support.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tally_check(struct tally *tally, bool passed, const char *format, ...)
{
	tally->checks++;
	if (passed)
		return true;
	tally->failures++;
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	return false;
}

int tally_finish(const struct tally *tally)
{
	size_t passed = tally->checks - tally->failures;
	size_t percent = tally->checks ? 100 * passed / tally->checks : 0;
	printf("%s\n%zu%%: Checks: %zu, Failures: %zu, Errors: 0\n", tally->name, percent,
		tally->checks, tally->failures);
	return tally->checks && !tally->failures ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool file_read(struct arena *arena, const char *path, struct text *ret_text)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	struct buffer buffer;
	buffer_init(&buffer, arena, 4096);
	char chunk[4096];
	size_t got;
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buffer_add(&buffer, (struct text){ .data = chunk, .length = got });
	bool whole = !ferror(file) && !arena_failed(arena);
	fclose(file);
	buffer_add_byte(&buffer, '\0');
	if (!whole || arena_failed(arena))
		return false;
	*ret_text = buffer_text(&buffer);
	ret_text->length--;
	return true;
}

bool file_write(const char *path, struct text text)
{
	FILE *file = fopen(path, "wb");
	if (!file)
		return false;
	bool whole = fwrite(text.data, 1, text.length, file) == text.length;
	return fclose(file) == 0 && whole;
}

const char *path_join(struct arena *arena, const char *folder, const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name).data;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool folder_list(
	struct arena *arena, const char *path, const char *part, struct listing *ret_listing)
{
	DIR *folder = opendir(path);
	if (!folder)
		return false;
	size_t capacity = 0;
	while (readdir(folder))
		capacity++;
	rewinddir(folder);
	struct listing listing = { .names = ARENA_ARRAY(arena, char *, capacity) };
	const struct dirent *entry;
	while (listing.names && listing.count < capacity && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || !strstr(entry->d_name, part))
			continue;
		struct text name = arena_copy(arena, text_of(entry->d_name));
		listing.names[listing.count++] = (char *)name.data;
	}
	closedir(folder);
	if (arena_failed(arena))
		return false;
	qsort(listing.names, listing.count, sizeof(*listing.names), name_compare);
	*ret_listing = listing;
	return true;
}

unsigned long long number_of_variable(const char *name, unsigned long long otherwise)
{
	const char *value = getenv(name);
	return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

const char *corpus_path(struct arena *arena, const char *name)
{
	const char *corpus = getenv("QUANTCONF_CORPUS");
	return corpus && *corpus ? path_join(arena, corpus, name) : NULL;
}

bool text_line(struct text *rest, struct text *ret_line)
{
	if (!rest->length)
		return false;
	const char *end = memchr(rest->data, '\n', rest->length);
	size_t length = end ? (size_t)(end - rest->data) : rest->length;
	*ret_line = (struct text){ .data = rest->data, .length = length };
	*rest = text_from(*rest, length + 1);
	return true;
}

const struct diagnostic *resolution_finding(const struct resolution *resolution, const char *id)
{
	for (size_t i = 0; i < resolution->finding_count; i++) {
		if (strcmp(resolution->findings[i]->rule->id, id) == 0)
			return resolution->findings[i];
	}
	return NULL;
}

bool edits_sane(const struct diagnostic *finding, struct text config)
{
	size_t at = 0;
	for (size_t i = 0; i < finding->edit_count; i++) {
		const struct edit *edit = &finding->edits[i];
		if (edit->offset < at || edit->length > config.length ||
			edit->offset > config.length - edit->length)
			return false;
		at = edit->offset + edit->length;
	}
	return true;
}

struct text edits_applied(struct arena *arena, struct text config, const struct diagnostic *finding)
{
	struct buffer out;
	buffer_init(&out, arena, config.length + 64);
	size_t at = 0;
	for (size_t i = 0; i < finding->edit_count; i++) {
		const struct edit *edit = &finding->edits[i];
		buffer_add(&out, (struct text){ config.data + at, edit->offset - at });
		buffer_add(&out, edit->text);
		at = edit->offset + edit->length;
	}
	buffer_add(&out, text_from(config, at));
	return buffer_text(&out);
}
