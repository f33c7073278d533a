#include "render/json.h"
#include "render/render.h"
#include "resolve/registry.h"
#include "source/lines.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

struct log {
	struct json json;
	const struct resolution *resolution;
	struct lines lines;
};

static void put_message(struct json *json, const char *key, struct text text)
{
	json_key(json, key);
	json_open(json, '{');
	json_key(json, "text");
	json_text(json, text);
	json_close(json, '}');
}

static void put_rule(struct json *json, const struct rule *rule)
{
	json_open(json, '{');
	json_key(json, "id");
	json_string(json, rule->id);
	put_message(json, "shortDescription", text_of(rule->summary));
	put_message(json, "fullDescription", text_of(rule->why));
	put_message(json, "help", text_of(rule_advice(rule)));
	json_close(json, '}');
}

static size_t rule_index(const struct rule *rule)
{
	for (size_t i = 0; i < registry_count(); i++)
		if (registry_at(i) == rule)
			return i;
	return 0;
}

static void put_tool(struct json *json)
{
	json_key(json, "tool");
	json_open(json, '{');
	json_key(json, "driver");
	json_open(json, '{');
	json_key(json, "name");
	json_string(json, "quantconf");
	json_key(json, "rules");
	json_open(json, '[');
	for (size_t i = 0; i < registry_count(); i++)
		put_rule(json, registry_at(i));
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, '}');
}

/* A reference as RFC 3986 has it: every byte that is not unreserved or a slash is percent-encoded; absolute paths are file URIs. */
static struct text uri_of(struct arena *arena, struct text name)
{
	struct buffer out;
	buffer_init(&out, arena, name.length + 16);
	while (text_starts_with(name, "//"))
		name = text_from(name, 1);
	while (text_starts_with(name, "./"))
		name = text_from(name, 2);
	if (text_starts_with(name, "/"))
		buffer_add_string(&out, "file://");
	for (size_t i = 0; i < name.length; i++) {
		unsigned char byte = (unsigned char)name.data[i];
		bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			     (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
			     byte == '_' || byte == '~' || byte == '/';
		if (plain)
			buffer_add_byte(&out, (char)byte);
		else
			buffer_printf(&out, "%%%02X", byte);
	}
	return buffer_text(&out);
}

static void put_artifact(struct log *log, const struct location *location)
{
	struct text name = log->resolution->filename;
	if (location && location->source == LOCATION_CHECKPOINT)
		name = TEXT("config.json");
	json_key(&log->json, "artifactLocation");
	json_open(&log->json, '{');
	json_key(&log->json, "uri");
	json_text(&log->json, uri_of(log->json.out->arena, name));
	json_close(&log->json, '}');
}

static void put_region(struct json *json, const char *key, struct mark start, struct mark end)
{
	json_key(json, key);
	json_open(json, '{');
	json_key(json, "startLine");
	json_unsigned(json, start.line + 1);
	json_key(json, "startColumn");
	json_unsigned(json, start.column + 1);
	json_key(json, "endLine");
	json_unsigned(json, end.line + 1);
	json_key(json, "endColumn");
	json_unsigned(json, end.column + 1);
	json_close(json, '}');
}

/* Where there are no lines, the JSON Pointer is the only place there is. */
static void put_pointer(struct json *json, struct text path)
{
	json_key(json, "logicalLocations");
	json_open(json, '[');
	json_open(json, '{');
	json_key(json, "fullyQualifiedName");
	json_text(json, path);
	json_close(json, '}');
	json_close(json, ']');
}

static void put_location(struct log *log, const struct location *location, size_t id)
{
	struct json *json = &log->json;
	json_open(json, '{');
	if (id > 0) {
		json_key(json, "id");
		json_unsigned(json, id);
		put_message(json, "message", TEXT("also here"));
	}
	json_key(json, "physicalLocation");
	json_open(json, '{');
	put_artifact(log, location);
	if (location && location->placed)
		put_region(json, "region",
			(struct mark){ location->line - 1, location->column - 1 },
			(struct mark){ location->end_line - 1, location->end_column - 1 });
	json_close(json, '}');
	if (location && location->path.length > 0)
		put_pointer(json, location->path);
	json_close(json, '}');
}

static void put_replacement(struct log *log, const struct edit *edit)
{
	struct json *json = &log->json;
	json_open(json, '{');
	put_region(json, "deletedRegion", lines_mark(&log->lines, edit->offset),
		lines_mark(&log->lines, edit->offset + edit->length));
	put_message(json, "insertedContent", edit->text);
	json_close(json, '}');
}

static void put_fix(struct log *log, const struct diagnostic *finding)
{
	struct json *json = &log->json;
	if (finding->edit_count == 0 || log->lines.count == 0)
		return;
	json_key(json, "fixes");
	json_open(json, '[');
	json_open(json, '{');
	put_message(json, "description", finding->remedy);
	json_key(json, "artifactChanges");
	json_open(json, '[');
	json_open(json, '{');
	put_artifact(log, NULL);
	json_key(json, "replacements");
	json_open(json, '[');
	for (size_t i = 0; i < finding->edit_count; i++)
		put_replacement(log, &finding->edits[i]);
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, ']');
}

