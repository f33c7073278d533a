/* What stands inside a backend's mapping: weight_dtype, group_size, config_kwargs. */
#include "resolve/block.h"

#include "base/buffer.h"
#include "schema/suggestion.h"

static const struct key_row dtype_value = { .type = KEY_TYPE_STRING, .expects = "a weight dtype" };
static const struct key_row kwargs_value = { .type = KEY_TYPE_MAPPING, .expects = "a mapping" };

/* Names of fp8 that the peft block also took. */
static const char *const fp8_names[] = { "float8", "float8_e4m3fn" };

struct diagnostic *block_say(const struct block *block, const char *rule, const struct word *words,
	struct text path, const struct member *member)
{
	struct place place = { .path = path, .member = member };
	block->spelling->faulty |=
		registry_get(rule)->severity[block->resolver->request->target] == SEVERITY_ERROR;
	return report(block->resolver, rule, words, &place, 1);
}

struct text block_path_below(const struct block *block, const struct member *member)
{
	return pointer_join(block->resolver->arena, block->path, member->key);
}

struct text block_name_below(const struct block *block, const struct member *member)
{
	return arena_printf(block->resolver->arena, "%.*s.%.*s", TEXT_ARGUMENTS(block->name),
		TEXT_ARGUMENTS(member->key));
}

/* A typed member; not SET after a fault or for null. */
struct setting block_member(
	const struct block *block, const struct member *member, const struct key_row *row)
{
	struct setting setting = setting_read(block->resolver, member,
		block_path_below(block, member), block_name_below(block, member), row);
	block->spelling->faulty |= setting.state == SETTING_FAULTY;
	return setting;
}

static struct text dtypes_of(struct arena *arena, enum backend backend)
{
	struct buffer out;
	buffer_init(&out, arena, 64);
	for (size_t i = 0; i < installed_row_count; i++)
		if (installed_rows[i].backend == backend && installed_rows[i].dtype)
			buffer_printf(&out, "%s%s", out.length > 0 ? ", " : "",
				dtype_names[installed_rows[i].dtype]);
	return buffer_text(&out);
}

/* A name written in other letters, or another name of fp8. */
static enum dtype dtype_meant(struct text written)
{
	if (text_equal_nocase(written, TEXT("float8")) || text_starts_with(written, "float8_"))
		return DTYPE_FP8;
	for (int i = DTYPE_NONE + 1; i < DTYPE_COUNT; i++)
		if (text_equal_nocase(written, text_of(dtype_names[i])))
			return (enum dtype)i;
	return DTYPE_NONE;
}

/* " (torchao has int4)": where a dtype that this backend lacks is to be had. */
static struct text elsewhere(struct arena *arena, enum dtype dtype, struct text written)
{
	enum dtype meant = dtype_meant(written);
	if (!dtype && meant)
		return arena_printf(arena, " (the name is %s)", dtype_names[meant]);
	if (dtype == DTYPE_MXFP4)
		return TEXT(" (mxfp4 is a backend of its own)");
	for (size_t i = 0; i < installed_row_count && dtype; i++)
		if (installed_rows[i].dtype == dtype)
			return arena_printf(arena, " (%s has %s)",
				backends[installed_rows[i].backend].name, dtype_names[dtype]);
	return TEXT("");
}

static enum dtype dtype_written(const struct block *block, struct text written)
{
	for (size_t i = 0; i < 2 && block->spelling->dialect == DIALECT_PEFT_BLOCK; i++)
		if (text_is(written, fp8_names[i]))
			return DTYPE_FP8;
	return dtype_from_name(written);
}

static void read_dtype(const struct block *block, const struct member *member)
{
	struct base_spelling *spelling = block->spelling;
	struct setting setting = block_member(block, member, &dtype_value);
	if (setting.state != SETTING_SET)
		return;
	spelling->dtype_member = member;
	spelling->dtype = dtype_written(block, setting.text);
	bool refused_later = spelling->backend == BACKEND_TORCHAO && spelling->dtype == DTYPE_MXFP4;
	if (refused_later || installed_find(spelling->backend, spelling->dtype))
		return;
	struct arena *arena = block->resolver->arena;
	const struct word words[] = {
		{ "value", value_words(arena, member->value) },
		{ "backend", text_of(backends[spelling->backend].name) },
		{ "expected", dtypes_of(arena, spelling->backend) },
		{ "suggestion", elsewhere(arena, spelling->dtype, setting.text) },
		{ NULL, TEXT("") },
	};
	struct diagnostic *diagnostic = block_say(
		block, "weight-dtype-unknown", words, block_path_below(block, member), member);
	enum dtype meant = dtype_meant(setting.text);
	if (installed_find(spelling->backend, meant))
		fix_respell(block->resolver, diagnostic, member, dtype_names[meant]);
}

static struct diagnostic *say_group_size(
	const struct block *block, const char *rule, const char *expected, const char *effect)
{
	const struct member *member = block->spelling->group_member;
	enum dtype dtype = block->spelling->dtype;
	const struct word words[] = {
		{ "value", value_words(block->resolver->arena, member->value) },
		{ "dtype", text_of(dtype ? dtype_names[dtype] : "this dtype") },
		{ "expected", text_of(expected) },
		{ "effect", text_of(effect) },
		{ NULL, TEXT("") },
	};
	return block_say(block, rule, words, block_path_below(block, member), member);
}

