/* The tensors of shards and index, and what is wrong with those files. */
#include "checkpoint/weights/weight_files.h"

void weight_files_report(struct inspector *inspector, struct text file, const char *detail)
{
	inspector_report_text(inspector, CHECKPOINT_FILE_BAD, file, text_of(""), text_of(detail));
}

bool weight_files_shards(struct inspector *inspector, struct tensors *tensors)
{
	const struct checkpoint_files *files = inspector->files;
	bool good = files->shard_count > 0 && !files->shards_incomplete;
	if (files->shards_incomplete && files->fault_count == 0)
		weight_files_report(inspector, text_of("*.safetensors"),
			"there are more of them than are read");
	for (size_t i = 0; i < files->shard_count; i++) {
		const char *fault = safetensors_read(tensors, &files->shards[i]);
		if (!fault)
			continue;
		weight_files_report(inspector, files->shards[i].name, fault);
		good = false;
	}
	return good;
}

static bool is_there(const struct checkpoint_files *files, struct text name)
{
	for (size_t i = 0; i < files->shard_count; i++)
		if (text_equal(files->shards[i].name, name))
			return true;
	for (size_t i = 0; i < files->fault_count; i++)
		if (text_equal(files->faults[i].name, name))
			return true;
	return false;
}

/* Shards that the index names and nobody has: one finding for all of them. */
static bool report_missing(struct inspector *inspector, const struct index_shards *shards)
{
	const struct checkpoint_files *files = inspector->files;
	size_t missing = 0, first = 0;
	/* Where some were left out, or more faults than are kept, nobody knows. */
	if (files->shards_incomplete &&
		(files->fault_count == 0 || files->fault_count >= CHECKPOINT_FAULTS_MAXIMUM))
		return false;
	for (size_t i = shards->count; i-- > 0;)
		if (!is_there(files, shards->names[i])) {
			missing++;
			first = i;
		}
	if (missing == 0)
		return false;
	bool none = missing == shards->count;
	inspector_report_text(inspector,
		none ? CHECKPOINT_WEIGHTS_ABSENT : CHECKPOINT_SHARDS_MISSING,
		text_of(WEIGHT_FILES_INDEX), shards->names[first],
		arena_printf(inspector->arena, "%zu of its %s%zu shards are missing", missing,
			shards->more ? "first " : "", shards->count));
	return true;
}

bool weight_files_index(
	struct inspector *inspector, struct tensors *names, uint64_t *ret_total, bool *ret_missing)
{
	struct text index = inspector->files->index;
	*names = (struct tensors){ .arena = inspector->arena };
	*ret_missing = false;
	if (!index.data)
		return false;
	struct index_shards *shards = ARENA_NEW(inspector->arena, struct index_shards);
	if (!shards)
		return false;
	const char *fault = safetensors_index_read(names, index, shards, ret_total);
	if (fault)
		weight_files_report(inspector, text_of(WEIGHT_FILES_INDEX), fault);
	else
		*ret_missing = report_missing(inspector, shards);
	return !fault;
}
