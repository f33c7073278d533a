#include "checkpoint/folders/search.h"

#include "checkpoint/folders/copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REFERENCE_BYTES 256
#define COMMIT_BYTES 40

struct roots_answer search_answer(enum roots_status status, const char *detail)
{
	return (struct roots_answer){ .status = status, .detail = text_of(detail) };
}

static void get_on(const void *context)
{
	const struct search *search = context;
	if (search->limits->progress)
		search->limits->progress();
	if (search->keep)
		keep_stir(search->keep);
}

static struct folder_limits folder_limits(const struct search *search)
{
	const struct roots_limits *limits = search->limits;
	return (struct folder_limits){ .file_bytes = limits->file_bytes,
		.index_bytes = limits->index_bytes,
		.head_bytes = limits->head_bytes,
		.way = limits->walk ? BENEATH_STEPS : BENEATH_KERNEL,
		.progress = get_on,
		.context = search };
}

static const char *whole_path(const struct search *search, struct text path)
{
	return arena_printf(search->arena, "%s/%.*s", search->root_path, TEXT_ARGUMENTS(path)).data;
}

/* What was opened there, or why not; what only a look can tell is looked at. */
static void note(
	struct search *search, struct text path, int error, const struct identity *identity)
{
	static const struct identity nothing = { 0 };
	if (!search->keep)
		return;
	const char *whole = whole_path(search, path);
	if (error == 0 || error == -ENOENT)
		witnesses_add(&search->witnesses, whole, error, error == 0 ? identity : &nothing);
	else
		witnesses_look(&search->witnesses, whole);
}

/* Another immutable file would be another link, which the folder's stamp tells. */
static void note_files(struct search *search, const struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		if (folder->files[i].present && !folder->files[i].immutable)
			witnesses_add(&search->witnesses, whole_path(search, folder->files[i].path),
				0, &folder->files[i].identity);
}

/* A fault may end without any file changing, and what changes now may change again unseen; all witnesses must be there. */
static bool may_be_kept(const struct search *search, const struct checkpoint_files *files)
{
	return search->keep && !search->uncertain && files->fault_count == 0 &&
	       !arena_failed(search->arena) &&
	       (!search->limits->now || witnesses_settled(&search->witnesses, search->began));
}

static struct roots_answer answer_found(const struct checkpoint *checkpoint)
{
	return checkpoint ? (struct roots_answer){ .checkpoint = checkpoint, .detail = text_of("") }
			  : search_answer(ROOTS_NO_MEMORY, "");
}

struct roots_answer search_answer_kept(struct arena *arena, struct kept *kept)
{
	if (arena_defer(arena, kept_release, kept))
		return answer_found(kept_checkpoint(kept));
	kept_release(kept);
	return search_answer(ROOTS_NO_MEMORY, "");
}

static struct roots_answer finish(struct search *search, const struct folder *folder,
	const struct checkpoint_files *files, struct checkpoint *checkpoint)
{
	struct kept *kept = NULL;
	checkpoint->model = search->model;
	checkpoint->revision = search->commit;
	checkpoint->source = search->source;
	if (search->keep)
		note_files(search, folder);
	if (may_be_kept(search, files))
		kept = keep_add(search->keep, search->question, &search->witnesses, checkpoint);
	return kept ? search_answer_kept(search->arena, kept)
		    : answer_found(checkpoint_copy(search->arena, checkpoint));
}

/* The files are too much for what an inspection may have, or there is not so much. */
static struct roots_answer without_memory(const struct arena *arena)
{
	return arena_over_limit(arena) ? search_answer(ROOTS_UNREADABLE,
						 "its files need more memory than is allowed")
				       : search_answer(ROOTS_NO_MEMORY, "");
}

static struct roots_answer inspect_folder(
	struct search *search, struct folder *folder, struct arena *arena)
{
	struct checkpoint_files files;
	if (search->kept_only)
		return (struct roots_answer){ .status = ROOTS_COLD, .detail = search->question };
	const char *fault = folder_read(folder, arena, search->root, &search->folder, &files);
	if (arena_failed(arena))
		return without_memory(arena);
	if (fault)
		return search_answer(ROOTS_UNREADABLE, fault);
	struct checkpoint *checkpoint =
		checkpoint_inspect_files(arena, &files, &search->limits->document);
	if (checkpoint && search->revision.length > 0 &&
		search->source == CHECKPOINT_FROM_MODEL_ROOT)
		checkpoint_note_revision(checkpoint, arena, search->revision);
	return checkpoint ? finish(search, folder, &files, checkpoint) : without_memory(arena);
}

