/*
 * JSON Schema 2020-12 of the decisive keys in every dialect, from the tables. It accepts what the resolver's schema stage
 * accepts, also what that stage converts with a warning; what concerns several keys at once is the resolver's alone.
 */
#include "render/json_parts.h"
#include "render/render.h"
#include "resolve/backends.h"

/* What pydantic takes for booleans, numbers and positive integers where they come as text. */
#define BOOLEAN_TEXT                                                                               \
	"^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Tt]|[Yy]|1|1\\.0|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|[Ff]|[Nn]|0|0\\.0)$"
#define NUMBER_TEXT "^[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?$"
#define POSITIVE_TEXT "^0*[1-9][0-9]{0,17}$"

/* An object that holds one list or string: {"type":["string","null"]} … */
static void put_types(struct json *json, const char *const *types)
{
	json_key(json, "type");
	json_open(json, '[');
	for (; *types; types++)
		json_string(json, *types);
	json_close(json, ']');
}

static void put_string_entry(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

static void open_list(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '[');
}

static void open_object(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '{');
}

/* {"type":"string","pattern":…} */
static void put_text_form(struct json *json, const char *pattern)
{
	json_open(json, '{');
	put_string_entry(json, "type", "string");
	put_string_entry(json, "pattern", pattern);
	json_close(json, '}');
}

/* {"type":[…]} as an alternative */
static void put_type_form(struct json *json, const char *const *types)
{
	json_open(json, '{');
	put_types(json, types);
	json_close(json, '}');
}

static void put_boolean(struct json *json)
{
	static const char *const types[] = { "boolean", "null", NULL };
	open_list(json, "anyOf");
	put_type_form(json, types);
	json_open(json, '{');
	open_list(json, "enum");
	json_unsigned(json, 0);
	json_unsigned(json, 1);
	json_close(json, ']');
	json_close(json, '}');
	put_text_form(json, BOOLEAN_TEXT);
	json_close(json, ']');
}

static void put_number(struct json *json)
{
	static const char *const types[] = { "number", "null", NULL };
	open_list(json, "anyOf");
	put_type_form(json, types);
	put_text_form(json, NUMBER_TEXT);
	json_close(json, ']');
}

static void put_choices(struct json *json, const char *const *choices)
{
	open_list(json, "enum");
	for (size_t i = 0; i < 4 && choices[i]; i++) {
		if (choices[i][0] >= '0' && choices[i][0] <= '9')
			json_raw(json, text_of(choices[i]));
		json_string(json, choices[i]);
	}
	json_null(json);
	json_close(json, ']');
}

/* The types of the kinds that JSON Schema can say by type alone. */
static const char *const *plain_types(enum key_type type)
{
	static const char *const string[] = { "string", "null", NULL };
	static const char *const mapping[] = { "object", "null", NULL };
	static const char *const list[] = { "array", "null", NULL };
	static const char *const string_or_list[] = { "string", "array", "null", NULL };
	switch (type) {
	case KEY_TYPE_STRING:
		return string;
	case KEY_TYPE_MAPPING:
		return mapping;
	case KEY_TYPE_LIST:
		return list;
	case KEY_TYPE_STRING_OR_LIST:
		return string_or_list;
	default:
		return NULL;
	}
}

static void put_type(struct json *json, const struct key_row *row)
{
	const char *const *types = plain_types(row->type);
	if (types)
		put_types(json, types);
	else if (row->type == KEY_TYPE_BOOLEAN)
		put_boolean(json);
	else if (row->type == KEY_TYPE_NUMBER)
		put_number(json);
	else if (row->type == KEY_TYPE_CHOICE)
		put_choices(json, row->choices);
}

