/* The frames of the mapping forms: nested, flat, and the former peft block; and class names. */
#include "resolve/block.h"

#include "base/buffer.h"
#include "schema/suggestion.h"

static const struct key_row backend_value = { .type = KEY_TYPE_STRING,
	.expects = "a backend's name" };
static const struct key_row body_value = { .type = KEY_TYPE_MAPPING, .expects = "a mapping" };

static const char *backend_meant(struct text written, bool peft)
{
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++) {
		if (peft && !backends[i].takes_dtype)
			continue;
		if (text_equal_nocase(written, text_of(backends[i].name)))
			return backends[i].name;
		for (size_t j = 0; j < 4 && backends[i].synonyms[j]; j++)
			if (text_equal_nocase(written, text_of(backends[i].synonyms[j])))
				return backends[i].name;
	}
	static const char *const names[] = { "torchao", "mxfp4" };
	return suggestion_nearest(written, names, peft ? 1 : 2);
}

/* `selector` is the mapping whose key names the backend; NULL where a value does. */
static void say_backend_unknown(
	const struct block *block, const struct node *selector, const struct member *member)
{
	bool peft = block->spelling->dialect == DIALECT_PEFT_BLOCK;
	struct text written = selector ? member->key : member->value->text;
	const char *meant = backend_meant(written, peft);
	const struct word words[] = {
		{ "value", written },
		{ "expected", text_of(peft ? "bnb and torchao" : "bnb, torchao, mxfp4 and fp8") },
		{ "suggestion", meant ? arena_printf(block->resolver->arena,
						"; %s was probably meant", meant)
				      : TEXT("") },
		{ NULL, TEXT("") },
	};
	struct diagnostic *diagnostic =
		block_say(block, "backend-unknown", words, block_path_below(block, member), member);
	if (meant && selector)
		fix_rename(block->resolver, diagnostic, selector, member, meant);
	else if (meant)
		fix_respell(block->resolver, diagnostic, member, meant);
}

/* `{bnb: {weight_dtype: int8}}`: a backend that has the dtype that stands there. */
static struct text form_of_dtype(struct arena *arena, const struct node *mapping)
{
	const struct node *written = node_get(mapping, "weight_dtype");
	enum backend backend = node_get(mapping, "group_size") ? BACKEND_TORCHAO : BACKEND_BNB;
	if (!written || node_is_null(written))
		return TEXT("{bnb: {weight_dtype: nf4}}");
	enum dtype dtype =
		written->kind == NODE_STRING ? dtype_from_name(written->text) : DTYPE_NONE;
	if (dtype == DTYPE_MXFP4)
		return TEXT("{mxfp4: {}}");
	if (!installed_find(backend, dtype))
		backend = BACKEND_TORCHAO;
	return arena_printf(arena, "{%s: {weight_dtype: %s}}", backends[backend].name,
		dtype ? dtype_names[dtype] : "…");
}

static void say_backend_missing(const struct block *block, const struct node *mapping)
{
	bool peft = block->spelling->dialect == DIALECT_PEFT_BLOCK;
	const struct word words[] = {
		{ "key", text_of(block->outer_name) },
		{ "choices",
			text_of(peft ? "`backend: bnb` or `backend: torchao` in it, or better name the base as in"
				     : "exactly one of bnb, torchao, mxfp4 and fp8, as in") },
		{ "form", form_of_dtype(block->resolver->arena, mapping) },
		{ NULL, TEXT("") },
	};
	block_say(block, "backend-missing", words, block->spelling->path, block->outer);
}

/* `backend: NAME` of the flat form and of the peft block. */
static void read_backend_key(struct block *block, const struct node *mapping)
{
	const struct member *member = node_member(mapping, TEXT("backend"));
	if (!member || node_is_null(member->value)) {
		say_backend_missing(block, mapping);
		return;
	}
	struct setting setting = block_member(block, member, &backend_value);
	if (setting.state != SETTING_SET)
		return;
	enum backend backend = backend_from_name(setting.text);
	bool takes = block->spelling->dialect != DIALECT_PEFT_BLOCK ||
		     (backend != BACKEND_NONE && backends[backend].takes_dtype);
	block->spelling->backend = takes ? backend : BACKEND_NONE;
	if (block->spelling->backend == BACKEND_NONE)
		say_backend_unknown(block, NULL, member);
	else
		block_read_body(block, mapping);
}

