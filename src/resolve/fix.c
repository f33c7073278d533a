#include "resolve/fix.h"

#include "resolve/emit.h"

struct repair {
	struct resolver *resolver;
	struct layout layout;
	struct edits edits;
};

static bool begin(struct repair *repair, struct resolver *resolver)
{
	if (resolver->request->config_tree || !resolver->root)
		return false;
	*repair = (struct repair){
		.resolver = resolver,
		.layout = layout_of(resolver->arena, &resolver->document, resolver_lines(resolver)),
	};
	edits_init(&repair->edits, resolver->arena);
	return repair->layout.root != NULL;
}

static void end(struct repair *repair, struct diagnostic *diagnostic)
{
	if (edits_refused(&repair->edits) || !edits_sort(&repair->edits))
		return;
	diagnostic->edits = repair->edits.items;
	diagnostic->edit_count = repair->edits.count;
}

/* A switch that is off does no harm: only what the finding is about goes. */
static bool harmful(const struct facts *facts, enum key key)
{
	if (!is_set(facts, key))
		return false;
	return keys[key].type != KEY_TYPE_BOOLEAN || is_true(facts, key);
}

static void remove_entries(struct repair *repair, const struct rule *rule)
{
	const struct node *root = repair->layout.root;
	const struct facts *facts = &repair->resolver->facts;
	bool *removed = ARENA_ARRAY(repair->edits.arena, bool, root->count);
	for (uint32_t i = 0; removed && i < root->count; i++) {
		for (const enum key *key = rule->fix.keys; *key != KEY_NONE; key++)
			removed[i] |= harmful(facts, *key) &&
				      facts->settings[*key].member == &root->members[i];
		if (removed[i] && !root->flow)
			edits_remove_lines(&repair->edits, &repair->layout, &root->members[i],
				TEXT(""), GAP_NONE);
	}
	if (removed && root->flow)
		edits_remove_flow(&repair->edits, &repair->layout, root, removed);
}

/* A key that is not there yet stands behind the finding's main place. */
static void insert_entry(
	struct repair *repair, const struct rule *rule, const struct member *behind)
{
	struct text key = text_of(keys[rule->fix.keys[0]].name);
	struct node *value = node_string(repair->edits.arena, text_of(rule->fix.value));
	if (!value)
		return;
	bool flow = repair->layout.root->flow;
	unsigned indent = repair->layout.root->span.start.column;
	struct text text = flow ? emit_flow(&repair->edits, &repair->layout, key, value)
				: emit_lines(&repair->edits, &repair->layout, key, value, indent);
	edits_insert_behind(&repair->edits, &repair->layout, behind, text);
}

/* A value that was quoted by mistake goes with its quotes. */
static void replace_whole(struct repair *repair, const struct member *member, struct text text)
{
	const struct layout *layout = &repair->layout;
	if (member->via == VIA_MERGE || layout_has_properties(layout, member)) {
		edits_refuse(&repair->edits,
			TEXT("the value carries an anchor or comes through a merge key"));
		return;
	}
	struct text written = layout_slice(layout, member->value_span);
	size_t from = layout_offset(layout, member->value_span.start);
	edits_add(&repair->edits, from, written.length, text);
}

static void set_entry(struct repair *repair, const struct rule *rule)
{
	const struct facts *facts = &repair->resolver->facts;
	const struct setting *setting = &facts->settings[rule->fix.keys[0]];
	const struct setting *main = &facts->settings[rule->reads[0]];
	if (setting->state == SETTING_SET && setting->value->quoted)
		replace_whole(repair, setting->member, text_of(rule->fix.value));
	else if (setting->state == SETTING_SET)
		edits_replace_scalar(
			&repair->edits, &repair->layout, setting->member, text_of(rule->fix.value));
	else if (setting->state == SETTING_MISSING && main->member)
		insert_entry(repair, rule, main->member);
	else
		edits_refuse(&repair->edits, TEXT("the key stands without a value"));
}

void fix_by_rule(struct resolver *resolver, struct diagnostic *diagnostic)
{
	const struct rule *rule = diagnostic->rule;
	struct repair repair;
	if (rule->fix.kind == FIX_NONE || !begin(&repair, resolver))
		return;
	if (rule->fix.kind == FIX_REMOVE)
		remove_entries(&repair, rule);
	else
		set_entry(&repair, rule);
	end(&repair, diagnostic);
}

void fix_rename(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *name)
{
	struct repair repair;
	if (member->via == VIA_MERGE || node_member(resolver->root, text_of(name)) ||
		!begin(&repair, resolver))
		return;
	struct text written = layout_slice(&repair.layout, member->key_span);
	size_t quote = text_starts_with(written, "\"") || text_starts_with(written, "'");
	if (written.length != member->key.length + 2 * quote)
		return; /* escapes, an anchor or a tag */
	size_t offset = layout_offset(&repair.layout, member->key_span.start);
	edits_add(&repair.edits, offset + quote, written.length - 2 * quote, text_of(name));
	end(&repair, diagnostic);
}
