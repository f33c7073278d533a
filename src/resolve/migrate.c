#include "resolve/migrate.h"

#include "resolve/emit.h"
#include "resolve/proof.h"
#include "resolve/reshape.h"

struct migration {
	struct resolver *resolver;
	const struct layout *layout;
	struct edits edits;
	const struct node
		*before; /* keys are unique, the last one counts; layout.root has all as written */
	const struct node *after;
	struct text made;    /* the new entries, as lines or as flow text */
	struct gap made_gap; /* what they end with */
	bool placed;
	const struct member
		*reshaped; /* the entry whose block takes its form in place; NULL: none */
};

static bool is_new(const struct migration *migration, const struct member *after)
{
	if (!canonical_touches(after->key))
		return false;
	const struct member *before = node_member(migration->before, after->key);
	return !before || (before->value != after->value && !text_is(after->key, "adapter") &&
				  !text_is(after->key, "peft"));
}

/* The entries that the target needs and the text does not have: they stand together, so one piece of text holds them. */
static void make_entries(struct migration *migration)
{
	struct buffer out;
	buffer_init(&out, migration->edits.arena, 256);
	if (migration->reshaped)
		return;
	bool flow = migration->before->flow;
	struct text separator =
		flow ? edits_flow_separator(&migration->edits, migration->layout) : TEXT("");
	unsigned indent = (unsigned)layout_root_column(migration->layout);
	for (uint32_t i = 0; i < migration->after->count; i++) {
		const struct member *member = &migration->after->members[i];
		if (!is_new(migration, member))
			continue;
		struct edits *edits = &migration->edits;
		const struct layout *layout = migration->layout;
		migration->made_gap = layout_gap_behind(layout, member);
		migration->made_gap.column = 0; /* the lines may stand at other columns now */
		if (flow)
			buffer_add(&out, out.length > 0 ? separator : TEXT(""));
		buffer_add(&out, flow ? emit_flow(edits, layout, member)
				      : emit_lines(edits, layout, member, indent));
	}
	migration->made = buffer_text(&out);
}

/* True when the entry leaves the text: it is gone, or stands in `made`. */
static bool leaves(const struct migration *migration, const struct member *written)
{
	if (!canonical_touches(written->key))
		return false;
	const struct member *after = node_member(migration->after, written->key);
	return !after || is_new(migration, after);
}

/* Merged, but the mapping's own entry wins over it, and an entry of that key stays. */
static bool is_overruled(const struct migration *migration, const struct member *written)
{
	return written->via == VIA_MERGE &&
	       node_member(migration->before, written->key)->via != VIA_MERGE &&
	       node_member(migration->after, written->key);
}

/* The new entries stand where the first entry that asks for the base stood, as in the canonical value. */
static bool takes_place(const struct migration *migration, const struct member *written)
{
	const struct resolver *resolver = migration->resolver;
	const struct member *member = node_member(migration->before, written->key);
	const struct member *place = canonical_place(&resolver->facts, resolver->request->target);
	return migration->made.length > 0 && !migration->placed &&
	       (place ? member == place : canonical_asks(&resolver->facts, member));
}

/* An alias goes along with the block, and not before what it stands for. */
static void check_alias(struct migration *migration)
{
	const struct node *root = migration->layout->root;
	const struct member *kwargs =
		migration->resolver->facts.settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS].member;
	uint32_t i = 0;
	if (!kwargs || kwargs->via != VIA_ALIAS || migration->made.length == 0)
		return;
	while (i < root->count && !takes_place(migration, &root->members[i]))
		i++;
	if (i < root->count &&
		mark_before(root->members[i].key_span.start, kwargs->value->span.start))
		edits_refuse(&migration->edits, kwargs->key_span.start,
			TEXT("model_quantization_config_kwargs is an alias of what stands behind "
			     "the new block"));
}

static bool changes(const struct migration *migration, const struct member *after)
{
	return node_member(migration->before, after->key)->value != after->value;
}

/* Tells what is left at its end, in block style. */
static struct gap remove_peft_keys(
	struct migration *migration, const struct member *written, const struct member *after)
{
	struct edits *edits = &migration->edits;
	const struct node *peft = layout_as_written(migration->layout, written->value);
	if (!peft)
		return NO_GAP;
	if (written->via == VIA_ALIAS)
		edits_refuse(edits, written->key_span.start, TEXT("peft comes through an alias"));
	if (!edits_may_change(edits, migration->layout, written))
		return NO_GAP;
	struct selection removed = selection_of(edits->arena, peft);
	for (uint32_t i = 0; i < peft->count; i++)
		if (!node_member(after->value, peft->members[i].key))
			selection_add(&removed, i);
	return edits_remove(edits, migration->layout, &removed);
}