static bool is_backend(const struct member *member)
{
	return backend_from_name(member->key) != BACKEND_NONE && !node_is_null(member->value);
}

bool block_is_body_key(struct text key)
{
	return text_is(key, "weight_dtype") || text_is(key, "group_size") ||
	       text_is(key, "config_kwargs");
}

static size_t selected(const struct node *mapping, const struct member **ret_first)
{
	size_t count = 0;
	for (uint32_t i = 0; i < mapping->count; i++)
		if (is_backend(&mapping->members[i]) && count++ == 0)
			*ret_first = &mapping->members[i];
	return count;
}

/* Nothing selected: either a name that nobody knows, or nothing at all. */
static void say_none_selected(const struct block *block, const struct node *mapping)
{
	for (uint32_t i = 0; i < mapping->count; i++) {
		const struct member *member = &mapping->members[i];
		if (block_is_body_key(member->key) || node_is_null(member->value))
			continue;
		say_backend_unknown(block, mapping, member);
		return;
	}
	say_backend_missing(block, mapping);
}

static void say_multiple(const struct block *block, const struct node *mapping)
{
	struct place places[BACKEND_COUNT + 1];
	size_t count = 0;
	struct buffer names;
	buffer_init(&names, block->resolver->arena, 64);
	for (uint32_t i = 0; i < mapping->count; i++) {
		const struct member *member = &mapping->members[i];
		bool flat = text_is(member->key, "backend");
		if ((!flat && !is_backend(member)) || count >= BACKEND_COUNT + 1)
			continue;
		places[count++] =
			(struct place){ .path = block_path_below(block, member), .member = member };
		buffer_add_string(&names, names.length > 0 ? " and " : "");
		buffer_add(&names, flat ? member->value->text : member->key);
	}
	const struct word words[] = { { "value", buffer_text(&names) }, { NULL, TEXT("") } };
	block->spelling->faulty = true;
	report(block->resolver, "backend-multiple", words, places, count);
}

static void read_nested(struct block *block, const struct node *mapping)
{
	const struct member *chosen = NULL;
	size_t count = selected(mapping, &chosen);
	if (count == 0) {
		say_none_selected(block, mapping);
		return;
	}
	if (count > 1) {
		say_multiple(block, mapping);
		return;
	}
	struct base_spelling *spelling = block->spelling;
	spelling->backend = backend_from_name(chosen->key);
	for (uint32_t i = 0; i < mapping->count; i++)
		if (backend_from_name(mapping->members[i].key) == BACKEND_NONE)
			block_say_unknown_key(block, NULL, &mapping->members[i]);
	if (block_member(block, chosen, &body_value).state != SETTING_SET)
		return;
	spelling->path = block_path_below(block, chosen);
	spelling->member = chosen;
	block->name = block_name_below(block, chosen);
	block->path = spelling->path;
	block_read_body(block, chosen->value);
}

static void read_mapping(struct block *block, const struct node *mapping)
{
	const struct member *first = NULL;
	bool flat = node_member(mapping, TEXT("backend")) != NULL;
	block->spelling->dialect = flat ? DIALECT_FLAT : DIALECT_NESTED;
	if (flat && selected(mapping, &first) > 0)
		say_multiple(block, mapping);
	else if (flat)
		read_backend_key(block, mapping);
	else
		read_nested(block, mapping);
}

/* The structured form, unless the arguments need the class name or the target knows no other. */
static void fix_class(const struct block *block, struct diagnostic *diagnostic, const char *meant)
{
	const struct resolver *resolver = block->resolver;
	const struct backend_row *backend = &backends[backend_from_name(text_of(meant))];
	bool needs_class = resolver->request->target == TARGET_RELEASED ||
			   resolver->facts.settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS].state !=
				   SETTING_MISSING;
	if (!backend->quant_class)
		return;
	if (needs_class)
		fix_respell(block->resolver, diagnostic, block->outer, backend->quant_class);
	else
		fix_select(block->resolver, diagnostic, block->outer, backend->name);
}

