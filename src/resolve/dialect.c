/* Which spellings of a base quantization stand here, and what they add up to. */
#include "resolve/fix.h"
#include "resolve/resolver.h"

#include "schema/suggestion.h"

/* The same library in other letters, or by the name that model_quantization_config has for it. */
static const char *nf4_backend_meant(struct text written)
{
	static const char *const names[] = { "bitsandbytes", "torchao" };
	if (text_is(written, backends[BACKEND_BNB].name))
		return names[0];
	return suggestion_nearest(written, names, 2);
}

static void judge_nf4_backend(struct resolver *resolver)
{
	struct facts *facts = &resolver->facts;
	const struct setting *setting = &facts->settings[KEY_NF4_BACKEND];
	if (setting->state != SETTING_SET || text_is(setting->text, "torchao") ||
		text_is(setting->text, "bitsandbytes"))
		return;
	const struct word words[] = {
		{ "value", value_words(resolver->arena, setting->value) },
		{ NULL, TEXT("") },
	};
	struct place place = {
		.path = key_path(resolver->arena, facts, KEY_NF4_BACKEND),
		.member = setting->member,
	};
	struct diagnostic *diagnostic = report(resolver, "nf4-backend-unknown", words, &place, 1);
	const char *meant = nf4_backend_meant(setting->text);
	if (meant)
		fix_respell(resolver, diagnostic, setting->member, meant);
	facts->faulty[KEY_NF4_BACKEND] = true;
}

static void add_flags(struct facts *facts)
{
	struct base_quantization *base = &facts->base;
	bool four = is_true(facts, KEY_LOAD_IN_4BIT);
	bool eight = is_true(facts, KEY_LOAD_IN_8BIT);
	bool qlora = says(facts, KEY_ADAPTER, "qlora");
	if (four || eight || qlora)
		base->flags = (struct base_spelling){
			.dialect = DIALECT_FLAGS,
			.backend = BACKEND_BNB,
			.dtype = four || qlora ? DTYPE_NF4 : DTYPE_INT8,
		};
	base->nf4_backend =
		four && qlora && is_set(facts, KEY_NF4_BACKEND) && !facts->faulty[KEY_NF4_BACKEND];
	if (base->nf4_backend && says(facts, KEY_NF4_BACKEND, "torchao"))
		base->flags.backend = BACKEND_TORCHAO;
}

const struct base_spelling *base_decisive(const struct base_quantization *base)
{
	if (base->structured.dialect != DIALECT_NONE)
		return &base->structured;
	return base->peft.dialect != DIALECT_NONE ? &base->peft : &base->flags;
}

static bool base_faulty(const struct facts *facts)
{
	static const enum key parts[] = { KEY_ADAPTER, KEY_LOAD_IN_4BIT, KEY_LOAD_IN_8BIT,
		KEY_MODEL_QUANTIZATION_CONFIG, KEY_MODEL_QUANTIZATION_CONFIG_KWARGS,
		KEY_NF4_BACKEND, KEY_PEFT };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (facts->faulty[parts[i]])
			return true;
	return facts->base.structured.faulty || facts->base.peft.faulty;
}

/* From the single spellings to what they add up to. */
static void add_up(struct facts *facts)
{
	struct base_quantization *base = &facts->base;
	add_flags(facts);
	const struct base_spelling *spelling = base_decisive(base);
	base->dialect = spelling->dialect;
	base->backend = spelling->backend;
	base->dtype = spelling->dtype;
	base->row = installed_find(base->backend, base->dtype);
	base->group_size_set = spelling->group_size != NULL;
	base->group_size = spelling->group_size_value;
	if (spelling->faulty)
		base->dialect = DIALECT_NONE;
	facts->faulty[KEY_BASE_QUANTIZATION] = base_faulty(facts);
}

void dialect_read(struct resolver *resolver)
{
	struct base_quantization *base = &resolver->facts.base;
	block_read_structured(resolver, &base->structured);
	block_read_peft(resolver, &base->peft);
	judge_nf4_backend(resolver);
	add_up(&resolver->facts);
}

struct facts dialect_with_adapter(const struct facts *facts, const char *adapter)
{
	struct facts tried = *facts;
	tried.settings[KEY_ADAPTER].text = text_of(adapter);
	tried.base.flags = (struct base_spelling){ .dialect = DIALECT_NONE };
	add_up(&tried);
	return tried;
}

static enum dialect dialect_at(const struct facts *facts, const struct member *member)
{
	const struct setting *settings = facts->settings;
	if (member == settings[KEY_MODEL_QUANTIZATION_CONFIG].member)
		return facts->base.structured.dialect;
	if (member == settings[KEY_PEFT].member)
		return facts->base.peft.dialect;
	bool flag =
		(member == settings[KEY_ADAPTER].member && says(facts, KEY_ADAPTER, "qlora")) ||
		(member == settings[KEY_LOAD_IN_4BIT].member && is_true(facts, KEY_LOAD_IN_4BIT)) ||
		(member == settings[KEY_LOAD_IN_8BIT].member && is_true(facts, KEY_LOAD_IN_8BIT));
	return flag ? DIALECT_FLAGS : DIALECT_NONE;
}

void dialect_list(const struct resolver *resolver, struct resolution *resolution)
{
	const struct node *root = resolver->root;
	bool seen[DIALECT_COUNT] = { [DIALECT_NONE] = true };
	for (uint32_t i = 0; i < root->count; i++) {
		enum dialect dialect = dialect_at(&resolver->facts, &root->members[i]);
		if (seen[dialect])
			continue;
		seen[dialect] = true;
		resolution->dialects[resolution->dialect_count++] = dialect_name(dialect);
	}
}
