#include "checkpoint/checkpoint.h"

#include "checkpoint/inspector.h"
#include "checkpoint/weights/weights.h"

static enum checkpoint_fault fault_of(const struct document_problem *problem)
{
	return problem->fault == FAULT_DUPLICATE_KEY ? CHECKPOINT_DUPLICATE_KEY
						     : CHECKPOINT_UNREADABLE;
}

static void report_document(
	struct inspector *inspector, const struct document_problem *problem, bool main)
{
	enum checkpoint_fault fault = fault_of(problem);
	if (!main && fault == CHECKPOINT_UNREADABLE)
		fault = CHECKPOINT_FILE_BAD;
	struct checkpoint_problem **slot = inspector->tail;
	bool duplicate = fault == CHECKPOINT_DUPLICATE_KEY;
	inspector_report_text(inspector, fault, inspector->file, problem->key,
		duplicate ? text_of("the last one counts") : problem->detail);
	if (inspector->tail == slot)
		return;
	struct checkpoint_problem *added = *slot;
	added->path = problem->path;
	added->placed = inspector->placed && problem->fault != FAULT_ENCODING;
	added->span = problem->span;
}

/* transformers opens its files as UTF-8 and hands them to Python's json, which raises on the mark. */
static bool refuse_mark(struct inspector *inspector, struct text bytes, bool main)
{
	if (!text_starts_with(bytes, "\xef\xbb\xbf"))
		return false;
	inspector_report_text(inspector, main ? CHECKPOINT_UNREADABLE : CHECKPOINT_FILE_BAD,
		inspector->file, text_of(""),
		text_of("it begins with a byte order mark, on which Python's json raises, so save "
			"it without one"));
	return true;
}

const struct node *inspector_read(
	struct inspector *inspector, struct text bytes, struct text *ret_bytes)
{
	struct document document = { 0 };
	bool main = inspector->file.length == 0;
	*ret_bytes = bytes;
	if (refuse_mark(inspector, bytes, main))
		return NULL;
	json_read(&document, inspector->arena, bytes, inspector->limits);
	*ret_bytes = document.bytes;
	const struct document_problem *problem = document.problems;
	for (; problem; problem = problem->next)
		report_document(inspector, problem, main);
	if (!document.root)
		return NULL;
	if (document.root->kind == NODE_MAPPING)
		return document.root;
	struct place place = { .node = document.root };
	inspector_report(inspector, main ? CHECKPOINT_NOT_AN_OBJECT : CHECKPOINT_FILE_BAD, &place,
		"an object is expected");
	return NULL;
}

static struct checkpoint *begin(struct inspector *inspector, struct arena *arena,
	const struct document_limits *limits, bool placed)
{
	struct checkpoint *checkpoint = ARENA_NEW(arena, struct checkpoint);
	if (!checkpoint)
		return NULL;
	struct text empty = text_of("");
	*checkpoint = (struct checkpoint){
		.model = empty,
		.revision = empty,
		.model_type = empty,
		.torch_dtype = empty,
		.expert_dtype = empty,
		.quant_method = empty,
		.trainable_with_adapter = -1,
		.bytes = empty,
	};
	checkpoint->scheme.weight_bits = checkpoint->scheme.group_size = empty;
	checkpoint->scheme.symmetric = checkpoint->scheme.weight_dtype = empty;
	checkpoint->scheme.scale = checkpoint->scheme.activations = empty;
	checkpoint->scheme.group = empty;
	*inspector = (struct inspector){ .arena = arena,
		.checkpoint = checkpoint,
		.tail = &checkpoint->problems,
		.limits = limits,
		.file = empty,
		.placed = placed };
	return checkpoint;
}

static void inspect_tree(struct inspector *inspector, const struct node *tree)
{
	inspector->root = tree;
	inspect_model(inspector);
	if (inspect_places(inspector)) {
		inspect_method(inspector);
		inspect_fields(inspector);
		inspect_unread(inspector);
		inspect_scheme(inspector);
		inspect_exclusions(inspector);
		inspect_training(inspector);
	}
}

struct checkpoint *checkpoint_inspect(struct arena *arena, struct text bytes,
	const struct node *tree, const struct document_limits *limits)
{
	struct inspector inspector;
	struct checkpoint *checkpoint = begin(&inspector, arena, limits, bytes.length > 0 || !tree);
	if (!checkpoint)
		return NULL;
	checkpoint->bytes = bytes;
	if (!tree) {
		tree = inspector_read(&inspector, bytes, &checkpoint->bytes);
	} else if (!node_is_mapping(tree)) {
		struct place place = { .node = tree };
		inspector_report(
			&inspector, CHECKPOINT_NOT_AN_OBJECT, &place, "an object is expected");
		tree = NULL;
	}
	if (tree)
		inspect_tree(&inspector, tree);
	inspect_untried(&inspector);
	return arena_failed(arena) ? NULL : checkpoint;
}

static void report_faults(struct inspector *inspector)
{
	const struct checkpoint_files *files = inspector->files;
	for (size_t i = 0; i < files->fault_count; i++)
		inspector_report_text(inspector, CHECKPOINT_FILE_BAD, files->faults[i].name,
			text_of(""), files->faults[i].detail);
}

struct checkpoint *checkpoint_inspect_files(struct arena *arena,
	const struct checkpoint_files *files, const struct document_limits *limits)
{
	struct inspector inspector;
	struct checkpoint *checkpoint = begin(&inspector, arena, limits, true);
	if (!checkpoint)
		return NULL;
	inspector.files = files;
	const struct node *tree = inspector_read(&inspector, files->config, &checkpoint->bytes);
	if (tree)
		inspect_tree(&inspector, tree);
	inspector.file = text_of("");
	report_faults(&inspector);
	inspect_weights(&inspector);
	inspect_untried(&inspector);
	return arena_failed(arena) ? NULL : checkpoint;
}

void checkpoint_note_revision(
	struct checkpoint *checkpoint, struct arena *arena, struct text revision)
{
	struct inspector inspector = { .arena = arena,
		.checkpoint = checkpoint,
		.tail = &checkpoint->problems,
		.file = text_of("") };
	while (*inspector.tail)
		inspector.tail = &(*inspector.tail)->next;
	inspector_report_text(&inspector, CHECKPOINT_REVISION_UNSEEN, text_of(""), revision,
		text_of("a plain folder has no revisions"));
}