/* `{mxfp4: {}}`; of a backend with dtypes, one of them. */
static struct text form_of(struct arena *arena, const char *backend)
{
	static const char *const dtypes[BACKEND_COUNT] = {
		[BACKEND_BNB] = "weight_dtype: nf4",
		[BACKEND_TORCHAO] = "weight_dtype: int8",
	};
	const char *name = backend ? backend : backends[BACKEND_BNB].name;
	const char *dtype = dtypes[backend_from_name(text_of(name))];
	return arena_printf(arena, "{%s: {%s}}", name, dtype ? dtype : "");
}

static void read_class_name(struct block *block, struct text name)
{
	struct base_spelling *spelling = block->spelling;
	spelling->dialect = DIALECT_CLASS_NAME;
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].quant_class && text_is(name, backends[i].quant_class))
			spelling->backend = (enum backend)i;
	if (spelling->backend != BACKEND_NONE)
		return;
	const char *meant = NULL;
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT && !meant; i++)
		if (text_equal_nocase(name, text_of(backends[i].class)))
			meant = backends[i].name;
	meant = meant ? meant : backend_meant(name, false);
	struct arena *arena = block->resolver->arena;
	const struct word words[] = {
		{ "value", value_words(arena, block->outer->value) },
		{ "suggestion",
			meant ? arena_printf(arena, "; %s was probably meant", meant) : TEXT("") },
		{ "form", form_of(arena, meant) },
		{ NULL, TEXT("") },
	};
	struct diagnostic *diagnostic =
		block_say(block, "quant-class-unknown", words, spelling->path, block->outer);
	if (meant)
		fix_class(block, diagnostic, meant);
}

static struct block begin(struct resolver *resolver, struct base_spelling *spelling, enum key key)
{
	const struct setting *setting = &resolver->facts.settings[key];
	*spelling = (struct base_spelling){
		.path = key_path(resolver->arena, &resolver->facts, key),
		.member = setting->member,
	};
	return (struct block){
		.resolver = resolver,
		.spelling = spelling,
		.outer = setting->member,
		.outer_name = keys[key].name,
		.path = spelling->path,
		.name = text_of(keys[key].name),
	};
}

void block_read_structured(struct resolver *resolver, struct base_spelling *spelling)
{
	const struct setting *setting = &resolver->facts.settings[KEY_MODEL_QUANTIZATION_CONFIG];
	if (setting->state != SETTING_SET)
		return;
	struct block block = begin(resolver, spelling, KEY_MODEL_QUANTIZATION_CONFIG);
	if (setting->value->kind == NODE_STRING)
		read_class_name(&block, setting->text);
	else
		read_mapping(&block, setting->value);
	const struct setting *kwargs =
		&resolver->facts.settings[KEY_MODEL_QUANTIZATION_CONFIG_KWARGS];
	if (spelling->dialect == DIALECT_CLASS_NAME && kwargs->state == SETTING_SET)
		spelling->config_kwargs = kwargs->value;
}

void block_read_peft(struct resolver *resolver, struct base_spelling *spelling)
{
	static const enum key mine[] = { KEY_PEFT_BACKEND, KEY_PEFT_WEIGHT_DTYPE,
		KEY_PEFT_GROUP_SIZE };
	const struct facts *facts = &resolver->facts;
	bool any = false;
	for (size_t i = 0; i < 3; i++)
		any |= facts->settings[mine[i]].state == SETTING_SET ||
		       facts->settings[mine[i]].state == SETTING_FAULTY;
	if (!any)
		return;
	struct block block = begin(resolver, spelling, KEY_PEFT);
	spelling->dialect = DIALECT_PEFT_BLOCK;
	read_backend_key(&block, facts->settings[KEY_PEFT].value);
}