static void judge_group_size(const struct block *block, int64_t size)
{
	struct resolver *resolver = block->resolver;
	const struct member *member = block->spelling->group_member;
	switch (block->spelling->dtype) {
	case DTYPE_NVFP4:
		if (size != 16)
			fix_replace(resolver,
				say_group_size(block, "group-size-invalid", "16, or nothing", ""),
				member, TEXT("16"));
		break;
	case DTYPE_INT4:
		if (size != 32 && size != 64 && size != 128 && size != 256)
			say_group_size(block, "group-size-unusual", "32, 64, 128 or 256",
				"layers whose width it does not divide stay unquantized in "
				"silence");
		break;
	case DTYPE_NF4:
		if (size != 64)
			fix_replace(resolver,
				say_group_size(block, "group-size-unusual", "64",
					"torchao's NF4 class takes no such argument and uses "
					"blocks of 64"),
				member, TEXT("64"));
		break;
	case DTYPE_FP8:
		fix_remove(resolver, say_group_size(block, "group-size-ignored", "nothing", ""),
			block->spelling->body, member);
		break;
	default:
		break;
	}
}

/* A quoted integer is taken as pydantic takes it. */
static bool quoted_integer(const struct block *block, const struct node *value, int64_t *ret_size)
{
	struct node number = { .kind = NODE_INTEGER, .text = value->text };
	if (value->kind != NODE_STRING || value->text.length == 0 || value->text.length > 18)
		return false;
	for (size_t i = 0; i < value->text.length; i++)
		if (value->text.data[i] < '0' || value->text.data[i] > '9')
			return false;
	const struct member *member = block->spelling->group_member;
	const struct word words[] = {
		{ "key", block_name_below(block, member) },
		{ "value", value_words(block->resolver->arena, value) },
		{ "expected", TEXT("a positive integer") },
		{ "taken", value->text },
		{ "caution", TEXT("") },
		{ NULL, TEXT("") },
	};
	struct diagnostic *diagnostic =
		block_say(block, "coerced-type", words, block_path_below(block, member), member);
	if (value->text.data[0] != '0')
		fix_replace(block->resolver, diagnostic, member, value->text);
	return node_integer(&number, ret_size);
}

static void read_group_size(const struct block *block, const struct member *member)
{
	if (node_is_null(member->value))
		return;
	struct base_spelling *spelling = block->spelling;
	spelling->group_member = member;
	int64_t size;
	bool whole =
		node_integer(member->value, &size) || quoted_integer(block, member->value, &size);
	if (!whole || size <= 0) {
		say_group_size(block, "group-size-invalid", "a positive integer, or nothing", "");
		return;
	}
	spelling->group_size = member->value;
	spelling->group_size_value = size;
}

void block_say_unknown_key(
	const struct block *block, const struct node *body, const struct member *member)
{
	const struct backend_row *backend = &backends[block->spelling->backend];
	const char *takes[3] = { NULL };
	size_t count = 0;
	if (backend->takes_dtype)
		takes[count++] = "weight_dtype";
	if (backend->takes_group_size)
		takes[count++] = "group_size";
	if (backend->takes_config_kwargs)
		takes[count++] = "config_kwargs";
	struct arena *arena = block->resolver->arena;
	const char *nearest = suggestion_nearest(member->key, takes, count);
	const struct word words[] = {
		{ "key", member->key },
		{ "backend", text_of(backend->name) },
		{ "expected", arena_printf(arena, "%s%s%s", takes[0], count > 1 ? " and " : "",
				      count > 1 ? takes[1] : "") },
		{ "suggestion", nearest ? arena_printf(arena, "; %s was probably meant", nearest)
					: TEXT("") },
		{ NULL, TEXT("") },
	};
	struct diagnostic *diagnostic = block_say(
		block, "unknown-backend-key", words, block_path_below(block, member), member);
	if (nearest && body)
		fix_rename(block->resolver, diagnostic, body, member, nearest);
}

static bool part_of_frame(const struct block *block, struct text key)
{
	enum dialect dialect = block->spelling->dialect;
	if (dialect == DIALECT_FLAT)
		return text_is(key, "backend");
	return dialect == DIALECT_PEFT_BLOCK && !text_is(key, "group_size") &&
	       !text_is(key, "weight_dtype");
}

static void read_body_member(
	const struct block *block, const struct node *body, const struct member *member)
{
	const struct backend_row *backend = &backends[block->spelling->backend];
	if (part_of_frame(block, member->key))
		return;
	if (backend->takes_dtype && text_is(member->key, "weight_dtype")) {
		read_dtype(block, member);
	} else if (backend->takes_group_size && text_is(member->key, "group_size")) {
		read_group_size(block, member);
	} else if (backend->takes_config_kwargs && text_is(member->key, "config_kwargs")) {
		struct setting setting = block_member(block, member, &kwargs_value);
		if (setting.state == SETTING_SET)
			block->spelling->config_kwargs = setting.value;
	} else {
		block_say_unknown_key(block, body, member);
	}
}

void block_read_body(const struct block *block, const struct node *body)
{
	struct base_spelling *spelling = block->spelling;
	spelling->body = body;
	for (uint32_t i = 0; i < body->count; i++)
		read_body_member(block, body, &body->members[i]);
	if (spelling->group_size)
		judge_group_size(block, spelling->group_size_value);
	bool lacks = backends[spelling->backend].takes_dtype && !spelling->dtype_member;
	if (!lacks || spelling->faulty)
		return;
	const struct word words[] = {
		{ "backend", text_of(backends[spelling->backend].name) },
		{ "expected", dtypes_of(block->resolver->arena, spelling->backend) },
		{ NULL, TEXT("") },
	};
	block_say(block, "weight-dtype-missing", words, spelling->path, spelling->member);
}
