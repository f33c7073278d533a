#include "checkpoint/roots.h"

#include "checkpoint/beneath.h"
#include "checkpoint/copy.h"
#include "checkpoint/folder.h"
#include "checkpoint/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES 1024
#define STEP_BYTES 255
#define STEPS 16
#define REFERENCE_BYTES 256
#define COMMIT_BYTES 40

const struct roots_limits roots_limits_default = {
	.file_bytes = (size_t)16 * 1024 * 1024,
	.index_bytes = (size_t)64 * 1024 * 1024,
	.head_bytes = (size_t)128 * 1024 * 1024,
	.inspect_bytes = (size_t)512 * 1024 * 1024,
	.cache_entries = 256,
	.cache_bytes = (size_t)64 * 1024 * 1024,
	.document = { .depth = 64, .nodes = 400000 },
};

struct roots {
	struct root_path *paths;
	size_t count;
	struct roots_limits limits;
	struct keep *keep;
};

void roots_free(struct roots *roots)
{
	if (!roots)
		return;
	for (size_t i = 0; roots->paths && i < roots->count; i++)
		free((char *)roots->paths[i].path);
	free(roots->paths);
	keep_free(roots->keep);
	free(roots);
}

struct roots *roots_new(
	const struct root_path *paths, size_t count, const struct roots_limits *limits)
{
	struct roots *roots = calloc(1, sizeof(*roots));
	if (!roots)
		return NULL;
	roots->limits = limits ? *limits : roots_limits_default;
	roots->paths = calloc(count > 0 ? count : 1, sizeof(*paths));
	roots->keep = keep_new(roots->limits.cache_entries, roots->limits.cache_bytes);
	bool done = roots->paths && roots->keep;
	for (; done && roots->count < count; roots->count++) {
		struct root_path *copy = &roots->paths[roots->count];
		copy->kind = paths[roots->count].kind;
		copy->path = strdup(paths[roots->count].path);
		done = copy->path != NULL;
	}
	if (done)
		return roots;
	roots_free(roots);
	return NULL;
}

const char *roots_unreadable(struct roots *roots)
{
	for (size_t i = 0; i < roots->count; i++) {
		int root = beneath_root(roots->paths[i].path);
		if (root < 0)
			return roots->paths[i].path;
		close(root);
	}
	return NULL;
}

struct roots_counters roots_counters(struct roots *roots)
{
	struct roots_counters counters;
	keep_count(
		roots->keep, &counters.hits, &counters.misses, &counters.entries, &counters.bytes);
	return counters;
}

/* NULL, or why a step of a name is none. */
static const char *refuse_step(struct text step)
{
	if (step.length == 0)
		return "it has an empty part";
	if (step.length > STEP_BYTES)
		return "a part of it is longer than 255 bytes";
	if (text_is(step, ".") || text_is(step, ".."))
		return "\".\" and \"..\" are no parts of a name";
	return NULL;
}

/* NULL, or why a name cannot lead to something below a root. */
static const char *refuse_name(struct text name)
{
	if (name.length == 0)
		return "it is empty";
	if (name.length > NAME_BYTES)
		return "it is longer than 1024 bytes";
	if (memchr(name.data, '\0', name.length))
		return "it has a NUL in it";
	if (name.data[0] == '/')
		return "an absolute path is no name below a model root";
	const char *fault = NULL;
	for (size_t steps = 0, at = 0; !fault && at <= name.length; steps++) {
		struct text rest = text_from(name, at);
		const char *slash = rest.length > 0 ? memchr(rest.data, '/', rest.length) : NULL;
		size_t length = slash ? (size_t)(slash - rest.data) : rest.length;
		fault = steps == STEPS ? "it has more than 16 parts"
				       : refuse_step((struct text){ rest.data, length });
		at += length + 1;
	}
	return fault;
}

static struct roots_answer answer(enum roots_status status, const char *detail)
{
	return (struct roots_answer){ .status = status, .detail = text_of(detail) };
}

/* One lookup, in one root. */
struct search {
	const struct roots_limits *limits;
	struct keep *keep; /* NULL: nothing is kept */
	struct arena *arena;
	struct text model;
	struct text revision; /* asked for */
	struct text commit;   /* found; "" in a plain root */
	enum checkpoint_source source;
	int root; /* what may not be left: a descriptor */
	struct folder_limits folder;
};

