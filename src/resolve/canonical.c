/* The config in the target's spelling: everything as it was, but for the keys that ask for the base quantization. */
#include "resolve/resolver.h"

/* The keys of the top level that the canonical form can change: every other entry stays as it is. */
static const enum key touched[] = { KEY_ADAPTER, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
	KEY_MODEL_QUANTIZATION_CONFIG, KEY_MODEL_QUANTIZATION_CONFIG_KWARGS, KEY_NF4_BACKEND,
	KEY_PEFT };

#define TOUCHED (sizeof(touched) / sizeof(touched[0]))

/* Those that give way to the block. */
static const enum key gone[] = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
	KEY_MODEL_QUANTIZATION_CONFIG_KWARGS, KEY_NF4_BACKEND };

struct rewriting {
	struct arena *arena;
	const struct facts *facts;
	enum target target;
	bool drops; /* the base goes, too: merge mode */
	bool placed;
	struct node *root;
};

static struct node *mapping_with(struct arena *arena, const char *key, struct node *value)
{
	struct node *mapping = node_mapping(arena, 8);
	if (mapping && value)
		node_put(mapping, text_of(key), value);
	return mapping;
}

/* The dtype as it was written, where that is its name. */
static struct node *dtype_node(const struct rewriting *rewriting)
{
	const struct base_quantization *base = &rewriting->facts->base;
	const struct member *written = base_decisive(base)->dtype_member;
	const char *name = dtype_names[base->dtype];
	return written && node_is_string(written->value, name)
		       ? written->value
		       : node_string(rewriting->arena, text_of(name));
}

/* In the order of the block that it was written in, with what stands beside the known keys; peft holds other things, too. */
static void put_written(
	const struct rewriting *rewriting, struct node *body, const struct base_spelling *spelling)
{
	bool peft = spelling->dialect == DIALECT_PEFT_BLOCK;
	for (uint32_t i = 0; i < spelling->body->count; i++) {
		struct member member = spelling->body->members[i];
		bool frame = spelling->dialect != DIALECT_NESTED && text_is(member.key, "backend");
		bool other = peft && !text_is(member.key, "weight_dtype") &&
			     !text_is(member.key, "group_size");
		if (frame ? rewriting->target != TARGET_FLAT : other)
			continue;
		if (spelling->dtype_member && text_is(member.key, "weight_dtype"))
			member.value = dtype_node(rewriting);
		if (member.value)
			node_put_member(body, &member);
	}
}

/* Under another name, and an alias still. */
static void put_kwargs(const struct rewriting *rewriting, struct node *into, struct text name)
{
	const struct facts *facts = rewriting->facts;
	const struct base_spelling *spelling = base_decisive(&facts->base);
	const struct member *written =
		spelling->body ? node_member(spelling->body, TEXT("config_kwargs"))
			       : facts->settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS].member;
	if (!spelling->config_kwargs || !written)
		return;
	struct member member = *written;
	member.key = name;
	member.hash = text_hash(name);
	node_put_member(into, &member);
}

static void fill_body(const struct rewriting *rewriting, struct node *body)
{
	const struct base_quantization *base = &rewriting->facts->base;
	const struct base_spelling *spelling = base_decisive(base);
	if (spelling->body) {
		put_written(rewriting, body, spelling);
		return;
	}
	if (base->dtype)
		node_put(body, TEXT("weight_dtype"), dtype_node(rewriting));
	put_kwargs(rewriting, body, TEXT("config_kwargs"));
}

static uint32_t body_room(const struct base_spelling *spelling)
{
	return 4 + (spelling->body ? spelling->body->count : 0);
}

static struct node *make_block(const struct rewriting *rewriting)
{
	struct arena *arena = rewriting->arena;
	const char *backend = backends[rewriting->facts->base.backend].name;
	struct node *body = node_mapping(arena, body_room(base_decisive(&rewriting->facts->base)));
	if (!body)
		return NULL;
	bool written = rewriting->facts->base.dialect == DIALECT_PEFT_BLOCK;
	if (rewriting->target == TARGET_FLAT && !written)
		node_put(body, TEXT("backend"), node_string(arena, text_of(backend)));
	fill_body(rewriting, body);
	return rewriting->target == TARGET_FLAT ? body : mapping_with(arena, backend, body);
}

static void put_released(struct rewriting *rewriting)
{
	const struct base_quantization *base = &rewriting->facts->base;
	struct arena *arena = rewriting->arena;
	if (backends[base->backend].quant_class) {
		const char *class = backends[base->backend].quant_class;
		node_put(rewriting->root, TEXT("model_quantization_config"),
			node_string(arena, text_of(class)));
		put_kwargs(rewriting, rewriting->root, TEXT("model_quantization_config_kwargs"));
		return;
	}
	bool eight = base->dtype == DTYPE_INT8;
	node_put(rewriting->root, eight ? TEXT("load_in_8bit") : TEXT("load_in_4bit"),
		node_boolean(arena, true));
	if (base->backend == BACKEND_TORCHAO)
		node_put(rewriting->root, TEXT("nf4_backend"), node_string(arena, TEXT("torchao")));
}

