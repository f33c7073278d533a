#include "command/run.h"
#include "command/say.h"
#include "render/render.h"
#include "resolve/registry.h"

static void put_example(
	struct buffer *out, const char *name, const char *config, const char *checkpoint)
{
	if (!config)
		return;
	buffer_printf(out, "\n%s example:\n", name);
	for (struct text rest = text_of(config); rest.length > 0;) {
		size_t length = 0;
		while (length < rest.length && rest.data[length] != '\n')
			length++;
		buffer_printf(out, "    %.*s\n", (int)length, rest.data);
		rest = text_from(rest, length + 1);
	}
	if (checkpoint)
		buffer_printf(out, "  with the checkpoint's config.json\n    %s\n", checkpoint);
}

static void put_rule(struct buffer *out, const struct rule *rule)
{
	buffer_printf(out, "%s (%s)\n", rule->id, stage_name(rule->stage));
	for (int target = 0; target < TARGET_COUNT; target++)
		buffer_printf(out, "%s%s: %s", target > 0 ? ", " : "  ",
			target_name((enum target)target), severity_name(rule->severity[target]));
	buffer_printf(out, "\n\n%s\n\nWhy: %s\nWhat to do: %s\n", rule->summary, rule->why,
		rule_advice(rule));
	put_example(out, "Failing", rule->bad, rule->bad_checkpoint);
	put_example(out, "Passing", rule->good, rule->good_checkpoint);
}

static void put_table(struct buffer *out, enum target target)
{
	for (size_t i = 0; i < registry_count(); i++) {
		const struct rule *rule = registry_at(i);
		buffer_printf(out, "%-36s %-10s %-8s %s\n", rule->id, stage_name(rule->stage),
			severity_name(rule->severity[target]), rule->summary);
	}
}

int run_rules(struct session *session)
{
	const struct command_options *options = session->options;
	bool json = options->output_given && options->output == OUTPUT_JSON;
	const struct rule *rule =
		options->file_count > 0 ? registry_find(text_of(options->files[0])) : NULL;
	if (options->file_count > 0 && !rule) {
		say("there is no rule %s; quantconf rules lists them", options->files[0]);
		return EXIT_USAGE;
	}
	struct buffer out;
	buffer_init(&out, &session->arena, 64 * 1024);
	if (json && rule)
		render_rule_json(&out, rule);
	else if (json)
		render_rules_json(&out);
	else if (rule)
		put_rule(&out, rule);
	else
		put_table(&out, options->target);
	session_put(session, stdout, &out);
	return session->status;
}

int run_schema(struct session *session)
{
	struct buffer out;
	buffer_init(&out, &session->arena, 64 * 1024);
	render_schema_json(&out);
	session_put(session, stdout, &out);
	return session->status;
}
