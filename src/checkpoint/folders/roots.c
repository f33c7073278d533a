#include "checkpoint/folders/roots.h"

#include "base/buffer.h"
#include "checkpoint/folders/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES 1024
#define STEP_BYTES 255
#define STEPS 16

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
	char **real; /* of each, without links; NULL where that could not be told */
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
	for (size_t i = 0; roots->real && i < roots->count; i++)
		free(roots->real[i]);
	free(roots->paths);
	free(roots->real);
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
	roots->real = calloc(count > 0 ? count : 1, sizeof(*roots->real));
	roots->keep = keep_new(roots->limits.cache_entries, roots->limits.cache_bytes);
	bool done = roots->paths && roots->real && roots->keep;
	for (; done && roots->count < count; roots->count++) {
		struct root_path *copy = &roots->paths[roots->count];
		copy->kind = paths[roots->count].kind;
		copy->path = strdup(paths[roots->count].path);
		errno = 0;
		roots->real[roots->count] = realpath(copy->path ? copy->path : "", NULL);
		done = copy->path && !beneath_starved(-errno);
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
		if (root >= 0)
			close(root);
		else if (!beneath_starved(root))
			return roots->paths[i].path;
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
		return "it is an absolute path, and no model root is above it";
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

static struct roots_answer refuse(struct arena *arena, const char *what, const char *fault)
{
	struct roots_answer refused = search_answer(ROOTS_REFUSED, "");
	refused.detail = arena_printf(arena, "%s%s", what, fault);
	return refused;
}

/* What one answer is kept for: neither part can hold a NUL. */
static struct text question_of(struct arena *arena, struct text model, struct text revision)
{
	struct buffer question;
	buffer_init(&question, arena, model.length + 1 + revision.length);
	buffer_add(&question, model);
	buffer_add_byte(&question, '\0');
	buffer_add(&question, revision);
	return buffer_text(&question);
}

/* Folders may be written with slashes behind them. */
static struct text without_slashes(struct text path)
{
	while (path.length > 1 && path.data[path.length - 1] == '/')
		path.length--;
	return path;
}

/* What of an absolute path lies below a root; "" when nothing does. */
static struct text below_root(const char *root, struct text path)
{
	struct text above = without_slashes(text_of(root));
	if (above.length > 0 && text_is(above, "/"))
		above.length = 0;
	bool below = path.length > above.length + 1 && path.data[above.length] == '/' && root &&
		     memcmp(path.data, above.data, above.length) == 0;
	return below ? text_from(path, above.length + 1) : text_of("");
}

/* As clusters write base_model: the first root that it lies below, by its name or by what that is a link to. */
static bool find_root(
	const struct roots *roots, struct text path, size_t *ret_root, struct text *ret_place)
{
	for (size_t i = 0; path.length > 0 && path.data[0] == '/' && i < roots->count; i++) {
		*ret_root = i;
		*ret_place = below_root(roots->paths[i].path, path);
		if (ret_place->length == 0)
			*ret_place = below_root(roots->real[i], path);
		if (ret_place->length > 0)
			return true;
	}
	return false;
}

/* A want of memory anywhere is the arena's failure, and a failed arena has no other answer. */
static struct roots_answer settle(struct arena *arena, struct roots_answer answer)
{
	if (answer.status == ROOTS_NO_MEMORY)
		arena_fail(arena);
	return arena_failed(arena) ? search_answer(ROOTS_NO_MEMORY, "") : answer;
}

static struct roots_answer look_up(struct roots *roots, struct arena *arena, struct text model,
	struct text revision, bool kept_only)
{
	size_t root = 0;
	struct text place = text_of("");
	model = without_slashes(model);
	bool absolute = find_root(roots, model, &root, &place);
	const char *fault = refuse_name(absolute ? place : model);
	if (fault)
		return refuse(arena, "", fault);
	fault = revision.length > 0 ? refuse_name(revision) : NULL;
	if (fault)
		return refuse(arena, "of the revision: ", fault);
	struct text question = question_of(arena, model, revision);
	if (arena_failed(arena))
		return search_answer(ROOTS_NO_MEMORY, "");
	struct kept *kept = keep_take(roots->keep, question, roots->limits.progress);
	struct keep_claim claim;
	if (!kept && !kept_only)
		kept = keep_claim(roots->keep, &claim, question, roots->limits.progress);
	if (kept)
		return search_answer_kept(arena, kept);
	struct search search = {
		.limits = &roots->limits,
		.keep = roots->keep,
		.arena = arena,
		.question = question,
		.model = model,
		.place = place,
		.revision = revision,
		.kept_only = kept_only,
		.witnesses = witnesses_begin(arena),
		.began = roots->limits.now ? roots->limits.now() : 0,
	};
	struct roots_answer answer = absolute ? search_roots(&search, &roots->paths[root], 1)
					      : search_roots(&search, roots->paths, roots->count);
	if (!kept_only)
		keep_settle(roots->keep, &claim);
	if (answer.status != ROOTS_COLD)
		keep_count_miss(roots->keep);
	return settle(arena, answer);
}

struct roots_answer roots_look_up(
	struct roots *roots, struct arena *arena, struct text model, struct text revision)
{
	return look_up(roots, arena, model, revision, false);
}

struct roots_answer roots_look_up_kept(
	struct roots *roots, struct arena *arena, struct text model, struct text revision)
{
	return look_up(roots, arena, model, revision, true);
}

struct roots_answer roots_inspect_folder(
	struct arena *arena, const char *path, const struct roots_limits *limits)
{
	struct search search = {
		.limits = limits ? limits : &roots_limits_default,
		.arena = arena,
		.model = text_of(path),
	};
	return settle(arena, search_by_itself(&search, path));
}