/* An entry that asks and stays in part (peft): the block goes before it. */
static void insert_before(struct migration *migration, const struct member *member)
{
	struct edits *edits = &migration->edits;
	size_t from = layout_offset(migration->layout, member->key_span.start);
	migration->placed = true;
	if (migration->before->flow)
		edits_add(edits, from, 0,
			arena_printf(edits->arena, "%.*s%.*s", TEXT_ARGUMENTS(migration->made),
				TEXT_ARGUMENTS(edits_flow_separator(edits, migration->layout))));
	else
		edits_add(edits, layout_line_start(migration->layout, from), 0, migration->made);
}

/* Tells what stands at its end then. */
static struct gap change_kept(struct migration *migration, const struct member *written)
{
	if (!canonical_touches(written->key))
		return layout_gap_behind(migration->layout, written);
	const struct member *after = node_member(migration->after, written->key);
	if (takes_place(migration, written))
		insert_before(migration, written);
	if (text_is(written->key, "adapter") && changes(migration, after))
		edits_replace_scalar(
			&migration->edits, migration->layout, written, after->value->text);
	else if (text_is(written->key, "peft") && changes(migration, after))
		return remove_peft_keys(migration, written, after);
	return layout_gap_behind(migration->layout, written);
}

/* What stands in the entry's place. A text without any entry would be no mapping: the last one leaves braces behind. */
static struct text put_in_place(struct migration *migration, uint32_t i)
{
	const struct node *root = migration->layout->root;
	if (takes_place(migration, &root->members[i])) {
		migration->placed = true;
		return migration->made;
	}
	bool last = migration->after->count == 0 && i + 1 == root->count;
	return last ? arena_printf(migration->edits.arena, "{}%s", migration->layout->newline)
		    : TEXT("");
}

static void plan_block(struct migration *migration)
{
	const struct node *root = migration->layout->root;
	struct gap gap = NO_GAP;
	for (uint32_t i = 0; i < root->count && !edits_refused(&migration->edits); i++) {
		const struct member *member = &root->members[i];
		if (is_overruled(migration, member))
			continue;
		if (member == migration->reshaped) {
			gap = migration->made_gap;
		} else if (leaves(migration, member)) {
			struct text text = put_in_place(migration, i);
			if (text.length > 0)
				gap = migration->made_gap;
			if (!edits_remove_lines(
				    &migration->edits, migration->layout, member, text, gap) &&
				text.length == 0)
				gap = NO_GAP;
		} else {
			gap = change_kept(migration, member);
		}
		if (!layout_adjoins(migration->layout, root, i))
			gap = NO_GAP;
	}
}

static void plan_flow(struct migration *migration)
{
	const struct node *root = migration->layout->root;
	struct selection removed = selection_of(migration->edits.arena, root);
	for (uint32_t i = 0; i < root->count; i++) {
		const struct member *member = &root->members[i];
		if (is_overruled(migration, member) || member == migration->reshaped)
			continue;
		if (!leaves(migration, member)) {
			change_kept(migration, member);
		} else if (takes_place(migration, member)) {
			migration->placed = true;
			edits_replace_flow(
				&migration->edits, migration->layout, member, migration->made);
		} else {
			selection_add(&removed, i);
		}
	}
	edits_remove_flow(&migration->edits, migration->layout, &removed);
}

/* A bare `adapter: qlora` leaves no entry to replace: the block goes behind the first one. */
static void insert_behind_adapter(struct migration *migration)
{
	const struct node *root = migration->layout->root;
	for (uint32_t i = 0; i < root->count; i++) {
		if (!text_is(root->members[i].key, keys[KEY_ADAPTER].name))
			continue;
		edits_insert_behind(
			&migration->edits, migration->layout, &root->members[i], migration->made);
		return;
	}
	edits_refuse(
		&migration->edits, root->span.start, TEXT("no place for the new block was found"));
}

/* The entry of the block, as written, where it is one that may be given another form. */
static const struct member *block_to_reshape(const struct migration *migration)
{
	const struct resolver *resolver = migration->resolver;
	const struct node *root = migration->layout->root;
	const struct member *place = canonical_place(&resolver->facts, resolver->request->target);
	const struct member *after =
		node_member(migration->after, text_of(keys[KEY_MODEL_QUANTIZATION_CONFIG].name));
	if (!place || !after || !is_new(migration, after))
		return NULL;
	for (uint32_t i = 0; i < root->count; i++)
		if (text_equal(root->members[i].key, place->key))
			return &root->members[i];
	return NULL;
}

