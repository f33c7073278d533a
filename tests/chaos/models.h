/* Model folders for scenes: in memory, and in a temporary place. */
#pragma once

#include "checkpoint/checkpoint.h"

#define MODELS_COMMIT "0123456789abcdef0123456789abcdef01234567"

/* Those that are asked for. The last three are not there, have no such revision, or cannot be read. */
extern const char *const models_names[];

/* config.json with exclusions of every grammar's hard kind, an index, and two shards' heads. */
struct checkpoint_files models_files(struct arena *arena);
/* The folders: ROOT/models is a plain model root, ROOT/cache one of a hub. False when they cannot be made. */
bool models_make(struct arena *arena);
/* One more file in that place, or another text of it. */
bool models_put(struct arena *arena, const char *name, struct text contents);
void models_remove(void);
/* The whole path of a name in that place. */
const char *models_path(struct arena *arena, const char *name);
