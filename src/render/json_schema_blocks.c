/* The forms of the base quantization in the JSON Schema: one definition a backend, and the frames around them. */
#include "render/json_schema.h"
#include "resolve/backends.h"

#define POSITIVE_TEXT "^0*[1-9][0-9]{0,17}$"

static void put_dtypes(struct json *json, enum backend backend)
{
	schema_open_object(json, "weight_dtype");
	schema_open_list(json, "enum");
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
	schema_open_object(json, "group_size");
	schema_open_list(json, "anyOf");
	json_open(json, '{');
	schema_put_string_entry(json, "type", "null");
	json_close(json, '}');
	json_open(json, '{');
	schema_put_string_entry(json, "type", "integer");
	json_key(json, "minimum");
	json_unsigned(json, 1);
	json_close(json, '}');
	schema_put_text_form(json, POSITIVE_TEXT);
	json_close(json, ']');
	json_close(json, '}');
}

/* nvfp4 has groups of 16 by definition. */
static void put_nvfp4_groups(struct json *json)
{
	schema_open_object(json, "if");
	schema_open_object(json, "properties");
	schema_open_object(json, "weight_dtype");
	schema_put_string_entry(json, "const", "nvfp4");
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, '}');
	schema_open_object(json, "then");
	schema_open_object(json, "properties");
	schema_open_object(json, "group_size");
	schema_open_list(json, "enum");
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
	schema_open_object(json, "properties");
	if (row->takes_dtype)
		put_dtypes(json, backend);
	if (row->takes_group_size)
		put_group_size(json);
	if (row->takes_config_kwargs) {
		schema_open_object(json, "config_kwargs");
		schema_put_types(json, mapping);
		json_close(json, '}');
	}
	json_close(json, '}');
	if (row->takes_dtype) {
		schema_open_list(json, "required");
		json_string(json, "weight_dtype");
		json_close(json, ']');
	}
	if (row->takes_group_size)
		put_nvfp4_groups(json);
}

/* One definition a backend: "bnb", "torchao", … */
void schema_put_definitions(struct json *json)
{
	schema_open_object(json, "$defs");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++) {
		schema_open_object(json, backends[i].name);
		schema_put_string_entry(json, "description", backends[i].summary);
		schema_put_string_entry(json, "type", "object");
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
	schema_put_string_entry(json, "type", "object");
	schema_open_list(json, "required");
	json_string(json, backends[chosen].name);
	json_close(json, ']');
	schema_open_object(json, "properties");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++) {
		json_key(json, backends[i].name);
		if (i == chosen) {
			put_reference(json, backends[i].name);
			continue;
		}
		json_open(json, '{');
		schema_put_string_entry(json, "type", "null");
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
	schema_put_string_entry(json, "type", "object");
	schema_open_list(json, "required");
	json_string(json, "backend");
	json_close(json, ']');
	schema_open_object(json, "properties");
	schema_open_object(json, "backend");
	schema_put_string_entry(json, "const", backends[chosen].name);
	json_close(json, '}');
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT && !nested_beside; i++) {
		schema_open_object(json, backends[i].name);
		schema_put_string_entry(json, "type", "null");
		json_close(json, '}');
	}
	json_close(json, '}');
	schema_open_list(json, "allOf");
	put_reference(json, backends[chosen].name);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_class_names(struct json *json)
{
	json_open(json, '{');
	json_key(json, "deprecated");
	json_boolean(json, true);
	schema_open_list(json, "enum");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].quant_class)
			json_string(json, backends[i].quant_class);
	json_close(json, ']');
	json_close(json, '}');
}

void schema_put_model_quantization_config(struct json *json)
{
	schema_open_list(json, "anyOf");
	json_open(json, '{');
	schema_put_string_entry(json, "type", "null");
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
	schema_open_object(json, "properties");
	for (; *names; names++) {
		schema_open_object(json, *names);
		schema_put_string_entry(json, "type", "null");
		json_close(json, '}');
	}
	json_close(json, '}');
	json_close(json, '}');
}

/* The former block: all three keys unset, or one of the two backends that take a dtype, with fp8's other names. */
void schema_put_peft(struct json *json)
{
	static const char *const mine[] = { "backend", "weight_dtype", "group_size", NULL };
	static const char *const fp8_names[] = { "float8", "float8_e4m3fn" };
	schema_open_list(json, "anyOf");
	put_unset_members(json, mine);
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		if (backends[i].takes_dtype)
			put_flat_choice(json, i, true);
	json_open(json, '{');
	schema_open_list(json, "required");
	json_string(json, "backend");
	json_string(json, "weight_dtype");
	json_close(json, ']');
	schema_open_object(json, "properties");
	schema_open_object(json, "backend");
	schema_put_string_entry(json, "const", backends[BACKEND_TORCHAO].name);
	json_close(json, '}');
	schema_open_object(json, "weight_dtype");
	schema_open_list(json, "enum");
	json_string(json, fp8_names[0]);
	json_string(json, fp8_names[1]);
	json_close(json, ']');
	json_close(json, '}');
	put_group_size(json);
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, ']');
}
