/* Members of the config to typed slots. Goes on after every fault. */
#include "resolve/fix.h"
#include "resolve/resolver.h"

#include "base/buffer.h"
#include "schema/suggestion.h"
#include "source/scalar.h"

struct boolean_word {
	const char *word;
	bool value;
};

/* What pydantic takes for a boolean besides booleans, in any case. */
static const struct boolean_word boolean_words[] = {
	{ "true", true },
	{ "yes", true },
	{ "on", true },
	{ "t", true },
	{ "y", true },
	{ "1", true },
	{ "false", false },
	{ "no", false },
	{ "off", false },
	{ "f", false },
	{ "n", false },
	{ "0", false },
	{ "1.0", true },
	{ "0.0", false },
};

static const struct boolean_word *boolean_word(const struct node *value)
{
	if (value->kind != NODE_STRING && value->kind != NODE_INTEGER && value->kind != NODE_FLOAT)
		return NULL;
	for (size_t i = 0; i < sizeof(boolean_words) / sizeof(boolean_words[0]); i++)
		if (text_equal_nocase(value->text, text_of(boolean_words[i].word)))
			return &boolean_words[i];
	return NULL;
}

struct reading {
	struct resolver *resolver;
	const struct member *member;
	struct text path;
	struct text name;
	const struct key_row *row;
};

static struct diagnostic *report_value(
	const struct reading *reading, const char *rule, const char *taken, const char *caution)
{
	const struct word words[] = {
		{ "key", reading->name },
		{ "value", value_words(reading->resolver->arena, reading->member->value) },
		{ "expected", text_of(reading->row->expects) },
		{ "taken", text_of(taken) },
		{ "caution", text_of(caution) },
		{ NULL, TEXT("") },
	};
	struct place place = { .path = reading->path, .member = reading->member };
	return report(reading->resolver, rule, words, &place, 1);
}

static void fault(const struct reading *reading, struct setting *setting)
{
	setting->state = SETTING_FAULTY;
	report_value(reading, "wrong-type", "", "");
}

/* What is `taken` could stand there itself. */
static void coerced(const struct reading *reading, const char *taken, const char *caution)
{
	struct diagnostic *diagnostic = report_value(reading, "coerced-type", taken, caution);
	fix_replace(reading->resolver, diagnostic, reading->member, text_of(taken));
}

static void coerced_number(const struct reading *reading)
{
	struct resolver *resolver = reading->resolver;
	struct diagnostic *diagnostic = report_value(reading, "coerced-type", "a number", "");
	struct text text = reading->member->value->text;
	struct node plain = { .kind = NODE_STRING };
	scalar_resolve(&plain, resolver->arena, text);
	bool same = text_equal(plain.text, text); /* `010` is octal without its quotes */
	if (same && (plain.kind == NODE_INTEGER || plain.kind == NODE_FLOAT))
		fix_replace(resolver, diagnostic, reading->member, text);
}

static void read_boolean(const struct reading *reading, struct setting *setting)
{
	const struct node *value = setting->value;
	if (value->kind == NODE_BOOLEAN) {
		setting->boolean = value->boolean;
		return;
	}
	const struct boolean_word *word = boolean_word(value);
	if (!word) {
		fault(reading, setting);
		return;
	}
	setting->boolean = word->value;
	bool reads_true = value->kind == NODE_STRING && !word->value;
	coerced(reading, word->value ? "true" : "false",
		reads_true
			? "; but Axolotl's own early checks look at the raw text and count every "
			  "non-empty string as true, so the two disagree"
			: "");
}

static void read_boolean_or_auto(struct setting *setting)
{
	const struct node *value = setting->value;
	setting->automatic = node_is_string(value, "auto");
	setting->boolean = value->kind == NODE_BOOLEAN && value->boolean;
}

static size_t digits(struct text *rest)
{
	size_t count = 0;
	while (count < rest->length && rest->data[count] >= '0' && rest->data[count] <= '9')
		count++;
	*rest = text_from(*rest, count);
	return count;
}

static void skip_sign(struct text *rest)
{
	if (text_starts_with(*rest, "-") || text_starts_with(*rest, "+"))
		*rest = text_from(*rest, 1);
}