static struct roots_answer not_opened(int error)
{
	if (beneath_starved(error))
		return search_answer(ROOTS_NO_MEMORY, "");
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG:
		return search_answer(ROOTS_NOT_FOUND, "");
	case -EXDEV:
		return search_answer(
			ROOTS_UNREADABLE, "a link is absolute, or leads out of the model root");
	case -ELOOP:
		return search_answer(ROOTS_UNREADABLE, "a link stands in its way");
	case -EACCES:
		return search_answer(ROOTS_UNREADABLE, "permission denied");
	default:
		return search_answer(ROOTS_UNREADABLE, "its folder cannot be read");
	}
}

/* Whoever has what else belongs to a model has a part of it. */
static struct roots_answer without_config(const struct folder *folder)
{
	bool part = folder->count > FOLDER_FIXED;
	for (size_t i = 0; i < FOLDER_FIXED; i++)
		part |= folder->files[i].present;
	return search_answer(
		part ? ROOTS_UNREADABLE : ROOTS_NOT_FOUND, "there is no config.json in its folder");
}

/* The folder `path` below search->root; in memory of its own, most of which is garbage afterwards. */
static struct roots_answer search_folder(struct search *search, struct text path)
{
	struct folder folder;
	struct arena arena;
	arena_init(&arena, search->limits->inspect_bytes);
	arena.pool = search->arena->pool;
	int error = folder_survey(&folder, &arena, search->root, path, &search->folder);
	note(search, path, error, &folder.identity);
	struct roots_answer result = search_answer(ROOTS_NOT_FOUND, "");
	if (arena_failed(&arena))
		result = without_memory(&arena);
	else if (error != 0)
		result = not_opened(error);
	else if (folder.files[FOLDER_CONFIG].present)
		result = inspect_folder(search, &folder, &arena);
	else
		result = without_config(&folder);
	arena_release(&arena);
	return arena_failed(search->arena) ? search_answer(ROOTS_NO_MEMORY, "") : result;
}

static struct roots_answer search_plain(struct search *search)
{
	search->source = CHECKPOINT_FROM_MODEL_ROOT;
	search->commit = text_of("");
	return search_folder(search, search->place.length > 0 ? search->place : search->model);
}

