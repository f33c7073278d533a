#include "render/json_parts.h"
#include "render/render.h"

static const char *const sources[] = {
	[QUANTIZATION_NONE] = "none",
	[QUANTIZATION_CONFIG] = "config",
	[QUANTIZATION_CHECKPOINT] = "checkpoint",
};

static void put_installs(struct json *json, const struct effective *effective)
{
	json_key(json, "installs");
	if (!effective->installs_class) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key(json, "class");
	json_string(json, effective->installs_class);
	if (effective->quant_type_class) {
		json_key(json, "quant_type");
		json_open(json, '{');
		json_key(json, "class");
		json_string(json, effective->quant_type_class);
		json_key(json, "kwargs");
		json_node(json, effective->quant_type_kwargs);
		json_close(json, '}');
	} else {
		json_key(json, "kwargs");
		json_node(json, effective->installs_kwargs);
	}
	json_close(json, '}');
}

static void put_quantization(struct json *json, const struct effective *effective)
{
	json_key(json, "quantization");
	json_open(json, '{');
	json_key(json, "source");
	json_string(json, sources[effective->source]);
	json_key(json, "backend");
	json_string(json, effective->backend);
	json_key(json, "quant_method");
	json_text_or_null(json, effective->quant_method);
	json_key(json, "weight_dtype");
	json_text_or_null(json, effective->weight_dtype);
	json_key(json, "weight_bits");
	json_raw_or_null(json, effective->weight_bits);
	json_key(json, "group_size");
	json_raw_or_null(json, effective->group_size);
	put_installs(json, effective);
	json_close(json, '}');
}

static void put_effective(struct json *json, const struct effective *effective)
{
	json_key(json, "effective");
	if (!effective) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key(json, "adapter");
	json_text_or_null(json, effective->adapter);
	json_key(json, "load_in_4bit");
	json_boolean(json, effective->load_in_4bit);
	json_key(json, "load_in_8bit");
	json_boolean(json, effective->load_in_8bit);
	put_quantization(json, effective);
	json_key(json, "experts");
	json_string(json, effective->experts);
	json_key(json, "lora_layer");
	json_string(json, effective->lora_layer);
	json_key(json, "fsdp2_bnb_patches");
	json_string(json, effective->fsdp2_bnb_patches);
	json_key(json, "merge_method_required");
	json_string(json, effective->merge_method_required);
	json_close(json, '}');
}

static void put_patch(struct json *json, const struct patch_operation *patch)
{
	json_key(json, "patch");
	json_open(json, '[');
	for (; patch; patch = patch->next) {
		json_open(json, '{');
		json_key(json, "op");
		json_string(json, patch->op);
		json_key(json, "path");
		json_text(json, patch->path);
		if (patch->value) {
			json_key(json, "value");
			json_node(json, patch->value);
		}
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_included(struct json *json, const char *name, bool included, struct text text)
{
	if (!included)
		return;
	json_key(json, name);
	if (text.data)
		json_text(json, text);
	else
		json_null(json);
}

static void put_decision(struct json *json, const struct resolution *resolution)
{
	if (resolution->is_named) {
		json_key(json, "filename");
		json_text(json, resolution->filename);
	}
	json_key(json, "status");
	json_string(json, resolution->status == RESOLUTION_OK ? "ok" : "rejected");
	json_key(json, "target");
	json_string(json, target_name(resolution->target));
	json_key(json, "dialects");
	json_open(json, '[');
	for (size_t i = 0; i < resolution->dialect_count; i++)
		json_string(json, resolution->dialects[i]);
	json_close(json, ']');
	json_key(json, "canonical");
	json_node(json, resolution->canonical);
	put_effective(json, resolution->effective);
}

static void put_checkpoint(struct json *json, const struct resolution *resolution)
{
	json_key(json, "checkpoint");
	if (resolution->checkpoint)
		json_checkpoint(json, resolution->checkpoint, resolution->estimate,
			resolution->findings, resolution->finding_count,
			resolution->include_exclusions);
	else
		json_null(json);
}

void render_resolution_json(struct buffer *out, const struct resolution *resolution)
{
	const struct diagnostic *const *findings = resolution->findings;
	size_t count = resolution->finding_count;
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	put_decision(&json, resolution);
	put_checkpoint(&json, resolution);
	json_findings(&json, "errors", findings, count, SEVERITY_ERROR);
	json_findings(&json, "warnings", findings, count, SEVERITY_WARNING);
	json_findings(&json, "notes", findings, count, SEVERITY_NOTE);
	put_patch(&json, resolution->patch);
	put_included(&json, "migrated", resolution->include_migrated, resolution->migrated);
	put_included(&json, "diff", resolution->include_diff,
		resolution->include_diff ? render_diff(out->arena, resolution)
					 : (struct text){ .data = NULL });
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}

void render_inspection_json(struct buffer *out, const struct inspection *inspection)
{
	struct json json;
	json_begin(&json, out);
	json_checkpoint(&json, inspection->checkpoint, NULL, inspection->findings,
		inspection->finding_count, inspection->include_exclusions);
	buffer_add_byte(out, '\n');
}
