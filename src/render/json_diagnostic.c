#include "render/json_parts.h"

static void put_location(struct json *json, const struct location *location)
{
	json_open(json, '{');
	json_key(json, "path");
	json_text(json, location->path);
	if (location->source == LOCATION_CHECKPOINT) {
		json_key(json, "source");
		json_string(json, "checkpoint");
	}
	if (location->placed) {
		json_key(json, "line");
		json_unsigned(json, location->line);
		json_key(json, "column");
		json_unsigned(json, location->column);
		json_key(json, "end_line");
		json_unsigned(json, location->end_line);
		json_key(json, "end_column");
		json_unsigned(json, location->end_column);
		json_key(json, "offset");
		json_unsigned(json, location->offset);
		json_key(json, "length");
		json_unsigned(json, location->length);
	}
	json_close(json, '}');
}

static void put_edit(struct json *json, const struct edit *edit)
{
	json_open(json, '{');
	json_key(json, "offset");
	json_unsigned(json, edit->offset);
	json_key(json, "length");
	json_unsigned(json, edit->length);
	json_key(json, "text");
	json_text(json, edit->text);
	json_close(json, '}');
}

static void put_docs(struct json *json, const char *id)
{
	struct buffer *out = json->out;
	json_key(json, "docs");
	buffer_add_string(out, "\"/v1/rules/");
	buffer_add_string(out, id);
	buffer_add_byte(out, '"');
	json->comma = true;
}

void json_diagnostic(struct json *json, const struct diagnostic *diagnostic)
{
	json_open(json, '{');
	json_key(json, "rule");
	json_string(json, diagnostic->rule->id);
	json_key(json, "severity");
	json_string(json, severity_name(diagnostic->severity));
	json_key(json, "stage");
	json_string(json, stage_name(diagnostic->rule->stage));
	json_key(json, "message");
	json_text(json, diagnostic->message);
	json_key(json, "remedy");
	json_text(json, diagnostic->remedy);
	put_docs(json, diagnostic->rule->id);
	json_key(json, "locations");
	json_open(json, '[');
	for (size_t i = 0; i < diagnostic->location_count; i++)
		put_location(json, &diagnostic->locations[i]);
	json_close(json, ']');
	json_key(json, "edits");
	json_open(json, '[');
	for (size_t i = 0; i < diagnostic->edit_count; i++)
		put_edit(json, &diagnostic->edits[i]);
	json_close(json, ']');
	json_close(json, '}');
}

void json_findings(struct json *json, const char *name, const struct diagnostic *const *findings,
	size_t count, enum severity severity)
{
	json_key(json, name);
	json_open(json, '[');
	for (size_t i = 0; i < count; i++)
		if (severity == SEVERITY_NONE || findings[i]->severity == severity)
			json_diagnostic(json, findings[i]);
	json_close(json, ']');
}