static void put_dtypes(struct json *json, enum backend backend)
{
	open_object(json, "weight_dtype");
	open_list(json, "enum");
	for (size_t i = 0; i < installed_row_count; i++)
		if (installed_rows[i].backend == backend && installed_rows[i].dtype)
			json_string(json, dtype_names[installed_rows[i].dtype]);
	/* Known only to be refused by name, when the checkpoint is loaded. */
	if (backend == BACKEND_TORCHAO)
		json_string(json, dtype_names[DTYPE_MXFP4]);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_group_size(struct json *json)
{
	open_object(json, "group_size");
	open_list(json, "anyOf");
	json_open(json, '{');
	put_string_entry(json, "type", "null");
	json_close(json, '}');
	json_open(json, '{');
	put_string_entry(json, "type", "integer");
	json_key(json, "minimum");
	json_unsigned(json, 1);
	json_close(json, '}');
	put_text_form(json, POSITIVE_TEXT);
	json_close(json, ']');
	json_close(json, '}');
}

/* nvfp4 has groups of 16 by definition. */
static void put_nvfp4_groups(struct json *json)
{
	open_object(json, "if");
	open_object(json, "properties");
	open_object(json, "weight_dtype");
	put_string_entry(json, "const", "nvfp4");
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, '}');
	open_object(json, "then");
	open_object(json, "properties");
	open_object(json, "group_size");
	open_list(json, "enum");
	json_unsigned(json, 16);
	json_string(json, "16");
	json_null(json);
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, '}');
}

/* What a backend's mapping holds; `flat` adds the backend's own name. */
static void put_body(struct json *json, enum backend backend)
{
	static const char *const mapping[] = { "object", "null", NULL };
	const struct backend_row *row = &backends[backend];
	open_object(json, "properties");
	if (row->takes_dtype)
		put_dtypes(json, backend);
	if (row->takes_group_size)
		put_group_size(json);
	if (row->takes_config_kwargs) {
		open_object(json, "config_kwargs");
		put_types(json, mapping);
		json_close(json, '}');
	}
	json_close(json, '}');
	if (row->takes_dtype) {
		open_list(json, "required");
		json_string(json, "weight_dtype");
		json_close(json, ']');
	}
	if (row->takes_group_size)
		put_nvfp4_groups(json);
}

/* One definition a backend: "bnb", "torchao", … */
static void put_definitions(struct json *json)
{
	open_object(json, "$defs");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++) {
		open_object(json, backends[i].name);
		put_string_entry(json, "description", backends[i].summary);
		put_string_entry(json, "type", "object");
		put_body(json, (enum backend)i);
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void put_reference(struct json *json, const char *backend)
{
	json_open(json, '{');
	json_key(json, "$ref");
	json_text(json, arena_printf(json->out->arena, "#/$defs/%s", backend));
	json_close(json, '}');
}

/* {"required":["bnb"],"properties":{"bnb":{"$ref":…},"torchao":{"type":"null"},…}} */
static void put_nested_choice(struct json *json, int chosen)
{
	json_open(json, '{');
	put_string_entry(json, "type", "object");
	open_list(json, "required");
	json_string(json, backends[chosen].name);
	json_close(json, ']');
	open_object(json, "properties");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++) {
		json_key(json, backends[i].name);
		if (i == chosen) {
			put_reference(json, backends[i].name);
			continue;
		}
		json_open(json, '{');
		put_string_entry(json, "type", "null");
		json_close(json, '}');
	}
	json_key(json, "backend");
	json_boolean(json, false);
	json_close(json, '}');
	json_close(json, '}');
}