static void put_block(struct rewriting *rewriting)
{
	if (rewriting->placed)
		return;
	rewriting->placed = true;
	if (rewriting->target == TARGET_RELEASED)
		put_released(rewriting);
	else
		node_put(rewriting->root, TEXT("model_quantization_config"), make_block(rewriting));
}

static bool has_base(const struct rewriting *rewriting)
{
	return rewriting->facts->base.dialect != DIALECT_NONE;
}

static void put_adapter(struct rewriting *rewriting, const struct member *member)
{
	const struct facts *facts = rewriting->facts;
	/* Over a GPTQ checkpoint the request has no effect, and qlora would be refused. */
	bool qlora = rewriting->target == TARGET_RELEASED && !rewriting->drops &&
		     base_is_4bit(facts) && adapter_is_lora(facts) && !is_true(facts, KEY_GPTQ);
	struct member changed = *member;
	if (says(facts, KEY_ADAPTER, "qlora") != qlora &&
		(qlora || says(facts, KEY_ADAPTER, "qlora")))
		changed.value = node_string(rewriting->arena, qlora ? TEXT("qlora") : TEXT("lora"));
	node_put_member(rewriting->root, &changed);
}

/* peft without its three quantization keys; nothing when nothing else was in it. */
static void put_peft(struct rewriting *rewriting, const struct member *member)
{
	const struct node *peft = member->value;
	struct node *rest =
		peft->kind == NODE_MAPPING ? node_mapping(rewriting->arena, peft->count) : NULL;
	for (uint32_t i = 0; rest && i < peft->count; i++) {
		struct text key = peft->members[i].key;
		if (!text_is(key, "backend") && !text_is(key, "weight_dtype") &&
			!text_is(key, "group_size"))
			node_put_member(rest, &peft->members[i]);
	}
	node_index(rest, rewriting->arena);
	bool same = !rest || rest->count == peft->count;
	struct member changed = *member;
	if (!same)
		changed.value = rest;
	if (same || rest->count > 0)
		node_put_member(rewriting->root, &changed);
}

bool canonical_asks(const struct facts *facts, const struct member *member)
{
	static const enum key asking[] = { KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT };
	for (size_t i = 0; i < 2; i++)
		if (member == facts->settings[asking[i]].member)
			return is_true(facts, asking[i]);
	if (member == facts->settings[KEY_PEFT].member)
		return facts->base.peft.dialect != DIALECT_NONE;
	return member == facts->settings[KEY_MODEL_QUANTIZATION_CONFIG].member ||
	       (member == facts->settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS].member &&
		       facts->base.structured.dialect == DIALECT_CLASS_NAME) ||
	       (member == facts->settings[KEY_NF4_BACKEND].member && facts->base.nf4_backend);
}

const struct member *canonical_place(const struct facts *facts, enum target target)
{
	enum dialect dialect = facts->base.dialect;
	if (target == TARGET_RELEASED)
		return NULL;
	if (dialect == DIALECT_NESTED || dialect == DIALECT_FLAT)
		return facts->settings[KEY_MODEL_QUANTIZATION_CONFIG].member;
	return dialect == DIALECT_PEFT_BLOCK ? facts->settings[KEY_PEFT].member : NULL;
}

static bool is_gone(const struct facts *facts, const struct member *member)
{
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (member == facts->settings[gone[i]].member)
			return true;
	return false;
}

static bool stands_in_form(const struct facts *facts, enum target target)
{
	enum dialect dialect = facts->base.structured.dialect;
	return (target == TARGET_CANONICAL && dialect == DIALECT_NESTED) ||
	       (target == TARGET_FLAT && dialect == DIALECT_FLAT) ||
	       (target == TARGET_RELEASED && dialect == DIALECT_CLASS_NAME);
}

static bool flag_stays(const struct facts *facts, const struct member *member)
{
	const struct base_quantization *base = &facts->base;
	enum key flag = base->dtype == DTYPE_INT8 ? KEY_LOAD_IN_8BIT : KEY_LOAD_IN_4BIT;
	if (base->dialect != DIALECT_FLAGS)
		return false;
	if (member == facts->settings[KEY_NF4_BACKEND].member)
		return base->backend == BACKEND_TORCHAO;
	return member == facts->settings[flag].member && is_true(facts, flag);
}