static void reshape_the_block(struct migration *migration)
{
	const struct facts *facts = &migration->resolver->facts;
	const struct member *outer = block_to_reshape(migration);
	if (!outer)
		return;
	const char *backend = backends[facts->base.backend].name;
	const struct node *block =
		node_get(migration->after, keys[KEY_MODEL_QUANTIZATION_CONFIG].name);
	bool nests = migration->resolver->request->target == TARGET_CANONICAL;
	const struct reshaping reshaping = {
		.edits = &migration->edits,
		.layout = migration->layout,
		.outer = outer,
		.name = text_of(keys[KEY_MODEL_QUANTIZATION_CONFIG].name),
		.from = facts->base.dialect,
		.nests = nests,
		.backend = backend,
		.body = nests ? node_get(block, backend) : block,
	};
	bool parted = facts->base.dialect == DIALECT_PEFT_BLOCK &&
		      node_member(migration->after, outer->key);
	if (!(parted ? reshape_out_of_peft : reshape)(&reshaping))
		return;
	migration->reshaped = outer;
	migration->made_gap = layout_gap_behind(migration->layout, outer);
	migration->made_gap.column = 0; /* the lines may stand at other columns now */
}

static void plan(struct migration *migration, bool in_place)
{
	migration->edits.takes_comments = in_place;
	if (in_place)
		reshape_the_block(migration);
	make_entries(migration);
	check_alias(migration);
	if (migration->before->flow)
		plan_flow(migration);
	else
		plan_block(migration);
	if (migration->made.length > 0 && !migration->placed && !edits_refused(&migration->edits))
		insert_behind_adapter(migration);
}

static bool is_proved(const struct migration *migration, struct text text)
{
	return proof(migration->resolver, migration->layout, migration->after, text);
}

/* A text that had no line end at its end gets none; data NULL where that is as it should be. */
static struct text without_line_end(const struct migration *migration, struct text text)
{
	const struct layout *layout = migration->layout;
	if (!text.data || layout_line_ended(layout, layout->source.length))
		return (struct text){ .data = NULL };
	for (size_t length = 3; length > 0; length--)
		if (text.length >= length && line_end_length(text, text.length - length) == length)
			return (struct text){ text.data, text.length - length };
	return (struct text){ .data = NULL };
}

static void refuse(struct resolver *resolver, struct text why, const struct member *member)
{
	const struct word words[] = { { "detail", why }, { NULL, TEXT("") } };
	struct place place = { .member = member };
	if (member)
		place.path = pointer_join(resolver->arena, TEXT(""), member->key);
	report(resolver, "migration-refused", words, &place, member != NULL);
}

/* The entry of the top level that is in the way; of several that come through one merge key, the one that would change. */
static const struct member *culprit(const struct migration *migration)
{
	const struct node *root = migration->layout->root;
	const struct member *top = layout_top(migration->layout, migration->edits.refused_at);
	for (uint32_t i = 0; top && i < root->count; i++) {
		const struct member *member = &root->members[i];
		if (member->via == VIA_MERGE && canonical_touches(member->key) &&
			!mark_before(member->key_span.start, top->key_span.start) &&
			!mark_before(top->key_span.start, member->key_span.start))
			return member;
	}
	return top;
}

/* Why no edit of the text is even thought of; "" when there is no such reason. */
static struct text reason_against(const struct resolver *resolver)
{
	if (resolver->request->config_tree)
		return TEXT("the config came as a JSON value, not as text");
	if (resolver_converted(resolver))
		return TEXT("it is UTF-16, and only UTF-8 is edited; convert the file first");
	return TEXT("");
}

/* The text with the edits, proved; data NULL when it is not. The input itself when there are none. */
static struct text edited(struct migration *migration)
{
	struct text source = migration->resolver->document.bytes;
	if (edits_refused(&migration->edits))
		return (struct text){ .data = NULL };
	if (migration->edits.count == 0 || migration->resolver->migrated_before)
		return migration->edits.count == 0 ? source : (struct text){ .data = NULL };
	struct text text = edits_apply(&migration->edits, source);
	struct text shorter = without_line_end(migration, text);
	if (shorter.data && is_proved(migration, shorter))
		return shorter;
	return text.data && is_proved(migration, text) ? text : (struct text){ .data = NULL };
}

static struct migration begin(struct resolver *resolver, const struct resolution *resolution)
{
	struct migration migration = {
		.resolver = resolver,
		.layout = resolver_layout(resolver),
		.before = resolver->root,
		.after = resolution->canonical,
	};
	edits_init(&migration.edits, resolver->arena);
	return migration;
}

void migrate(struct resolver *resolver, struct resolution *resolution)
{
	struct text reason = reason_against(resolver);
	if (reason.length > 0) {
		refuse(resolver, reason, NULL);
		return;
	}
	/* A block that cannot be reshaped in place is made anew, and comments that cannot move along stay where they are. */
	for (int in_place = 1; in_place >= 0; in_place--) {
		struct migration migration = begin(resolver, resolution);
		if (!migration.layout)
			return;
		plan(&migration, in_place);
		resolution->migrated = edited(&migration);
		if (resolution->migrated.data || resolver->migrated_before)
			return;
		if (migration.reshaped || migration.edits.took_comments)
			continue;
		if (edits_refused(&migration.edits))
			refuse(resolver, migration.edits.refusal, culprit(&migration));
		else
			refuse(resolver,
				TEXT("the edited text did not read back to the same canonical config"),
				NULL);
		return;
	}
}
