#include "resolve/proof.h"

static bool is_deprecation(const struct diagnostic *finding)
{
	return finding->severity == SEVERITY_WARNING && rule_is_of_spelling(finding->rule);
}

/* What is merged has its place in the tree, but none in the text: then the order is not compared. */
static bool same_order(const struct layout *layout, const struct node *a, const struct node *b)
{
	const struct node *root = layout->root;
	for (uint32_t i = 0; i < root->count; i++)
		if (root->members[i].via == VIA_MERGE)
			return true;
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!text_equal(a->members[i].key, b->members[i].key))
			return false;
	return true;
}

bool proof(const struct resolver *resolver, const struct layout *layout, const struct node *after,
	struct text text)
{
	struct resolve_request request = *resolver->request;
	request.config = text;
	request.config_tree = NULL;
	request.include_migrated = true;
	request.checkpoint_found = resolver->facts.checkpoint;
	request.checkpoint = request.checkpoint_found ? CHECKPOINT_GIVEN : CHECKPOINT_NO;
	request.require_checkpoint = false;
	const struct resolution *again = resolve_migrated(resolver->arena, &request);
	if (!again || !again->canonical || !node_equal(again->canonical, after) ||
		!same_order(layout, again->canonical, after) || !again->migrated.data)
		return false;
	for (size_t i = 0; i < again->finding_count; i++)
		if (is_deprecation(again->findings[i]))
			return false;
	return true;
}
