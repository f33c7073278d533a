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
#define COMMIT "0123456789abcdef0123456789abcdef01234567"
/* A cache "c" with org/name (mxfp4), its references main and pr/1. */
void put_cache(void);
/* The first bytes of a file with a header of 0x4a bytes: lm_head.weight, BF16, [2, 2]. */
void put_shard(const char *path, size_t bytes);
/* The test loops over `walk`: by openat2, and without it. */
struct roots *open_roots(enum root_kind kind, const char *path, bool walk);
struct roots_answer look(struct roots *roots, const char *model);
void assert_method(const struct roots_answer *answer, const char *name);
