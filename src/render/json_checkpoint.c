#include "render/json_parts.h"

static const char *const sources[] = {
	[CHECKPOINT_FROM_REQUEST] = "request",
	[CHECKPOINT_FROM_MODEL_ROOT] = "model-root",
	[CHECKPOINT_FROM_HF_CACHE] = "hf-cache",
};

static void put_texts(struct json *json, const char *name, const struct text *texts, size_t count)
{
	json_key(json, name);
	json_open(json, '[');
	for (size_t i = 0; i < count; i++)
		json_text(json, texts[i]);
	json_close(json, ']');
}

static void put_scheme_fields(struct json *json, const struct scheme *scheme)
{
	json_key(json, "family");
	json_string(json, scheme->family);
	json_key(json, "weight_bits");
	json_raw_or_null(json, scheme->weight_bits);
	json_key(json, "group_size");
	json_raw_or_null(json, scheme->group_size);
	json_key(json, "symmetric");
	json_raw_or_null(json, scheme->symmetric);
	json_key(json, "weight_dtype");
	json_text_or_null(json, scheme->weight_dtype);
	json_key(json, "scale");
	json_text_or_null(json, scheme->scale);
	json_key(json, "activations");
	json_text_or_null(json, scheme->activations);
}

static void put_group(struct json *json, const struct scheme *scheme)
{
	json_open(json, '{');
	json_key(json, "group");
	json_text(json, scheme->group);
	put_scheme_fields(json, scheme);
	if (scheme->modules > 0) {
		json_key(json, "modules");
		json_unsigned(json, scheme->modules);
	}
	json_close(json, '}');
}

static void put_scheme(struct json *json, const struct checkpoint *checkpoint)
{
	json_key(json, "scheme");
	if (!checkpoint->quantized) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	put_scheme_fields(json, &checkpoint->scheme);
	if (checkpoint->group_count > 0) {
		json_key(json, "groups");
		json_open(json, '[');
		for (size_t i = 0; i < checkpoint->group_count; i++)
			put_group(json, &checkpoint->groups[i]);
		json_close(json, ']');
	}
	if (checkpoint->groups_left_out > 0) {
		json_key(json, "groups_left_out");
		json_unsigned(json, checkpoint->groups_left_out);
	}
	json_close(json, '}');
}

static const char *outcome_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_ABSENT] = "absent",
		[OUTCOME_NATIVE] = "native",
		[OUTCOME_QUANTIZED] = "quantized",
		[OUTCOME_MIXED] = "mixed",
	};
	return words[outcome];
}

static void put_outcomes(struct json *json, const struct exclusions *exclusions)
{
	json_key(json, "unmatched");
	json_unsigned(json, exclusions->unmatched);
	if (exclusions->untried > 0) {
		json_key(json, "untried");
		json_unsigned(json, exclusions->untried);
	}
	json_key(json, "outcomes");
	json_open(json, '{');
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (exclusions->outcomes[i] == OUTCOME_ABSENT)
			continue;
		json_key(json, role_name((enum role)i));
		json_string(json, outcome_word(exclusions->outcomes[i]));
	}
	json_close(json, '}');
}

