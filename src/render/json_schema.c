/*
 * JSON Schema 2020-12 of the decisive keys in every dialect, from the tables. It accepts what the resolver's schema stage
 * accepts, also what that stage converts with a warning; what concerns several keys at once is the resolver's alone.
 */
#include "render/json_schema.h"
#include "render/render.h"

/* What pydantic takes for booleans, numbers and positive integers where they come as text. */
#define BOOLEAN_TEXT                                                                               \
	"^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Tt]|[Yy]|1|1\\.0|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|[Ff]|[Nn]|0|0\\.0)$"
#define NUMBER_TEXT                                                                                \
	"^[ \\t\\r\\n]*[-+]?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?|[Nn][Aa][Nn]|[Ii][Nn][Ff]([Ii][Nn][Ii][Tt][Yy])?)[ \\t\\r\\n]*$"

/* An object that holds one list or string: {"type":["string","null"]} … */
void schema_put_types(struct json *json, const char *const *types)
{
	json_key(json, "type");
	json_open(json, '[');
	for (; *types; types++)
		json_string(json, *types);
	json_close(json, ']');
}

void schema_put_string_entry(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

void schema_open_list(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '[');
}

void schema_open_object(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '{');
}

/* {"type":"string","pattern":…} */
void schema_put_text_form(struct json *json, const char *pattern)
{
	json_open(json, '{');
	schema_put_string_entry(json, "type", "string");
	schema_put_string_entry(json, "pattern", pattern);
	json_close(json, '}');
}

/* {"type":[…]} as an alternative */
static void put_type_form(struct json *json, const char *const *types)
{
	json_open(json, '{');
	schema_put_types(json, types);
	json_close(json, '}');
}

static void put_boolean(struct json *json)
{
	static const char *const types[] = { "boolean", "null", NULL };
	schema_open_list(json, "anyOf");
	put_type_form(json, types);
	json_open(json, '{');
	schema_open_list(json, "enum");
	json_unsigned(json, 0);
	json_unsigned(json, 1);
	json_close(json, ']');
	json_close(json, '}');
	schema_put_text_form(json, BOOLEAN_TEXT);
	json_close(json, ']');
}

static void put_number(struct json *json)
{
	static const char *const types[] = { "number", "null", NULL };
	schema_open_list(json, "anyOf");
	put_type_form(json, types);
	schema_put_text_form(json, NUMBER_TEXT);
	json_close(json, ']');
}

static void put_choices(struct json *json, const char *const *choices)
{
	schema_open_list(json, "enum");
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
		schema_put_types(json, types);
	else if (row->type == KEY_TYPE_BOOLEAN)
		put_boolean(json);
	else if (row->type == KEY_TYPE_NUMBER)
		put_number(json);
	else if (row->type == KEY_TYPE_CHOICE)
		put_choices(json, row->choices);
}

static bool is_deprecated(enum key key)
{
	return key == KEY_LOAD_IN_4BIT || key == KEY_LOAD_IN_8BIT || key == KEY_NF4_BACKEND ||
	       key == KEY_MODEL_QUANTIZATION_CONFIG_KWARGS;
}

static void put_members(struct json *json, enum key parent);

static void put_nf4_backends(struct json *json)
{
	schema_open_list(json, "enum");
	json_string(json, "bitsandbytes");
	json_string(json, "torchao");
	json_null(json);
	json_close(json, ']');
}

static void put_key(struct json *json, enum key key, const char *name)
{
	schema_open_object(json, name);
	schema_put_string_entry(json, "description", keys[key].summary);
	if (is_deprecated(key)) {
		json_key(json, "deprecated");
		json_boolean(json, true);
	}
	if (key == KEY_NF4_BACKEND)
		put_nf4_backends(json);
	else if (key == KEY_MODEL_QUANTIZATION_CONFIG)
		schema_put_model_quantization_config(json);
	else
		put_type(json, &keys[key]);
	if (key == KEY_FSDP_CONFIG)
		put_members(json, key);
	if (key == KEY_PEFT)
		schema_put_peft(json);
	json_close(json, '}');
}

static void put_members(struct json *json, enum key parent)
{
	schema_open_object(json, "properties");
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
	schema_put_string_entry(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
	schema_put_string_entry(
		&json, "title", "Axolotl config: the keys that decide the base quantization");
	schema_put_string_entry(&json, "type", "object");
	put_members(&json, KEY_NONE);
	schema_put_definitions(&json);
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}
