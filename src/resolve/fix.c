#include "resolve/fix.h"

#include "base/buffer.h"
#include "resolve/emit.h"

struct repair {
	struct resolver *resolver;
	const struct layout *layout;
	struct edits edits;
};

const struct layout *resolver_layout(struct resolver *resolver)
{
	if (resolver->layout)
		return resolver->layout;
	struct layout *layout = ARENA_NEW(resolver->arena, struct layout);
	if (!layout)
		return NULL;
	*layout = layout_of(resolver->arena, &resolver->document, resolver_lines(resolver));
	return resolver->layout = layout->root ? layout : NULL;
}

static bool begin(
	struct repair *repair, struct resolver *resolver, const struct diagnostic *diagnostic)
{
	if (!diagnostic || resolver->request->config_tree || !resolver->root ||
		resolver_converted(resolver))
		return false;
	*repair = (struct repair){
		.resolver = resolver,
		.layout = resolver_layout(resolver),
	};
	edits_init(&repair->edits, resolver->arena);
	return repair->layout != NULL;
}

static void end(struct repair *repair, struct diagnostic *diagnostic)
{
	if (edits_refused(&repair->edits) || !edits_sort(&repair->edits))
		return;
	diagnostic->edits = repair->edits.items;
	diagnostic->edit_count = repair->edits.count;
}

/* What stands inside of an entry that other places share, or that stands twice, is not changed at this place alone. */
static bool stands_alone(const struct repair *repair, const struct member *member)
{
	const struct member *top = layout_top(repair->layout, member->key_span.start);
	if (!top || member->via == VIA_MERGE || layout_is_repeated(repair->layout, top))
		return false;
	return !mark_before(top->key_span.start, member->key_span.start) ||
	       !layout_is_shared(repair->layout, top);
}

static void give_up(struct repair *repair, struct text why)
{
	edits_refuse(&repair->edits, (struct mark){ 0 }, why);
}

