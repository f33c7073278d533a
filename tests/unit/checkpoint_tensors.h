/* Headers of safetensors files from a few words. */
#pragma once

#include "checkpoint/checkpoint.h"

/* The program's. */
extern struct arena arena; /* fresh for each test */
extern const struct document_limits limits;

/* A header's bytes as a file has them, with `data` bytes claimed behind. */
struct shard shard_of(const char *json, uint64_t data);
struct checkpoint *with_files(
	const char *config, const struct shard *shards, size_t count, const char *index);
struct checkpoint *with_header(const char *config, const char *json, uint64_t data);

/* "NAME DTYPE SHAPE;…", as "a.weight BF16 4,8;b F32 " */
struct checkpoint *with_tensors(const char *config, const char *tensors);
/* The same with a prefix before each name. */
const char *tensors_named(const char *prefix, const char *tensors);
/* An index that has these tensors' names, and nothing else. */
struct checkpoint *with_names(const char *config, const char *tensors);