static struct folder_limits folder_limits(const struct roots_limits *limits)
{
	return (struct folder_limits){ .file_bytes = limits->file_bytes,
		.index_bytes = limits->index_bytes,
		.head_bytes = limits->head_bytes,
		.way = limits->walk ? BENEATH_STEPS : BENEATH_KERNEL };
}

static struct roots_answer finish(const struct search *search, const struct checkpoint *checkpoint)
{
	struct checkpoint *copy = checkpoint_copy(search->arena, checkpoint);
	if (!copy)
		return answer(ROOTS_NO_MEMORY, "");
	copy->model = arena_copy(search->arena, search->model);
	copy->revision = arena_copy(search->arena, search->commit);
	copy->source = search->source;
	return (struct roots_answer){ .checkpoint = copy, .detail = text_of("") };
}

/* In memory of its own, most of which is garbage afterwards. */
static struct roots_answer inspect_folder(
	const struct search *search, struct folder *folder, struct text key)
{
	struct checkpoint_files files;
	struct roots_answer result;
	struct arena arena;
	arena_init(&arena, search->limits->inspect_bytes);
	const char *fault = folder_read(folder, &arena, search->root, &search->folder, &files);
	const struct checkpoint *checkpoint =
		fault ? NULL : checkpoint_inspect_files(&arena, &files, &search->limits->document);
	if (fault)
		result = answer(ROOTS_UNREADABLE, fault);
	else if (!checkpoint)
		result = answer(ROOTS_UNREADABLE, "its files need more memory than is allowed");
	else
		result = finish(search, checkpoint);
	/* A fault may end without any file changing. */
	if (checkpoint && files.fault_count == 0 && search->keep)
		keep_add(search->keep, key, folder, checkpoint);
	arena_release(&arena);
	return result;
}

static struct roots_answer not_opened(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG:
		return answer(ROOTS_NOT_FOUND, "");
	case -ENOMEM:
		return answer(ROOTS_NO_MEMORY, "");
	case -EXDEV:
		return answer(ROOTS_UNREADABLE, "a link leads out of the model root");
	case -ELOOP:
		return answer(ROOTS_UNREADABLE, "a link stands in its way");
	case -EACCES:
		return answer(ROOTS_UNREADABLE, "permission denied");
	default:
		return answer(ROOTS_UNREADABLE, "its folder cannot be read");
	}
}

/* The folder `path` below search->root; `key` names it for the cache. */
static struct roots_answer search_folder(
	const struct search *search, struct text path, struct text key)
{
	struct folder folder;
	if (arena_failed(search->arena))
		return answer(ROOTS_NO_MEMORY, "");
	int error = folder_survey(&folder, search->arena, search->root, path, &search->folder);
	if (error != 0)
		return not_opened(error);
	if (!folder.files[FOLDER_CONFIG].present)
		return answer(ROOTS_NOT_FOUND, "");
	struct kept *kept = search->keep ? keep_take(search->keep, key, &folder) : NULL;
	if (!kept)
		return inspect_folder(search, &folder, key);
	struct roots_answer result = finish(search, kept_checkpoint(kept));
	keep_give_back(search->keep, kept);
	return result;
}

static struct roots_answer search_plain(struct search *search, const char *root)
{
	struct text key =
		arena_printf(search->arena, "%s/%.*s", root, TEXT_ARGUMENTS(search->model));
	search->source = CHECKPOINT_FROM_MODEL_ROOT;
	search->commit = text_of("");
	return search_folder(search, search->model, key);
}

/* "models--ORG--NAME", or NULL: the hub has no deeper names. */
static const char *cache_name(struct arena *arena, struct text model)
{
	struct text copy = arena_printf(arena, "models--%.*s", TEXT_ARGUMENTS(model));
	const char *slash = memchr(copy.data, '/', copy.length);
	if (!slash)
		return copy.data;
	size_t organisation = (size_t)(slash - copy.data);
	if (memchr(slash + 1, '/', copy.length - organisation - 1))
		return NULL;
	return arena_printf(arena, "%.*s--%s", (int)organisation, copy.data, slash + 1).data;
}

static bool is_commit(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!strchr("0123456789abcdef", text.data[i]))
			return false;
	return text.length == COMMIT_BYTES;
}

