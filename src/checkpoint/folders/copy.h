#pragma once

#include "checkpoint/checkpoint.h"

/*
 * A checkpoint in another arena, with everything that it points to but compiled patterns. NULL when
 * the arena failed.
 */
struct checkpoint *checkpoint_copy(struct arena *arena, const struct checkpoint *checkpoint);