/* What pydantic takes for a number where it comes as text; the JSON Schema has the same as a pattern. */
static bool looks_like_number(struct text text)
{
	static const char *const words[] = { "nan", "inf", "infinity" };
	struct text rest = text_trim(text);
	skip_sign(&rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_equal_nocase(rest, text_of(words[i])))
			return true;
	size_t count = digits(&rest);
	if (text_starts_with(rest, ".")) {
		rest = text_from(rest, 1);
		count += digits(&rest);
	}
	if (count == 0)
		return false;
	if (text_starts_with(rest, "e") || text_starts_with(rest, "E")) {
		rest = text_from(rest, 1);
		skip_sign(&rest);
		if (digits(&rest) == 0)
			return false;
	}
	return rest.length == 0;
}

static void read_number(const struct reading *reading, struct setting *setting)
{
	const struct node *value = setting->value;
	if (value->kind == NODE_INTEGER || value->kind == NODE_FLOAT)
		return;
	if (value->kind == NODE_STRING && looks_like_number(value->text))
		coerced_number(reading);
	else
		fault(reading, setting);
}

static void read_choice(const struct reading *reading, struct setting *setting)
{
	const struct node *value = setting->value;
	const char *const *choices = reading->row->choices;
	for (size_t i = 0; i < 4 && choices[i]; i++) {
		if (!text_is(value->text, choices[i]))
			continue;
		bool number = choices[i][0] >= '0' && choices[i][0] <= '9';
		if (number == (value->kind == NODE_INTEGER))
			return;
		if (value->kind == NODE_STRING) {
			coerced(reading, choices[i], "");
			return;
		}
	}
	fault(reading, setting);
}

static bool kind_fits(enum key_type type, enum node_kind kind)
{
	switch (type) {
	case KEY_TYPE_STRING:
		return kind == NODE_STRING;
	case KEY_TYPE_MAPPING:
		return kind == NODE_MAPPING;
	case KEY_TYPE_LIST:
		return kind == NODE_SEQUENCE;
	case KEY_TYPE_STRING_OR_LIST:
		return kind == NODE_STRING || kind == NODE_SEQUENCE;
	case KEY_TYPE_STRING_OR_MAPPING:
		return kind == NODE_STRING || kind == NODE_MAPPING;
	default:
		return true;
	}
}

/* A plain scalar of which PyYAML makes a date, and no string: quotes keep it one. */
static void date_fault(const struct reading *reading, struct setting *setting)
{
	struct arena *arena = reading->resolver->arena;
	struct text written = setting->value->written;
	setting->state = SETTING_FAULTY;
	fix_replace(reading->resolver, report_value(reading, "wrong-type", "", ""), reading->member,
		arena_printf(arena, "\"%.*s\"", TEXT_ARGUMENTS(written)));
}

static void read_typed(const struct reading *reading, struct setting *setting)
{
	switch (reading->row->type) {
	case KEY_TYPE_BOOLEAN:
		read_boolean(reading, setting);
		break;
	case KEY_TYPE_BOOLEAN_OR_AUTO:
		read_boolean_or_auto(setting);
		break;
	case KEY_TYPE_NUMBER:
		read_number(reading, setting);
		break;
	case KEY_TYPE_CHOICE:
		read_choice(reading, setting);
		break;
	default:
		if (!kind_fits(reading->row->type, setting->value->kind))
			fault(reading, setting);
		else if (scalar_is_date(setting->value))
			date_fault(reading, setting);
	}
}

struct setting setting_read(struct resolver *resolver, const struct member *member,
	struct text path, struct text name, const struct key_row *row)
{
	struct setting setting = {
		.state = node_is_null(member->value) ? SETTING_NULL : SETTING_SET,
		.value = member->value,
		.member = member,
		.text = member->value->text,
	};
	struct reading reading = {
		.resolver = resolver,
		.member = member,
		.path = path,
		.name = name,
		.row = row,
	};
	if (setting.state == SETTING_SET)
		read_typed(&reading, &setting);
	return setting;
}

static void store(struct resolver *resolver, enum key key, const struct member *member)
{
	struct facts *facts = &resolver->facts;
	enum key parent = keys[key].parent;
	struct text path = parent ? key_path(resolver->arena, facts, parent) : TEXT("");
	path = pointer_join(resolver->arena, path, member->key);
	struct text name = member->key;
	if (parent)
		name = arena_printf(
			resolver->arena, "%s.%.*s", keys[parent].name, TEXT_ARGUMENTS(member->key));
	facts->settings[key] = setting_read(resolver, member, path, name, &keys[key]);
	if (facts->settings[key].state == SETTING_FAULTY)
		facts->faulty[key] = true;
}

