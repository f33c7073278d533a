/* Questions to the core that, between them, need memory in every part of it. */
#pragma once

#include "base/buffer.h"
#include "checkpoint/checkpoint.h"
#include "resolve/resolve.h"

enum scene_kind {
	SCENE_RESOLVE,
	SCENE_VALUE,   /* the same with a config that comes as a JSON value */
	SCENE_INSPECT, /* the checkpoint by itself */
	SCENE_FILES,   /* the files of a model folder, in memory */
	SCENE_LOOK_UP, /* below model roots */
	SCENE_FOLDER,  /* a model folder by itself */
};

struct scene {
	enum scene_kind kind;
	const char *name;
	enum target target;
	struct text config;
	struct text checkpoint; /* "" for none */
	const char *model;      /* of SCENE_LOOK_UP */
	struct checkpoint_files files;
};

struct scenes {
	struct scene *list;
	size_t count;
};

/*
 * Those of a folder of cases and those of models, which are put into a temporary folder. Everything lies in `arena`; NULL
 * `list` when something cannot be read or made.
 */
struct scenes scenes_make(struct arena *arena, const char *cases);
/* Removes the temporary folder. */
void scenes_end(void);
/* The whole answer, in all its forms; false when there was no memory for it. */
bool scene_play(const struct scene *scene, struct arena *arena, struct text *ret_answer);
