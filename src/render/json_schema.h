/* Pieces of a JSON Schema. Internal to json_schema.c and json_schema_blocks.c. */
#pragma once

#include "render/json_parts.h"

/* "type": [...], ended by NULL */
void schema_put_types(struct json *json, const char *const *types);
void schema_put_string_entry(struct json *json, const char *key, const char *value);
/* A key with an open list or object behind it. */
void schema_open_list(struct json *json, const char *key);
void schema_open_object(struct json *json, const char *key);
/* A string of that pattern, as an alternative. */
void schema_put_text_form(struct json *json, const char *pattern);

/* "$defs": one a backend */
void schema_put_definitions(struct json *json);
/* "anyOf" of everything that model_quantization_config may be. */
void schema_put_model_quantization_config(struct json *json);
/* "anyOf" of everything that the former block in peft may be. */
void schema_put_peft(struct json *json);
