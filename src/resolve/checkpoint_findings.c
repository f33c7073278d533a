/* What the checkpoint's reader found, as findings. */
#include "resolve/resolver.h"

static const char *const fault_rules[CHECKPOINT_FAULT_COUNT] = {
	[CHECKPOINT_UNREADABLE] = "checkpoint-unreadable",
	[CHECKPOINT_NOT_AN_OBJECT] = "checkpoint-not-an-object",
	[CHECKPOINT_METHOD_MISSING] = "quant-method-missing",
	[CHECKPOINT_METHOD_UNKNOWN] = "quant-method-unknown",
	[CHECKPOINT_WRONG_TYPE] = "checkpoint-wrong-type",
	[CHECKPOINT_VALUE_ODD] = "checkpoint-value-odd",
	[CHECKPOINT_KEY_UNREAD] = "checkpoint-key-unread",
	[CHECKPOINT_BLOCK_ODD] = "checkpoint-block-odd",
	[CHECKPOINT_BLOCK_REFUSED] = "checkpoint-block-refused",
	[CHECKPOINT_EXCLUSION_INVALID] = "checkpoint-exclusion-invalid",
	[CHECKPOINT_UNSEEN_BY_AXOLOTL] = "checkpoint-unseen-by-axolotl",
	[CHECKPOINT_UNSEEN_BY_TRANSFORMERS] = "checkpoint-unseen-by-transformers",
	[CHECKPOINT_SIDE_FILE_ALONE] = "checkpoint-side-file-alone",
	[CHECKPOINT_DUPLICATE_KEY] = "checkpoint-duplicate-key",
	[CHECKPOINT_WEIGHTS_DISAGREE] = "checkpoint-weights-disagree",
	[CHECKPOINT_SHARDS_MISSING] = "checkpoint-shards-missing",
	[CHECKPOINT_WEIGHTS_ABSENT] = "checkpoint-weights-absent",
	[CHECKPOINT_EXCLUSIONS_UNMATCHED] = "checkpoint-exclusions-unmatched",
	[CHECKPOINT_EXCLUSIONS_UNTRIED] = "checkpoint-exclusions-untried",
	[CHECKPOINT_REVISION_UNSEEN] = "checkpoint-revision-unseen",
	[CHECKPOINT_FILE_BAD] = "checkpoint-file-bad",
};

static struct location locate(struct resolver *resolver, const struct checkpoint *checkpoint,
	const struct checkpoint_problem *problem)
{
	struct location location = { .path = problem->path };
	if (problem->placed && checkpoint->bytes.length > 0) {
		if (resolver->checkpoint_lines.count == 0)
			lines_index(
				&resolver->checkpoint_lines, resolver->arena, checkpoint->bytes);
		location = location_of(&resolver->checkpoint_lines, problem->span, problem->path);
	}
	location.source = LOCATION_CHECKPOINT;
	return location;
}

static void report_problem(struct resolver *resolver, const struct checkpoint *checkpoint,
	const struct checkpoint_problem *problem)
{
	const struct rule *rule = registry_get(fault_rules[problem->fault]);
	enum severity severity = rule->severity[resolver->request->target];
	struct text file = problem->file.length > 0 ? problem->file : TEXT("config.json");
	const struct word words[] = {
		{ "value", problem->value },
		{ "detail", problem->detail },
		{ "path", problem->path.length > 0 ? problem->path : TEXT("/") },
		{ "file", file },
		{ "renewal", checkpoint->source == CHECKPOINT_FROM_REQUEST
				     ? TEXT("Send the config.json of the checkpoint as it is")
				     : TEXT("Download the model's config.json again") },
	};
	struct diagnostic *diagnostic = findings_add(&resolver->findings, resolver->arena, rule,
		severity, words, sizeof(words) / sizeof(words[0]), 1);
	if (diagnostic)
		diagnostic->locations[0] = locate(resolver, checkpoint, problem);
}

static void report_more(struct resolver *resolver, const struct checkpoint *checkpoint)
{
	const struct rule *rule = registry_get("findings-left-out");
	const struct word words[] = {
		{ "count", arena_printf(resolver->arena, "%zu", checkpoint->problems_left_out) },
		{ "limit", arena_printf(resolver->arena, "%d", CHECKPOINT_PROBLEMS_MAXIMUM) },
	};
	struct diagnostic *diagnostic = findings_add(&resolver->findings, resolver->arena, rule,
		rule->severity[resolver->request->target], words, 2, 1);
	if (diagnostic)
		diagnostic->locations[0] =
			(struct location){ .path = TEXT(""), .source = LOCATION_CHECKPOINT };
}

void report_checkpoint(struct resolver *resolver, const struct checkpoint *checkpoint)
{
	const struct checkpoint_problem *problem = checkpoint->problems;
	for (; problem; problem = problem->next)
		report_problem(resolver, checkpoint, problem);
	if (checkpoint->problems_left_out > 0)
		report_more(resolver, checkpoint);
}