/* "models--ORG--NAME" behind `above`, or NULL: the hub has no deeper names. */
static const char *cache_name(struct arena *arena, const char *above, struct text model)
{
	struct text copy = arena_printf(arena, "%smodels--%.*s", above, TEXT_ARGUMENTS(model));
	size_t before = strlen(above);
	const char *slash = memchr(copy.data + before, '/', copy.length - before);
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
static int read_reference(const struct search *search, const char *path,
	struct identity *ret_identity, struct text *ret_contents)
{
	int file = beneath_file(search->root, path, search->folder.way, ret_identity);
	if (file < 0)
		return file;
	char *contents = arena_alloc(search->arena, REFERENCE_BYTES);
	ssize_t got = contents ? read(file, contents, REFERENCE_BYTES) : 0;
	int error = got < 0 ? -errno : 0;
	*ret_contents = (struct text){ contents, got > 0 ? (size_t)got : 0 };
	close(file);
	return contents ? error : -ENOMEM;
}

/* What refs/REVISION says; a commit may be named itself. False: `ret_answer` says why not. */
static bool find_commit(struct search *search, const char *model, struct roots_answer *ret_answer)
{
	struct text contents;
	struct text revision = search->revision.length > 0 ? search->revision : TEXT("main");
	struct text path =
		arena_printf(search->arena, "%s/refs/%.*s", model, TEXT_ARGUMENTS(revision));
	struct identity identity;
	int error = read_reference(search, path.data, &identity, &contents);
	note(search, path, error, &identity);
	search->commit = error == 0 ? text_trim(contents) : revision;
	if (is_commit(search->commit))
		return true;
	*ret_answer = error == 0 ? search_answer(ROOTS_UNREADABLE, "its reference names no commit")
				 : not_opened(error);
	return false;
}

static bool has_folder(const struct search *search, const char *path)
{
	int folder = beneath_folder(search->root, path, search->folder.way);
	if (folder >= 0)
		close(folder);
	if (beneath_starved(folder))
		arena_fail(search->arena);
	return folder >= 0;
}

/* A cache that has the model is told from one that has not. */
static struct roots_answer without_revision(
	struct search *search, const char *model, struct roots_answer result)
{
	struct text revision = search->revision.length > 0 ? search->revision : TEXT("main");
	if (result.status != ROOTS_NOT_FOUND || !has_folder(search, model))
		return result;
	result.status = ROOTS_NO_REVISION;
	bool named = search->commit.length > 0 && !text_equal(search->commit, revision);
	result.detail =
		named ? arena_printf(search->arena,
				"its revision %.*s is commit %.*s, which was not downloaded",
				TEXT_ARGUMENTS(revision), TEXT_ARGUMENTS(search->commit))
		      : arena_printf(
				search->arena, "it has no revision %.*s", TEXT_ARGUMENTS(revision));
	return result;
}

/*
 * A snapshot's files are links to ../../blobs below the model's own folder; nothing may leave the
 * cache.
 */
static struct roots_answer search_cache_below(struct search *search, const char *above)
{
	struct roots_answer result;
	const char *model = cache_name(search->arena, above, search->model);
	if (!model)
		return search_answer(ROOTS_NOT_FOUND, "");
	if (!find_commit(search, model, &result))
		return without_revision(search, model, result);
	struct text snapshot = arena_printf(
		search->arena, "%s/snapshots/%.*s", model, TEXT_ARGUMENTS(search->commit));
	result = search_folder(search, snapshot);
	if (result.status == ROOTS_NOT_FOUND && result.detail.length > 0)
		return search_answer(ROOTS_UNREADABLE, "its snapshot has no config.json");
	return without_revision(search, model, result);
}

/* The cache itself, or what HF_HOME names: the folder above it. */
static struct roots_answer search_cache(struct search *search)
{
	search->source = CHECKPOINT_FROM_HF_CACHE;
	struct roots_answer result = search_cache_below(search, "");
	return result.status == ROOTS_NOT_FOUND ? search_cache_below(search, "hub/") : result;
}

/* A snapshot that is named itself. */
static struct roots_answer search_snapshot(struct search *search)
{
	struct text last = search->place;
	const char *slash;
	while ((slash = memchr(last.data, '/', last.length)))
		last = text_from(last, (size_t)(slash + 1 - last.data));
	search->source = CHECKPOINT_FROM_HF_CACHE;
	search->commit = is_commit(last) ? last : text_of("");
	return search_folder(search, search->place);
}

static struct roots_answer search_root(struct search *search, const struct root_path *path)
{
	search->root_path = path->path;
	search->root = beneath_root(path->path);
	if (search->root < 0) {
		note(search, TEXT(""), search->root, NULL);
		if (beneath_starved(search->root))
			return search_answer(ROOTS_NO_MEMORY, "");
		return (struct roots_answer){ .status = ROOTS_CLOSED,
			.detail = arena_printf(search->arena, "%s cannot be opened: %s", path->path,
				strerrordesc_np(-search->root)) };
	}
	bool cache = path->kind == ROOT_HF_CACHE;
	struct roots_answer result = !cache                     ? search_plain(search)
				     : search->place.length > 0 ? search_snapshot(search)
								: search_cache(search);
	search->uncertain |= result.status == ROOTS_UNREADABLE;
	close(search->root);
	return result;
}

static bool is_final(struct roots_answer answer)
{
	return answer.status == ROOTS_FOUND || answer.status == ROOTS_NO_MEMORY ||
	       answer.status == ROOTS_COLD;
}

/* How much an answer tells about a model that is nowhere to be had. */
static int told(struct roots_answer answer)
{
	if (answer.status == ROOTS_CLOSED)
		return 2;
	return answer.status == ROOTS_NOT_FOUND ? answer.detail.length > 0 : 3;
}

/* Those of one kind, or of each. */
static struct roots_answer search_kind(struct search *search, const struct root_path *paths,
	size_t count, unsigned kinds, struct roots_answer best)
{
	for (size_t i = 0; i < count; i++) {
		if (!(kinds & 1u << paths[i].kind))
			continue;
		struct roots_answer found = search_root(search, &paths[i]);
		if (is_final(found))
			return found;
		if (told(found) > told(best))
			best = found;
	}
	return best;
}

/* A cache knows its revisions, so that one that has what is asked for goes before a folder that cannot tell. */
struct roots_answer search_roots(struct search *search, const struct root_path *paths, size_t count)
{
	static const unsigned caches = 1u << ROOT_HF_CACHE, plain = 1u << ROOT_MODELS;
	bool apart = search->revision.length > 0;
	search->folder = folder_limits(search);
	struct roots_answer best = search_kind(search, paths, count,
		apart ? caches : caches | plain, search_answer(ROOTS_NOT_FOUND, ""));
	return apart && !is_final(best) ? search_kind(search, paths, count, plain, best) : best;
}

struct roots_answer search_by_itself(struct search *search, const char *path)
{
	search->folder = folder_limits(search);
	search->folder.way = BENEATH_TRUST;
	search->source = CHECKPOINT_FROM_MODEL_ROOT;
	search->commit = text_of("");
	search->root = beneath_root(path);
	if (search->root < 0)
		return not_opened(search->root);
	struct roots_answer result = search_folder(search, text_of(""));
	close(search->root);
	return result;
}
