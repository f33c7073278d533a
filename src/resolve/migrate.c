#include "resolve/migrate.h"

#include "resolve/emit.h"

struct migration {
	struct resolver *resolver;
	struct layout layout;
	struct edits edits;
	const struct node *before;
	const struct node *after;
	struct text made; /* the new entries, as lines or as flow text */
	bool placed;
};

static bool is_new(const struct migration *migration, const struct member *after)
{
	const struct member *before = node_member(migration->before, after->key);
	return !before || (before->value != after->value && !text_is(after->key, "adapter") &&
				  !text_is(after->key, "peft"));
}

/* The entries that the target needs and the text does not have: they stand together, so one piece of text holds them. */
static void make_entries(struct migration *migration)
{
	struct buffer out;
	buffer_init(&out, migration->edits.arena, 256);
	bool flow = migration->before->flow;
	unsigned indent = migration->before->span.start.column;
	for (uint32_t i = 0; i < migration->after->count; i++) {
		const struct member *member = &migration->after->members[i];
		if (!is_new(migration, member))
			continue;
		struct edits *edits = &migration->edits;
		const struct layout *layout = &migration->layout;
		if (flow)
			buffer_add_string(&out, out.length > 0 ? ", " : "");
		buffer_add(
			&out, flow ? emit_flow(edits, layout, member->key, member->value)
				   : emit_lines(edits, layout, member->key, member->value, indent));
	}
	migration->made = buffer_text(&out);
}

/* True when the entry leaves the text: it is gone, or stands in `made`. */
static bool leaves(const struct migration *migration, const struct member *before)
{
	const struct member *after = node_member(migration->after, before->key);
	return !after || is_new(migration, after);
}

/* The new entries stand where the first entry that asks for the base stood, as in the canonical value. */
static bool takes_place(const struct migration *migration, const struct member *member)
{
	return migration->made.length > 0 && !migration->placed &&
	       canonical_asks(&migration->resolver->facts, member);
}

static void change_adapter(
	struct migration *migration, const struct member *before, const struct member *after)
{
	if (before->value != after->value)
		edits_replace_scalar(
			&migration->edits, &migration->layout, before, after->value->text);
}

static void remove_peft_keys(
	struct migration *migration, const struct member *before, const struct member *after)
{
	const struct node *peft = before->value;
	if (before->value == after->value)
		return;
	struct edits *edits = &migration->edits;
	if (before->via != VIA_DIRECT || layout_has_properties(&migration->layout, before)) {
		edits_refuse(edits,
			TEXT("peft comes through an alias or a merge key, or carries an anchor"));
		return;
	}
	bool *removed = ARENA_ARRAY(edits->arena, bool, peft->count);
	for (uint32_t i = 0; removed && i < peft->count; i++) {
		removed[i] = !node_member(after->value, peft->members[i].key);
		if (removed[i] && !peft->flow)
			edits_remove_lines(edits, &migration->layout, &peft->members[i], TEXT(""));
	}
	if (removed && peft->flow)
		edits_remove_flow(edits, &migration->layout, peft, removed);
}

/* An entry that asks and stays in part (peft): the block goes before it. */
static void insert_before(struct migration *migration, const struct member *member)
{
	struct edits *edits = &migration->edits;
	size_t from = layout_offset(&migration->layout, member->key_span.start);
	migration->placed = true;
	if (migration->before->flow)
		edits_add(edits, from, 0,
			arena_printf(edits->arena, "%.*s, ", TEXT_ARGUMENTS(migration->made)));
	else
		edits_add(edits, layout_line_start(&migration->layout, from), 0, migration->made);
}

static void change_kept(struct migration *migration, const struct member *before)
{
	const struct member *after = node_member(migration->after, before->key);
	if (takes_place(migration, before))
		insert_before(migration, before);
	if (text_is(before->key, "adapter"))
		change_adapter(migration, before, after);
	else if (text_is(before->key, "peft"))
		remove_peft_keys(migration, before, after);
}

static size_t end_of(const struct migration *migration, const struct member *member)
{
	return layout_offset(&migration->layout, member_span(member).end);
}