/* The reference's contents; 0 or the errno negated. */
static int read_reference(const struct search *search, const char *path, struct text *ret_contents)
{
	struct identity identity;
	int file = beneath_file(search->root, path, search->folder.way, &identity);
	if (file < 0)
		return file;
	char *contents = arena_alloc(search->arena, REFERENCE_BYTES);
	ssize_t got = contents ? read(file, contents, REFERENCE_BYTES) : 0;
	*ret_contents = (struct text){ contents, got > 0 ? (size_t)got : 0 };
	close(file);
	return contents ? 0 : -ENOMEM;
}

/* What refs/REVISION says; a commit may be named itself. False: `ret_answer` says why not. */
static bool find_commit(struct search *search, const char *model, struct roots_answer *ret_answer)
{
	struct text contents;
	struct text revision = search->revision.length > 0 ? search->revision : TEXT("main");
	struct text path =
		arena_printf(search->arena, "%s/refs/%.*s", model, TEXT_ARGUMENTS(revision));
	int error = read_reference(search, path.data, &contents);
	search->commit = error == 0 ? text_trim(contents) : revision;
	if (is_commit(search->commit))
		return true;
	*ret_answer = error == 0 ? answer(ROOTS_UNREADABLE, "its reference names no commit")
				 : not_opened(error);
	return false;
}

/*
 * A snapshot's files are links to ../../blobs below the model's own folder; nothing may leave the
 * cache.
 */
static struct roots_answer search_cache(struct search *search, const char *root)
{
	struct roots_answer result;
	const char *model = cache_name(search->arena, search->model);
	search->source = CHECKPOINT_FROM_HF_CACHE;
	if (!model)
		return answer(ROOTS_NOT_FOUND, "");
	if (!find_commit(search, model, &result))
		return result;
	struct text path = arena_printf(
		search->arena, "%s/snapshots/%.*s", model, TEXT_ARGUMENTS(search->commit));
	struct text key = arena_printf(search->arena, "%s/%.*s", root, TEXT_ARGUMENTS(path));
	return search_folder(search, path, key);
}

static struct roots_answer search_root(struct search *search, const struct root_path *path)
{
	search->root = beneath_root(path->path);
	if (search->root < 0)
		return answer(ROOTS_UNREADABLE, "its model root cannot be opened");
	struct roots_answer result = path->kind == ROOT_HF_CACHE ? search_cache(search, path->path)
								 : search_plain(search, path->path);
	close(search->root);
	return result;
}

static struct roots_answer refuse(struct arena *arena, const char *what, const char *fault)
{
	struct roots_answer refused = answer(ROOTS_REFUSED, "");
	refused.detail = arena_printf(arena, "%s%s", what, fault);
	return refused;
}

/* The first root that has it; a root that cannot be read matters only when no other one has it. */
struct roots_answer roots_look_up(
	struct roots *roots, struct arena *arena, struct text model, struct text revision)
{
	const char *fault = refuse_name(model);
	if (fault)
		return refuse(arena, "", fault);
	fault = revision.length > 0 ? refuse_name(revision) : NULL;
	if (fault)
		return refuse(arena, "of the revision: ", fault);
	struct search search = { .limits = &roots->limits,
		.keep = roots->keep,
		.arena = arena,
		.model = model,
		.revision = revision,
		.folder = folder_limits(&roots->limits) };
	struct roots_answer best = answer(ROOTS_NOT_FOUND, "");
	for (size_t i = 0; i < roots->count; i++) {
		struct roots_answer found = search_root(&search, &roots->paths[i]);
		if (found.status == ROOTS_FOUND || found.status == ROOTS_NO_MEMORY)
			return found;
		if (best.status == ROOTS_NOT_FOUND)
			best = found;
	}
	return best;
}

struct roots_answer roots_inspect_folder(
	struct arena *arena, const char *path, const struct roots_limits *limits)
{
	limits = limits ? limits : &roots_limits_default;
	struct search search = { .limits = limits,
		.arena = arena,
		.model = text_of(path),
		.commit = text_of(""),
		.source = CHECKPOINT_FROM_MODEL_ROOT,
		.root = beneath_root(path),
		.folder = folder_limits(limits) };
	if (search.root < 0)
		return not_opened(search.root);
	search.folder.way = BENEATH_TRUST;
	struct roots_answer result = search_folder(&search, text_of(""), text_of(""));
	close(search.root);
	return result;
}