/* How many modules each entry is about, in the order of `entries`; null where it could not be tried. */
static void put_matches(struct json *json, const struct exclusions *exclusions)
{
	json_key(json, "matches");
	json_open(json, '[');
	for (size_t i = 0; i < exclusions->list_count; i++) {
		const struct exclusion *exclusion = &exclusions->list[i];
		if (!exclusion->excludes)
			continue;
		json_open(json, '{');
		json_key(json, "entry");
		json_text(json, exclusion->name);
		json_key(json, "modules");
		if (exclusion->broken)
			json_null(json);
		else
			json_unsigned(json, exclusion->modules);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_exclusions(
	struct json *json, const struct exclusions *exclusions, bool include_entries)
{
	json_key(json, "exclusions");
	json_open(json, '{');
	json_key(json, "count");
	json_unsigned(json, exclusions->count);
	json_key(json, "grammar");
	json_string(json, exclusions->grammar);
	json_key(json, "roles");
	json_open(json, '{');
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (exclusions->roles[i] == 0)
			continue;
		json_key(json, role_name((enum role)i));
		json_unsigned(json, exclusions->roles[i]);
	}
	json_close(json, '}');
	if (include_entries)
		put_texts(json, "entries", exclusions->entries, exclusions->count);
	if (exclusions->modules_known && include_entries)
		put_matches(json, exclusions);
	if (exclusions->modules_known)
		put_outcomes(json, exclusions);
	json_close(json, '}');
}

static void put_model(struct json *json, const struct checkpoint *checkpoint)
{
	json_key(json, "source");
	json_string(json, sources[checkpoint->source]);
	json_key(json, "model");
	json_text_or_null(json, checkpoint->model);
	json_key(json, "revision");
	json_text_or_null(json, checkpoint->revision);
	json_key(json, "model_type");
	json_text_or_null(json, checkpoint->model_type);
	put_texts(json, "architectures", checkpoint->architectures, checkpoint->architecture_count);
	json_key(json, "torch_dtype");
	json_text_or_null(json, checkpoint->torch_dtype);
	json_key(json, "moe");
	if (checkpoint->experts == 0) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key(json, "experts");
	json_unsigned(json, checkpoint->experts);
	json_key(json, "experts_per_token");
	if (checkpoint->experts_per_token > 0)
		json_unsigned(json, checkpoint->experts_per_token);
	else
		json_null(json);
	json_close(json, '}');
}

void json_known_to(struct json *json, unsigned known_to)
{
	json_key(json, "known_to");
	json_open(json, '[');
	for (int i = 0; i < ENGINE_COUNT; i++)
		if (known_to & 1u << i)
			json_string(json, engine_name((enum engine)i));
	json_close(json, ']');
}

static void put_method(struct json *json, const struct checkpoint *checkpoint)
{
	json_key(json, "quantized");
	json_boolean(json, checkpoint->quantized);
	json_key(json, "quant_method");
	json_text_or_null(json, checkpoint->quant_method);
	json_key(json, "method");
	json_string(json, checkpoint->method ? checkpoint->method->name : NULL);
	json_known_to(json, checkpoint->known_to);
	json_key(json, "found_in");
	json_string(json, checkpoint->found_in);
}

static void put_fate(struct json *json, const struct checkpoint *checkpoint)
{
	json_key(json, "trainable_with_adapter");
	if (checkpoint->trainable_with_adapter < 0 || !checkpoint->quantized)
		json_null(json);
	else
		json_boolean(json, checkpoint->trainable_with_adapter == 1);
	json_key(json, "overridable");
	json_open(json, '[');
	for (size_t i = 0; i < checkpoint->overridable_count; i++)
		json_string(json, checkpoint->overridable[i]);
	json_close(json, ']');
	json_key(json, "loading");
	json_string(json, checkpoint->loading);
}

static bool in_checkpoint(const struct diagnostic *finding)
{
	return finding->location_count > 0 && finding->locations[0].source == LOCATION_CHECKPOINT;
}

void json_checkpoint(struct json *json, const struct checkpoint *checkpoint,
	const struct weights_estimate *estimate, const struct diagnostic *const *findings,
	size_t count, bool include_exclusions)
{
	json_open(json, '{');
	put_model(json, checkpoint);
	put_method(json, checkpoint);
	put_scheme(json, checkpoint);
	put_exclusions(json, &checkpoint->exclusions, include_exclusions);
	put_fate(json, checkpoint);
	json_weights(json, checkpoint->weights, estimate);
	json_key(json, "findings");
	json_open(json, '[');
	for (size_t i = 0; i < count; i++)
		if (in_checkpoint(findings[i]))
			json_diagnostic(json, findings[i]);
	json_close(json, ']');
	json_close(json, '}');
}
