/* Trees of model folders in a temporary place; made and removed around each test. */
#pragma once

#include "checkpoint.h"
#include "checkpoint/folders/roots.h"

extern const char mxfp4[], gptq[]; /* contents of a config.json */

void make_base(void);
void remove_base(void);
/* The whole path of a name in the tree. */
const char *below(const char *path);
/* A file, with the folders on its way. */
void put(const char *path, const char *contents);
void put_link(const char *path, const char *target);
/* The test loops over `walk`: by openat2, and without it. */
struct roots *open_roots(enum root_kind kind, const char *path, bool walk);
struct roots_answer look(struct roots *roots, const char *model);
void assert_method(const struct roots_answer *answer, const char *name);