static uint32_t position_of(const struct node *mapping, struct mark mark)
{
	uint32_t low = 0, high = mapping->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (mark_before(mapping->members[middle].key_span.start, mark))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_entry(
	struct repair *repair, const struct node *mapping, const struct member *member)
{
	const struct node *written = layout_as_written(repair->layout, mapping);
	if (!written || written->count < 2) {
		give_up(repair, TEXT("nothing would be left of the mapping"));
		return;
	}
	uint32_t entry = position_of(written, member->key_span.start);
	const struct selection removed = { .mapping = written, .entries = &entry, .count = 1 };
	edits_remove(&repair->edits, repair->layout, &removed);
}

/* A switch that is off does no harm: only what the finding is about goes. */
static bool harmful(const struct facts *facts, const struct rule *rule, enum key key)
{
	if (!is_set(facts, key))
		return false;
	return rule->fix.kind == FIX_REMOVE_SET || keys[key].type != KEY_TYPE_BOOLEAN ||
	       is_true(facts, key);
}

static bool is_to_go(const struct facts *facts, const struct rule *rule, struct text name)
{
	for (const enum key *key = rule->fix.keys; *key != KEY_NONE; key++)
		if (harmful(facts, rule, *key) &&
			text_equal(facts->settings[*key].member->key, name))
			return true;
	return false;
}

static bool names(const struct rule *rule, enum key wanted)
{
	const enum key *key = rule->fix.keys;
	while (*key != KEY_NONE && *key != wanted)
		key++;
	return *key == wanted;
}

/* All entries of a key go, wherever else it stands. */
static void remove_entries(struct repair *repair, const struct rule *rule)
{
	const struct node *root = repair->layout->root;
	struct selection removed = selection_of(repair->edits.arena, root);
	for (uint32_t i = 0; i < root->count; i++)
		if (is_to_go(&repair->resolver->facts, rule, root->members[i].key))
			selection_add(&removed, i);
	bool peft_asks = repair->resolver->facts.base.peft.dialect != DIALECT_NONE;
	if (removed.count == root->count)
		give_up(repair, TEXT("nothing would be left of the config"));
	else if (names(rule, KEY_MODEL_QUANTIZATION_CONFIG) && peft_asks)
		give_up(repair, TEXT("the base is asked for in peft, too"));
	else
		edits_remove(&repair->edits, repair->layout, &removed);
}

static void emit_setting(struct repair *repair, struct buffer *out, enum key key, const char *value)
{
	const struct layout *layout = repair->layout;
	struct arena *arena = repair->edits.arena;
	bool boolean = keys[key].type == KEY_TYPE_BOOLEAN;
	struct node *node = boolean ? node_boolean(arena, text_is(text_of("true"), value))
				    : node_string(arena, text_of(value));
	if (!node)
		return;
	const struct member member = { .key = text_of(keys[key].name), .value = node };
	unsigned indent = (unsigned)layout_root_column(layout);
	if (layout->root->flow && out->length > 0)
		buffer_add_string(out, ", ");
	buffer_add(out, layout->root->flow ? emit_flow(&repair->edits, layout, &member)
					   : emit_lines(&repair->edits, layout, &member, indent));
}

static void change_setting(
	struct repair *repair, const struct setting *setting, enum key_type type, const char *value)
{
	bool quotes_stay = type == KEY_TYPE_CHOICE;
	if (stands_alone(repair, setting->member))
		(quotes_stay ? edits_replace_scalar : edits_replace_quoted)(
			&repair->edits, repair->layout, setting->member, text_of(value));
	else
		give_up(repair, TEXT("the key stands twice"));
}

/* Keys that are not there yet stand behind the finding's main place. */
static void set_entries(struct repair *repair, const struct rule *rule)
{
	const struct facts *facts = &repair->resolver->facts;
	enum key along = rule->fix.along;
	if (is_true(facts, along))
		change_setting(repair, &facts->settings[along], keys[along].type, rule->fix.value);
	const struct setting *main = &facts->settings[rule->reads[0]];
	struct buffer added;
	buffer_init(&added, repair->edits.arena, 0);
	for (const enum key *key = rule->fix.keys; *key != KEY_NONE; key++) {
		const struct setting *setting = &facts->settings[*key];
		if (setting->state == SETTING_SET)
			change_setting(repair, setting, keys[*key].type, rule->fix.value);
		else if (setting->state == SETTING_MISSING && main->member)
			emit_setting(repair, &added, *key, rule->fix.value);
		else if (setting->state == SETTING_NULL)
			change_setting(repair, setting, keys[*key].type, rule->fix.value);
		else
			give_up(repair, TEXT("its place is not known"));
	}
	if (added.length > 0)
		edits_insert_behind(
			&repair->edits, repair->layout, main->member, buffer_text(&added));
}

bool adapter_clashes(const struct resolver *resolver, const char *adapter)
{
	struct facts tried = dialect_with_adapter(&resolver->facts, adapter);
	return report_would_add_error(resolver, &tried);
}

static void correct_adapter(struct repair *repair)
{
	const struct facts *facts = &repair->resolver->facts;
	const struct member *member = facts->settings[KEY_ADAPTER].member;
	const char *meant = adapter_meant(facts);
	if (meant && !adapter_clashes(repair->resolver, meant) && stands_alone(repair, member))
		edits_replace_scalar(&repair->edits, repair->layout, member, text_of(meant));
}

static void rename_key(struct repair *repair, const struct member *member, struct text name)
{
	struct text written = layout_slice(repair->layout, member->key_span);
	size_t quote = text_starts_with(written, "\"") || text_starts_with(written, "'");
	if (written.length != member->key.length + 2 * quote) {
		give_up(repair, TEXT("the key has escapes, an anchor or a tag"));
		return;
	}
	size_t offset = layout_offset(repair->layout, member->key_span.start);
	edits_add(&repair->edits, offset + quote, written.length - 2 * quote, name);
}

/* Keys of fsdp_config lose the prefix that Axolotl strips. */
static void strip_prefix(struct repair *repair, const struct rule *rule)
{
	const struct setting *setting = &repair->resolver->facts.settings[rule->fix.keys[0]];
	const struct node *mapping = setting->value;
	struct text prefix = text_of(rule->fix.value);
	for (uint32_t i = 0; i < mapping->count; i++) {
		const struct member *member = &mapping->members[i];
		if (!text_starts_with(member->key, prefix.data) ||
			text_is(member->key, keys[KEY_FSDP_VERSION].name))
			continue;
		struct text name = text_from(member->key, prefix.length);
		if (node_member(mapping, name) || !stands_alone(repair, member))
			give_up(repair, TEXT("both spellings stand there"));
		if (name.length == 0 || text_starts_with(name, prefix.data))
			give_up(repair, TEXT("what is left is no name, or has the prefix, too"));
		rename_key(repair, member, name);
	}
}

void fix_by_rule(struct resolver *resolver, struct diagnostic *diagnostic)
{
	const struct rule *rule = diagnostic->rule;
	struct repair repair;
	if (rule->fix.kind == FIX_NONE || is_true(&resolver->facts, rule->fix.unless) ||
		!begin(&repair, resolver, diagnostic))
		return;
	if (rule->fix.kind == FIX_SET)
		set_entries(&repair, rule);
	else if (rule->fix.kind == FIX_ADAPTER)
		correct_adapter(&repair);
	else if (rule->fix.kind == FIX_STRIP_PREFIX)
		strip_prefix(&repair, rule);
	else
		remove_entries(&repair, rule);
	end(&repair, diagnostic);
}

void fix_rename(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct node *mapping, const struct member *member, const char *name)
{
	struct repair repair;
	if (node_member(mapping, text_of(name)) || !begin(&repair, resolver, diagnostic) ||
		!stands_alone(&repair, member))
		return;
	rename_key(&repair, member, text_of(name));
	end(&repair, diagnostic);
}

void fix_replace(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, struct text text)
{
	struct repair repair;
	if (!begin(&repair, resolver, diagnostic) || !stands_alone(&repair, member))
		return;
	edits_replace_quoted(&repair.edits, repair.layout, member, text);
	end(&repair, diagnostic);
}

void fix_respell(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *text)
{
	struct repair repair;
	if (!begin(&repair, resolver, diagnostic) || !stands_alone(&repair, member))
		return;
	edits_replace_scalar(&repair.edits, repair.layout, member, text_of(text));
	end(&repair, diagnostic);
}

void fix_select(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct member *member, const char *backend)
{
	struct repair repair;
	if (!begin(&repair, resolver, diagnostic) || !stands_alone(&repair, member))
		return;
	struct node *nothing = node_mapping(resolver->arena, 0);
	const struct member selector = { .key = text_of(backend), .value = nothing };
	if (!nothing)
		return;
	struct text entry = emit_flow(&repair.edits, repair.layout, &selector);
	edits_replace_quoted(&repair.edits, repair.layout, member,
		arena_printf(resolver->arena, "{%.*s}", TEXT_ARGUMENTS(entry)));
	end(&repair, diagnostic);
}

void fix_remove(struct resolver *resolver, struct diagnostic *diagnostic,
	const struct node *mapping, const struct member *member)
{
	struct repair repair;
	if (!begin(&repair, resolver, diagnostic) || !stands_alone(&repair, member))
		return;
	remove_entry(&repair, mapping, member);
	end(&repair, diagnostic);
}

void fix_remove_replaced(
	struct resolver *resolver, struct diagnostic *diagnostic, const struct replaced *replaced)
{
	struct repair repair;
	if (!begin(&repair, resolver, diagnostic))
		return;
	const struct member *top = layout_top(repair.layout, replaced->member.key_span.start);
	bool inside = replaced->mapping != resolver->root;
	if (!top || (inside && layout_is_shared(repair.layout, top)))
		return;
	remove_entry(&repair, replaced->mapping, &replaced->member);
	end(&repair, diagnostic);
}
