/* The files beside config.json that tell of tensors. Not for other floors. */
#pragma once

#include "checkpoint/inspector.h"
#include "checkpoint/weights/safetensors.h"

#define WEIGHT_FILES_INDEX "model.safetensors.index.json"

void weight_files_report(struct inspector *inspector, struct text file, const char *detail);
/* True when every header was read: half of the tensors would give wrong sums. Faults are told. */
bool weight_files_shards(struct inspector *inspector, struct tensors *tensors);
/* The index's names; `ret_missing` when it names shards that are not there, which is told. */
bool weight_files_index(
	struct inspector *inspector, struct tensors *names, uint64_t *ret_total, bool *ret_missing);