/* The entry is in the target's spelling already. */
static bool stays(const struct rewriting *rewriting, const struct member *member)
{
	const struct facts *facts = rewriting->facts;
	if (rewriting->drops || !has_base(rewriting))
		return false;
	bool block = member == facts->settings[KEY_MODEL_QUANTIZATION_CONFIG].member;
	bool kwargs = member == facts->settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS].member &&
		      is_set(facts, KEY_MODEL_QUANTIZATION_CONFIG_KWARGS);
	if (stands_in_form(facts, rewriting->target))
		return block || (kwargs && rewriting->target == TARGET_RELEASED);
	return rewriting->target == TARGET_RELEASED && flag_stays(facts, member);
}

static bool any_stays(const struct rewriting *rewriting)
{
	const struct setting *settings = rewriting->facts->settings;
	for (size_t i = 0; i < TOUCHED; i++)
		if (settings[touched[i]].member && stays(rewriting, settings[touched[i]].member))
			return true;
	return false;
}

static bool is_touched(const struct facts *facts, const struct member *member)
{
	for (size_t i = 0; i < TOUCHED; i++)
		if (member == facts->settings[touched[i]].member)
			return true;
	return false;
}

static void put_member(struct rewriting *rewriting, const struct member *member)
{
	const struct facts *facts = rewriting->facts;
	if (!is_touched(facts, member) || stays(rewriting, member)) {
		node_put_member(rewriting->root, member);
		return;
	}
	const struct member *place = canonical_place(facts, rewriting->target);
	if (!rewriting->drops && has_base(rewriting) &&
		(place ? member == place : canonical_asks(facts, member)))
		put_block(rewriting);
	bool block = member == facts->settings[KEY_MODEL_QUANTIZATION_CONFIG].member;
	if (member == facts->settings[KEY_ADAPTER].member)
		put_adapter(rewriting, member);
	else if (member == facts->settings[KEY_PEFT].member)
		put_peft(rewriting, member);
	else if (block ? !has_base(rewriting) : !is_gone(facts, member))
		node_put_member(rewriting->root, member);
}

/* The block's place is the first key that it replaces; a bare `adapter: qlora` has none, so it goes behind. */
static bool replaces_any(const struct facts *facts)
{
	for (size_t i = 0; i < TOUCHED; i++) {
		const struct member *member = facts->settings[touched[i]].member;
		if (member && canonical_asks(facts, member))
			return true;
	}
	return false;
}

const struct node *canonical_make(struct resolver *resolver)
{
	const struct facts *facts = &resolver->facts;
	const struct node *root = resolver->root;
	struct rewriting rewriting = {
		.arena = resolver->arena,
		.facts = facts,
		.target = resolver->request->target,
		.drops = merge_drops_base(facts),
		.root = node_mapping(resolver->arena, root->count + 3),
	};
	rewriting.placed = any_stays(&rewriting);
	bool after_adapter = has_base(&rewriting) && !rewriting.drops && !replaces_any(facts);
	for (uint32_t i = 0; rewriting.root && i < root->count; i++) {
		put_member(&rewriting, &root->members[i]);
		if (after_adapter && &root->members[i] == facts->settings[KEY_ADAPTER].member)
			put_block(&rewriting);
	}
	node_index(rewriting.root, resolver->arena);
	return rewriting.root;
}

bool canonical_touches(struct text key)
{
	for (size_t i = 0; i < TOUCHED; i++)
		if (text_is(key, keys[touched[i]].name))
			return true;
	return false;
}

static void add_operation(struct arena *arena, struct patch_operation ***tail, const char *op,
	const struct member *member, bool with_value)
{
	struct patch_operation *operation = ARENA_NEW(arena, struct patch_operation);
	if (!operation)
		return;
	operation->op = op;
	operation->path = pointer_join(arena, TEXT(""), member->key);
	operation->value = with_value ? member->value : NULL;
	**tail = operation;
	*tail = &operation->next;
}

/* The entry of the same key, or NULL. What stays keeps its order, so that most stand at `*next`. */
static const struct member *counterpart(
	const struct node *mapping, const struct member *member, uint32_t *next)
{
	const struct member *found = *next < mapping->count ? &mapping->members[*next] : NULL;
	if (!found || found->key.data != member->key.data)
		found = node_member(mapping, member->key);
	if (found)
		*next = (uint32_t)(found - mapping->members) + 1;
	return found;
}

const struct patch_operation *patch_make(
	struct arena *arena, const struct node *before, const struct node *after)
{
	struct patch_operation *first = NULL;
	struct patch_operation **tail = &first;
	uint32_t next = 0;
	for (uint32_t i = 0; i < before->count; i++) {
		const struct member *member = &before->members[i];
		const struct member *now = counterpart(after, member, &next);
		if (!now)
			add_operation(arena, &tail, "remove", member, false);
		else if (now->value != member->value)
			add_operation(arena, &tail, "replace", now, true);
	}
	next = 0;
	for (uint32_t i = 0; i < after->count; i++)
		if (!counterpart(before, &after->members[i], &next))
			add_operation(arena, &tail, "add", &after->members[i], true);
	return first;
}