static void plan_block(struct migration *migration)
{
	const struct node *root = migration->before;
	for (uint32_t i = 0; i < root->count && !edits_refused(&migration->edits); i++) {
		const struct member *member = &root->members[i];
		if (!leaves(migration, member)) {
			change_kept(migration, member);
			continue;
		}
		bool here = takes_place(migration, member);
		migration->placed |= here;
		edits_remove_lines(&migration->edits, &migration->layout, member,
			here ? migration->made : TEXT(""));
	}
}

static void plan_flow(struct migration *migration)
{
	const struct node *root = migration->before;
	bool *removed = ARENA_ARRAY(migration->edits.arena, bool, root->count);
	for (uint32_t i = 0; removed && i < root->count; i++) {
		const struct member *member = &root->members[i];
		bool gone = leaves(migration, member);
		bool here = gone && takes_place(migration, member);
		removed[i] = gone && !here;
		if (!gone)
			change_kept(migration, member);
		if (!here)
			continue;
		migration->placed = true;
		size_t from = layout_offset(&migration->layout, member_span(member).start);
		if (member->via == VIA_MERGE || layout_has_properties(&migration->layout, member))
			edits_refuse(&migration->edits,
				TEXT("a replaced entry carries an anchor or comes "
				     "through a merge key"));
		edits_add(
			&migration->edits, from, end_of(migration, member) - from, migration->made);
	}
	if (removed)
		edits_remove_flow(&migration->edits, &migration->layout, root, removed);
}

static void plan(struct migration *migration)
{
	make_entries(migration);
	if (migration->before->flow)
		plan_flow(migration);
	else
		plan_block(migration);
	if (migration->made.length == 0 || migration->placed || edits_refused(&migration->edits))
		return;
	/* A bare `adapter: qlora` leaves no entry to replace: the block goes behind it. */
	const struct member *adapter = migration->resolver->facts.settings[KEY_ADAPTER].member;
	if (adapter)
		edits_insert_behind(
			&migration->edits, &migration->layout, adapter, migration->made);
	else
		edits_refuse(&migration->edits, TEXT("no place for the new block was found"));
}

static bool is_deprecation(const struct diagnostic *finding)
{
	return finding->severity == SEVERITY_WARNING &&
	       (text_starts_with(text_of(finding->rule->id), "deprecated-") ||
		       text_is(text_of(finding->rule->id), "other-dialect"));
}

/* The text says what the canonical value says, and nothing that is deprecated. */
static bool proved(const struct migration *migration, struct text text)
{
	struct resolve_request request = *migration->resolver->request;
	request.config = text;
	request.config_tree = NULL;
	request.include_migrated = false;
	request.include_diff = false;
	request.checkpoint_found = migration->resolver->facts.checkpoint;
	request.checkpoint = request.checkpoint_found ? CHECKPOINT_GIVEN : CHECKPOINT_NO;
	request.require_checkpoint = false;
	const struct resolution *again = resolve(migration->edits.arena, &request);
	if (!again || !again->canonical || !node_equal(again->canonical, migration->after))
		return false;
	for (size_t i = 0; i < again->finding_count; i++)
		if (is_deprecation(again->findings[i]))
			return false;
	return true;
}

static void refuse(struct resolver *resolver, struct text why)
{
	const struct word words[] = { { "detail", why }, { NULL, TEXT("") } };
	report(resolver, "migration-refused", words, NULL, 0);
}

void migrate(struct resolver *resolver, struct resolution *resolution)
{
	if (resolver->request->config_tree) {
		refuse(resolver, TEXT("the config came as a JSON value, not as text"));
		return;
	}
	struct migration migration = {
		.resolver = resolver,
		.layout = layout_of(resolver->arena, resolver->document.bytes,
			resolver_lines(resolver), resolver->root),
		.before = resolver->root,
		.after = resolution->canonical,
	};
	edits_init(&migration.edits, resolver->arena);
	plan(&migration);
	if (edits_refused(&migration.edits)) {
		refuse(resolver, migration.edits.refusal);
		return;
	}
	if (migration.edits.count == 0) {
		resolution->migrated = resolver->document.bytes;
		return;
	}
	struct text text = edits_apply(&migration.edits, resolver->document.bytes);
	if (!text.data || !proved(&migration, text))
		refuse(resolver,
			TEXT("the edited text did not read back to the same canonical config"));
	else
		resolution->migrated = text;
}
