/* What people are told beside a new text, which shows none of it. */
#include "command/run.h"
#include "command/say.h"
#include "render/render.h"

#include <string.h>

/* Another finding of the rule is left. */
static bool says_again(const struct resolution *after, const struct rule *rule)
{
	for (size_t i = 0; after && i < after->finding_count; i++)
		if (after->findings[i]->rule == rule)
			return true;
	return false;
}

struct telling {
	struct session *session;
	const struct resolution *before;
	const struct resolution *after; /* of the new text; NULL where it is the old one */
	const struct diagnostic **findings;
	size_t count;
	size_t warnings;
};

static bool is_lost(const struct telling *telling, const struct diagnostic *finding)
{
	return telling->after && !says_again(telling->after, finding->rule);
}

static bool is_warning(const struct telling *telling, const struct diagnostic *finding)
{
	return telling->session->options->strict && finding->severity == SEVERITY_WARNING &&
	       !is_lost(telling, finding);
}

/* A spelling is repaired by the new text, and that is all there is to be said of it. */
static void choose(struct telling *telling,
	bool (*shows)(const struct telling *telling, const struct diagnostic *finding))
{
	enum severity least = telling->session->options->quiet ? SEVERITY_WARNING : SEVERITY_NOTE;
	telling->count = 0;
	for (size_t i = 0; i < telling->before->finding_count; i++) {
		const struct diagnostic *finding = telling->before->findings[i];
		if (rule_is_of_spelling(finding->rule) || finding->severity < least ||
			!shows(telling, finding))
			continue;
		telling->findings[telling->count++] = finding;
		telling->warnings += finding->severity == SEVERITY_WARNING;
	}
}

static void put(const struct telling *telling)
{
	struct session *session = telling->session;
	struct buffer out;
	buffer_init(&out, &session->arena, 1024);
	render_findings_text(
		&out, telling->before, telling->findings, telling->count, session->colour_errors);
	session_put(session, stderr, &out);
}

void tell_of_migrated(
	struct session *session, const char *path, const struct resolution *resolution)
{
	bool changes = !text_equal(resolution->source, resolution->migrated);
	struct telling telling = {
		.session = session,
		.before = resolution,
		.after = changes ? session_resolve_text(session, path, resolution->migrated, false)
				 : NULL,
		.findings = ARENA_ARRAY(
			&session->arena, const struct diagnostic *, resolution->finding_count + 1),
	};
	if (!telling.findings)
		return;
	choose(&telling, is_lost);
	if (telling.count > 0)
		say("%s: the new text no longer has what this is about:",
			strcmp(path, "-") == 0 ? "standard input" : path);
	put(&telling);
	choose(&telling, is_warning);
	put(&telling);
	if (session->options->strict && telling.warnings > 0)
		session_worsen(session, EXIT_ERRORS);
}