static void put_result(struct log *log, const struct diagnostic *finding)
{
	struct json *json = &log->json;
	json_open(json, '{');
	json_key(json, "ruleId");
	json_string(json, finding->rule->id);
	json_key(json, "ruleIndex");
	json_unsigned(json, rule_index(finding->rule));
	json_key(json, "level");
	json_string(json, severity_name(finding->severity));
	put_message(json, "message", finding->message);
	json_key(json, "locations");
	json_open(json, '[');
	put_location(log, finding->location_count > 0 ? finding->locations : NULL, 0);
	json_close(json, ']');
	if (finding->location_count > 1) {
		json_key(json, "relatedLocations");
		json_open(json, '[');
		for (size_t i = 1; i < finding->location_count; i++)
			put_location(log, &finding->locations[i], i);
		json_close(json, ']');
	}
	put_fix(log, finding);
	json_close(json, '}');
}

void render_sarif_begin(struct buffer *out)
{
	struct json json;
	json_begin(&json, out);
	json_open(&json, '{');
	json_key(&json, "$schema");
	json_string(&json, SCHEMA);
	json_key(&json, "version");
	json_string(&json, "2.1.0");
	json_key(&json, "runs");
	json_open(&json, '[');
	json_open(&json, '{');
	put_tool(&json);
	json_key(&json, "columnKind");
	json_string(&json, "unicodeCodePoints");
	json_key(&json, "results");
	json_open(&json, '[');
}

void render_sarif_results(struct buffer *out, const struct resolution *resolution, size_t before)
{
	struct log log = { .resolution = resolution, .json = { .out = out, .comma = before > 0 } };
	if (resolution->source.length > 0)
		lines_index(&log.lines, out->arena, resolution->source);
	for (size_t i = 0; i < resolution->finding_count; i++)
		put_result(&log, resolution->findings[i]);
}

void render_sarif_end(struct buffer *out, bool complete)
{
	struct json json = { .out = out };
	json_close(&json, ']');
	if (!complete) {
		json_key(&json, "invocations");
		json_open(&json, '[');
		json_open(&json, '{');
		json_key(&json, "executionSuccessful");
		json_boolean(&json, false);
		json_close(&json, '}');
		json_close(&json, ']');
	}
	json_close(&json, '}');
	json_close(&json, ']');
	json_close(&json, '}');
	buffer_add_byte(out, '\n');
}

void render_resolution_sarif(struct buffer *out, const struct resolution *resolution)
{
	render_sarif_begin(out);
	render_sarif_results(out, resolution, 0);
	render_sarif_end(out, true);
}
