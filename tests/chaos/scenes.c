#include "chaos/scenes.h"

#include "chaos/models.h"
#include "checkpoint/folders/memo.h"
#include "checkpoint/folders/roots.h"
#include "render/render.h"
#include "runner/support.h"
#include "source/document.h"

#include <stdlib.h>

#define MEMO_BYTES ((size_t)64 << 20)

static const struct document_limits limits = { .depth = 64, .nodes = 100000 };

static void show(struct buffer *out, const struct resolution *resolution)
{
	render_resolution_json(out, resolution);
	render_resolution_text(out, resolution, true);
	render_resolution_sarif(out, resolution);
	buffer_add(out, resolution->migrated);
	buffer_add(out, render_diff(out->arena, resolution));
}

static void show_inspection(struct buffer *out, const struct inspection *inspection)
{
	struct inspection shown = *inspection;
	shown.include_exclusions = true;
	render_inspection_json(out, &shown);
}

static struct resolve_request request_of(const struct scene *scene)
{
	return (struct resolve_request){
		.config = scene->config,
		.target = scene->target,
		.checkpoint = scene->checkpoint.length > 0 ? CHECKPOINT_GIVEN : CHECKPOINT_LOOK_UP,
		.checkpoint_bytes = scene->checkpoint,
		.include_exclusions = true,
		.include_migrated = true,
		.include_diff = true,
	};
}

static bool play_request(const struct resolve_request *request, struct buffer *out)
{
	const struct resolution *resolution = resolve(out->arena, request);
	if (resolution)
		show(out, resolution);
	return resolution;
}

static bool play_value(const struct scene *scene, struct buffer *out)
{
	struct resolve_request request = request_of(scene);
	struct document document;
	json_read(&document, out->arena, scene->config, &limits);
	request.config_tree = document.root;
	request.config_problems = document.problems;
	return !arena_failed(out->arena) && play_request(&request, out);
}

static bool play_inspection(const struct inspection *inspection, struct buffer *out)
{
	if (inspection)
		show_inspection(out, inspection);
	return inspection;
}

static bool play_files(const struct scene *scene, struct buffer *out)
{
	const struct checkpoint *checkpoint =
		checkpoint_inspect_files(out->arena, &scene->files, &limits);
	return checkpoint && play_inspection(inspect_found(out->arena, checkpoint), out);
}

/* What the keeper has, what it has not, and what a batch remembers. */
static bool play_twice(struct resolve_request *request, struct buffer *out)
{
	struct roots_memo memo;
	bool done = play_request(request, out);
	roots_memo_init(&memo, MEMO_BYTES, NULL);
	request->memo = &memo;
	done = done && play_request(request, out) && play_request(request, out);
	/* What it lent to the arena is not looked at any more. */
	roots_memo_end(&memo);
	return done;
}

static bool play_look_up(const struct scene *scene, struct buffer *out)
{
	struct root_path paths[] = {
		{ ROOT_MODELS, models_path(out->arena, "models") },
		{ ROOT_HF_CACHE, models_path(out->arena, "cache") },
	};
	struct roots *roots = arena_failed(out->arena) ? NULL : roots_new(paths, 2, NULL);
	if (!roots)
		return false;
	struct resolve_request request = request_of(scene);
	request.checkpoint = CHECKPOINT_NAMED;
	request.checkpoint_model = text_of(scene->model);
	request.roots = roots;
	bool done = play_twice(&request, out);
	roots_free(roots);
	return done;
}

static bool play_folder(struct buffer *out)
{
	const char *path = models_path(out->arena, "models/plain");
	struct roots_answer answer = roots_inspect_folder(out->arena, path, NULL);
	if (answer.status == ROOTS_NO_MEMORY)
		return false;
	buffer_printf(out, "%d %.*s\n", answer.status, TEXT_ARGUMENTS(answer.detail));
	return !answer.checkpoint ||
	       play_inspection(inspect_found(out->arena, answer.checkpoint), out);
}

static bool play(const struct scene *scene, struct buffer *out)
{
	const struct resolve_request request = request_of(scene);
	switch (scene->kind) {
	case SCENE_RESOLVE:
		return play_request(&request, out);
	case SCENE_VALUE:
		return play_value(scene, out);
	case SCENE_INSPECT:
		return play_inspection(inspect(out->arena, scene->checkpoint, NULL), out);
	case SCENE_FILES:
		return play_files(scene, out);
	case SCENE_LOOK_UP:
		return play_look_up(scene, out);
	case SCENE_FOLDER:
		return play_folder(out);
	}
	return false;
}

bool scene_play(const struct scene *scene, struct arena *arena, struct text *ret_answer)
{
	struct buffer out;
	buffer_init(&out, arena, 0);
	bool done = play(scene, &out) && !arena_failed(arena);
	*ret_answer = buffer_text(&out);
	return done;
}

static struct scene *add(struct scenes *scenes, enum scene_kind kind, const char *name)
{
	struct scene *scene = &scenes->list[scenes->count++];
	*scene = (struct scene){ .kind = kind,
		.name = name,
		.target = (enum target)(scenes->count % TARGET_COUNT),
		.config = TEXT("base_model: x\nadapter: qlora\nload_in_4bit: true\n"),
		.checkpoint = TEXT("") };
	return scene;
}

static bool add_case(
	struct scenes *scenes, struct arena *arena, const char *folder, const char *name)
{
	struct scene *scene = add(scenes, SCENE_RESOLVE, name);
	if (!file_read(arena, path_join(arena, folder, "config.yaml"), &scene->config)) {
		scene->kind = SCENE_VALUE;
		if (!file_read(arena, path_join(arena, folder, "config.json"), &scene->config))
			return false;
	}
	struct text checkpoint;
	if (!file_read(arena, path_join(arena, folder, "checkpoint.json"), &checkpoint))
		return true;
	scene->checkpoint = checkpoint;
	add(scenes, SCENE_INSPECT, name)->checkpoint = checkpoint;
	return true;
}

struct scenes scenes_make(struct arena *arena, const char *cases)
{
	static const struct scenes none = { NULL, 0 };
	struct listing listing;
	if (!models_make(arena) || !folder_list(arena, cases, "", &listing))
		return none;
	struct scenes scenes = { .list = ARENA_ARRAY(arena, struct scene, 2 * listing.count + 16) };
	for (size_t i = 0; scenes.list && i < listing.count; i++)
		if (!add_case(&scenes, arena, path_join(arena, cases, listing.names[i]),
			    listing.names[i]))
			return none;
	add(&scenes, SCENE_FILES, "model files")->files = models_files(arena);
	add(&scenes, SCENE_FOLDER, "model folder");
	for (size_t i = 0; models_names[i]; i++)
		add(&scenes, SCENE_LOOK_UP, "model root")->model = models_names[i];
	add(&scenes, SCENE_LOOK_UP, "path below a root")->model =
		models_path(arena, "models/plain");
	return scenes;
}

void scenes_end(void)
{
	models_remove();
}