/* As it stands, without a word; a key that decides nothing takes anything. */
static bool would_take(const struct key_row *row, const struct node *value)
{
	switch (row->type) {
	case KEY_TYPE_BOOLEAN:
		return value->kind == NODE_BOOLEAN || value->kind == NODE_NULL;
	case KEY_TYPE_NUMBER:
		return value->kind == NODE_INTEGER || value->kind == NODE_FLOAT ||
		       value->kind == NODE_NULL;
	case KEY_TYPE_CHOICE:
		for (size_t i = 0; i < 4 && row->choices[i]; i++)
			if (text_is(value->text, row->choices[i]))
				return true;
		return value->kind == NODE_NULL;
	default:
		return value->kind == NODE_NULL || kind_fits(row->type, value->kind);
	}
}

static bool name_takes(const char *name, const struct node *value)
{
	struct text text = text_of(name);
	const struct known_key *known = known_key_find(text, text_hash(text));
	return !known || would_take(&keys[known->key], value);
}

static void report_misspelled(struct resolver *resolver, const struct member *member)
{
	if (!resolver->known_letters)
		resolver->known_letters = ARENA_ARRAY(resolver->arena, uint64_t, known_key_count);
	const char *nearest = resolver->known_letters
				      ? known_key_nearest(member->key, resolver->known_letters)
				      : NULL;
	if (!nearest)
		return;
	const struct word words[] = {
		{ "key", member->key },
		{ "suggestion", text_of(nearest) },
		{ NULL, TEXT("") },
	};
	struct place place = {
		.path = pointer_join(resolver->arena, TEXT(""), member->key),
		.member = member,
	};
	struct diagnostic *diagnostic = report(resolver, "misspelled-key", words, &place, 1);
	if (diagnostic && name_takes(nearest, member->value))
		fix_rename(resolver, diagnostic, resolver->root, member, nearest);
}

/* The first spelling of a key that has two wins where both stand; the later one must not erase it by null. */
static bool taken(const struct facts *facts, enum key key)
{
	return facts->settings[key].member && facts->settings[key].state != SETTING_NULL;
}

static void read_members_of(struct resolver *resolver, enum key parent)
{
	const struct setting *above = &resolver->facts.settings[parent];
	if (above->state != SETTING_SET || above->value->kind != NODE_MAPPING)
		return;
	for (int key = KEY_NONE + 1; key < KEY_COUNT; key++) {
		if (keys[key].parent != parent)
			continue;
		const struct node *mapping = above->value;
		const struct member *member = node_member(mapping, text_of(keys[key].name));
		if ((!member || node_is_null(member->value)) && keys[key].alias)
			member = node_member(mapping, text_of(keys[key].alias));
		if (member)
			store(resolver, (enum key)key, member);
	}
}

static bool is_of_envelope(struct text key)
{
	return text_is(key, "config") || text_is(key, "checkpoint") || text_is(key, "options");
}

/* That came as YAML, so that nobody has opened it. */
static void report_envelope(struct resolver *resolver)
{
	const struct node *root = resolver->root;
	const struct member *config = node_member(root, TEXT("config"));
	if (!config || (config->value->kind != NODE_STRING && config->value->kind != NODE_MAPPING))
		return;
	for (uint32_t i = 0; i < root->count; i++)
		if (!is_of_envelope(root->members[i].key))
			return;
	const struct place place = { .path = TEXT("/config"), .member = config };
	report(resolver, "config-in-envelope", NULL, &place, 1);
}

void settings_read(struct resolver *resolver)
{
	const struct node *root = resolver->root;
	for (uint32_t i = 0; i < root->count; i++) {
		const struct member *member = &root->members[i];
		const struct known_key *known = known_key_find(member->key, member->hash);
		if (!known)
			report_misspelled(resolver, member);
		else if (known->key != KEY_NONE && !taken(&resolver->facts, known->key))
			store(resolver, known->key, member);
	}
	read_members_of(resolver, KEY_PEFT);
	read_members_of(resolver, KEY_FSDP_CONFIG);
	report_envelope(resolver);
}
