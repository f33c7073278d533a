#include "render/json_parts.h"
#include "render/render.h"
#include "resolve/backends.h"
#include "resolve/registry.h"

static void put_severity(struct json *json, const struct rule *rule)
{
	json_key(json, "severity");
	json_open(json, '{');
	for (int i = 0; i < TARGET_COUNT; i++) {
		json_key(json, target_name((enum target)i));
		json_string(json, severity_name(rule->severity[i]));
	}
	json_close(json, '}');
}

static void put_example(
	struct json *json, const char *name, const char *config, const char *checkpoint)
{
	json_key(json, name);
	if (!config) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key(json, "config");
	json_string(json, config);
	json_key(json, "checkpoint");
	json_string(json, checkpoint);
	json_close(json, '}');
}

/* "peft.backend" for a member. */
static void put_key_name(struct json *json, const struct key_row *row)
{
	struct arena *arena = json->out->arena;
	if (row->parent == KEY_NONE)
		json_string(json, row->name);
	else
		json_text(json, arena_printf(arena, "%s.%s", keys[row->parent].name, row->name));
}

static void put_rule(struct json *json, const struct rule *rule)
{
	json_open(json, '{');
	json_key(json, "id");
	json_string(json, rule->id);
	json_key(json, "stage");
	json_string(json, stage_name(rule->stage));
	put_severity(json, rule);
	json_key(json, "summary");
	json_string(json, rule->summary);
	json_key(json, "message");
	json_string(json, rule->message);
	json_key(json, "remedy");
	json_string(json, rule_advice(rule));
	json_key(json, "why");
	json_string(json, rule->why);
	json_key(json, "reads");
	json_open(json, '[');
	for (int i = 0; i < RULE_READS_MAXIMUM && rule->reads[i] != KEY_NONE; i++)
		put_key_name(json, &keys[rule->reads[i]]);
	json_close(json, ']');
	json_key(json, "examples_target");
	json_string(json, target_name(rule->target));
	put_example(json, "bad", rule->bad, rule->bad_checkpoint);
	put_example(json, "good", rule->good, rule->good_checkpoint);
	json_close(json, '}');
}

void render_rule_json(struct buffer *out, const struct rule *rule)
{
	struct json json;
	json_begin(&json, out);
	put_rule(&json, rule);
	buffer_add_byte(out, '\n');
}

void render_rules_json(struct buffer *out)
{
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	json_key(&json, "rules");
	json_open(&json, '[');
	for (size_t i = 0; i < registry_count(); i++)
		put_rule(&json, registry_at(i));
	json_close(&json, ']');
	json_key(&json, "digest");
	json_text(
		&json, arena_printf(out->arena, "%016llx", (unsigned long long)registry_digest()));
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}

static void put_installed(struct json *json, const struct installed_row *row)
{
	json_open(json, '{');
	json_key(json, "weight_dtype");
	json_string(json, row->dtype ? dtype_names[row->dtype] : NULL);
	json_key(json, "adapter");
	json_string(json, row->adapter);
	json_key(json, "installed");
	json_string(json, row->installed);
	json_key(json, "quant_type");
	json_string(json, row->quant_type);
	json_key(json, "weight_bits");
	json_raw(json, text_of(row->bits));
	json_key(json, "group_size");
	json_raw_or_null(json, text_of(row->group_size));
	json_key(json, "load_in_4bit");
	json_boolean(json, row->load_in_4bit);
	json_key(json, "load_in_8bit");
	json_boolean(json, row->load_in_8bit);
	json_key(json, "lora_layer");
	json_string(json, row->lora_layer);
	json_close(json, '}');
}

static void put_backend(struct json *json, enum backend backend)
{
	const struct backend_row *row = &backends[backend];
	json_open(json, '{');
	json_key(json, "name");
	json_string(json, row->name);
	json_key(json, "summary");
	json_string(json, row->summary);
	json_key(json, "quant_method");
	json_string(json, row->quant_method);
	json_key(json, "class");
	json_string(json, row->class);
	json_key(json, "takes");
	json_open(json, '[');
	if (row->takes_dtype)
		json_string(json, "weight_dtype");
	if (row->takes_group_size)
		json_string(json, "group_size");
	if (row->takes_config_kwargs)
		json_string(json, "config_kwargs");
	json_close(json, ']');
	json_key(json, "choices");
	json_open(json, '[');
	for (size_t i = 0; i < installed_row_count; i++)
		if (installed_rows[i].backend == backend)
			put_installed(json, &installed_rows[i]);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_spellings(struct json *json, const struct method_row *row)
{
	json_key(json, "spellings");
	json_open(json, '[');
	for (int i = 0; i < METHOD_SPELLINGS && row->spellings[i].name; i++) {
		json_open(json, '{');
		json_key(json, "name");
		json_string(json, row->spellings[i].name);
		json_known_to(json, row->spellings[i].known_to);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_method(struct json *json, const struct method_row *row)
{
	json_open(json, '{');
	json_key(json, "name");
	json_string(json, row->name);
	json_key(json, "summary");
	json_string(json, row->summary);
	json_key(json, "class");
	json_string(json, row->config_class);
	json_known_to(json, row->known_to);
	put_spellings(json, row);
	json_key(json, "trainable_with_adapter");
	if (row->trainable == TRAINABLE_YES || row->trainable == TRAINABLE_NO)
		json_boolean(json, row->trainable == TRAINABLE_YES);
	else
		json_null(json);
	json_key(json, "overridable");
	json_open(json, '[');
	for (int i = 0; i < METHOD_OVERRIDABLE && row->overridable[i]; i++)
		json_string(json, row->overridable[i]);
	json_close(json, ']');
	json_key(json, "loading");
	json_string(json, row->loading);
	json_close(json, '}');
}

void render_backends_json(struct buffer *out)
{
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	json_key(&json, "backends");
	json_open(&json, '[');
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		put_backend(&json, (enum backend)i);
	json_close(&json, ']');
	json_key(&json, "methods");
	json_open(&json, '[');
	for (size_t i = 0; i < method_row_count; i++)
		put_method(&json, &method_rows[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}