/* {"required":["backend"],"properties":{"backend":{"const":…}},"allOf":[{"$ref":…}]}, beside no nested member */
static void put_flat_choice(struct json *json, int chosen, bool nested_beside)
{
	json_open(json, '{');
	put_string_entry(json, "type", "object");
	open_list(json, "required");
	json_string(json, "backend");
	json_close(json, ']');
	open_object(json, "properties");
	open_object(json, "backend");
	put_string_entry(json, "const", backends[chosen].name);
	json_close(json, '}');
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT && !nested_beside; i++) {
		open_object(json, backends[i].name);
		put_string_entry(json, "type", "null");
		json_close(json, '}');
	}
	json_close(json, '}');
	open_list(json, "allOf");
	put_reference(json, backends[chosen].name);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_class_names(struct json *json)
{
	json_open(json, '{');
	json_key(json, "deprecated");
	json_boolean(json, true);
	open_list(json, "enum");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].quant_class)
			json_string(json, backends[i].quant_class);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_model_quantization_config(struct json *json)
{
	open_list(json, "anyOf");
	json_open(json, '{');
	put_string_entry(json, "type", "null");
	json_close(json, '}');
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		put_nested_choice(json, i);
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		put_flat_choice(json, i, false);
	put_class_names(json);
	json_close(json, ']');
}

/* A member that is missing or null. */
static void put_unset_members(struct json *json, const char *const *names)
{
	json_open(json, '{');
	open_object(json, "properties");
	for (; *names; names++) {
		open_object(json, *names);
		put_string_entry(json, "type", "null");
		json_close(json, '}');
	}
	json_close(json, '}');
	json_close(json, '}');
}

/* The former block: all three keys unset, or one of the two backends that take a dtype, with fp8's other names. */
static void put_peft(struct json *json)
{
	static const char *const mine[] = { "backend", "weight_dtype", "group_size", NULL };
	static const char *const fp8_names[] = { "float8", "float8_e4m3fn" };
	open_list(json, "anyOf");
	put_unset_members(json, mine);
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].takes_dtype)
			put_flat_choice(json, i, true);
	json_open(json, '{');
	open_list(json, "required");
	json_string(json, "backend");
	json_string(json, "weight_dtype");
	json_close(json, ']');
	open_object(json, "properties");
	open_object(json, "backend");
	put_string_entry(json, "const", backends[BACKEND_TORCHAO].name);
	json_close(json, '}');
	open_object(json, "weight_dtype");
	open_list(json, "enum");
	json_string(json, fp8_names[0]);
	json_string(json, fp8_names[1]);
	json_close(json, ']');
	json_close(json, '}');
	put_group_size(json);
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, ']');
}

static bool is_deprecated(enum key key)
{
	return key == KEY_LOAD_IN_4BIT || key == KEY_LOAD_IN_8BIT || key == KEY_NF4_BACKEND ||
	       key == KEY_MODEL_QUANTIZATION_CONFIG_KWARGS;
}

static void put_members(struct json *json, enum key parent);

static void put_nf4_backends(struct json *json)
{
	open_list(json, "enum");
	json_string(json, "bitsandbytes");
	json_string(json, "torchao");
	json_null(json);
	json_close(json, ']');
}

static void put_key(struct json *json, enum key key, const char *name)
{
	open_object(json, name);
	put_string_entry(json, "description", keys[key].summary);
	if (is_deprecated(key)) {
		json_key(json, "deprecated");
		json_boolean(json, true);
	}
	if (key == KEY_NF4_BACKEND)
		put_nf4_backends(json);
	else if (key == KEY_MODEL_QUANTIZATION_CONFIG)
		put_model_quantization_config(json);
	else
		put_type(json, &keys[key]);
	if (key == KEY_FSDP_CONFIG)
		put_members(json, key);
	if (key == KEY_PEFT)
		put_peft(json);
	json_close(json, '}');
}

static void put_members(struct json *json, enum key parent)
{
	open_object(json, "properties");
	for (int i = KEY_NONE + 1; i < KEY_BASE_QUANTIZATION; i++) {
		if (keys[i].parent != parent)
			continue;
		put_key(json, (enum key)i, keys[i].name);
		if (keys[i].alias)
			put_key(json, (enum key)i, keys[i].alias);
	}
	json_close(json, '}');
}

void render_schema_json(struct buffer *out)
{
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	put_string_entry(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_string_entry(
		&json, "title", "Axolotl config: the keys that decide the base quantization");
	put_string_entry(&json, "type", "object");
	put_members(&json, KEY_NONE);
	put_definitions(&json);
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}
