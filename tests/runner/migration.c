#include "runner/migration.h"

#include "render/json.h"
#include "render/render.h"
#include "source/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A config with its migration. */
struct side {
	const struct resolution *resolution;
	struct text text;
	struct lines lines;
	struct document document;
	struct comments comments;
};

static bool check(
	const struct migration_case *subject, bool passed, const char *what, struct text detail)
{
	return tally_check(subject->tally, passed,
		"%s, target %s: %s\n%.*s\n--- the config\n%.*s\n---", subject->name,
		target_name(subject->target), what, TEXT_ARGUMENTS(detail),
		TEXT_ARGUMENTS(subject->config));
}

static const struct resolution *migrated(
	const struct migration_case *subject, struct text config, enum target target)
{
	struct resolve_request request = {
		.config = config,
		.target = target,
		.checkpoint = CHECKPOINT_NO,
		.include_migrated = true,
		.include_diff = true,
	};
	return resolve(subject->arena, &request);
}

static struct text value_json(struct arena *arena, const struct node *node)
{
	struct buffer out;
	struct json json;
	buffer_init(&out, arena, 4096);
	json_begin(&json, &out);
	json_node(&json, node);
	return buffer_text(&out);
}

static void check_value(const struct migration_case *subject, const char *what,
	const struct resolution *before, const struct resolution *after)
{
	struct text wanted = value_json(subject->arena, before->canonical);
	struct text got = value_json(subject->arena, after->canonical);
	/* The order of what is merged is not that of the text. */
	bool same = subject->may_be_refused ? node_equal(before->canonical, after->canonical)
					    : text_equal(wanted, got);
	check(subject, same, what,
		arena_printf(subject->arena, "%.*s\n%.*s\n--- migrated\n%.*s",
			TEXT_ARGUMENTS(wanted), TEXT_ARGUMENTS(got),
			TEXT_ARGUMENTS(after->source)));
}

static bool is_dialect_finding(const struct diagnostic *finding)
{
	struct text id = text_of(finding->rule->id);
	return text_starts_with(id, "deprecated-") || text_is(id, "other-dialect");
}

static void check_findings(const struct migration_case *subject, const struct resolution *before,
	const struct resolution *after)
{
	for (size_t i = 0; i < after->finding_count; i++) {
		const struct diagnostic *finding = after->findings[i];
		bool fine = is_dialect_finding(finding)
				    ? subject->target == TARGET_RELEASED &&
					      finding->severity == SEVERITY_NOTE
				    : resolution_finding(before, finding->rule->id) != NULL;
		check(subject, fine, "the migrated text has a new finding", finding->message);
	}
}

static void check_comments(
	const struct migration_case *subject, const struct side *before, const struct side *after)
{
	struct text missing = TEXT("");
	struct text text = after->text;
	if (!comments_within(subject->arena, &before->comments, &after->comments, &missing))
		check(subject, false, "a comment is lost",
			arena_printf(subject->arena, "%.*s\n--- migrated\n%.*s",
				TEXT_ARGUMENTS(missing), TEXT_ARGUMENTS(text)));
	else if (!subject->may_be_refused &&
		 !comments_within(subject->arena, &after->comments, &before->comments, &missing))
		check(subject, false, "a comment was added",
			arena_printf(subject->arena, "%.*s\n--- migrated\n%.*s",
				TEXT_ARGUMENTS(missing), TEXT_ARGUMENTS(text)));
	else
		subject->tally->checks++;
}

static bool is_quantization_key(struct text key)
{
	static const char *const names[] = { "adapter", "load_in_4bit", "load_in_8bit",
		"model_quantization_config", "model_quantization_config_kwargs", "nf4_backend",
		"peft" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_is(key, names[i]))
			return true;
	return false;
}

static bool is_comment(const struct lines *lines, size_t line)
{
	return line < lines->count &&
	       text_starts_with(text_trim(lines_text(lines, (uint32_t)line)), "#");
}

/* The comments right above the entry and right below may move with it. */
static void mark_comments(const struct lines *lines, struct span span, bool *marked)
{
	for (size_t line = span.start.line; line > 0 && is_comment(lines, line - 1); line--)
		marked[line - 1] = true;
	for (size_t line = span.end.line + 1; is_comment(lines, line); line++)
		marked[line] = true;
}

static void mark_entry(const struct side *side, const struct member *member, bool *marked)
{
	const struct node *root = side->document.root;
	struct span span = member_span(member);
	bool whole = root->flow && span.start.line == span.end.line;
	if (!is_quantization_key(member->key) && !whole)
		return;
	for (uint32_t line = span.start.line; line <= span.end.line; line++)
		marked[line] = true;
	if (!root->flow)
		mark_comments(&side->lines, span, marked);
}

/* Marks the lines that hold an entry about the quantization. */
static void mark_lines(const struct side *side, bool *marked)
{
	const struct node *root = side->document.root;
	for (uint32_t i = 0; i < root->count; i++)
		mark_entry(side, &root->members[i], marked);
	for (const struct replaced *item = side->document.replaced; item; item = item->next)
		if (item->mapping == root)
			mark_entry(side, &item->member, marked);
	/* In a flow mapping the brackets and commas of neighbours may stand on lines of their own. */
	for (uint32_t line = root->span.start.line; root->flow && line <= root->span.end.line;
		line++)
		marked[line] = true;
}

/* Such a line may stand outside an entry once the entry's last lines are gone. */
static bool is_aside(struct text line)
{
	struct text text = text_trim(line);
	return text.length == 0 || text_starts_with(text, "#");
}

/* A block scalar that keeps blank lines ends above, so that those below a removed entry cannot stay. */
static bool may_go(const struct migration_case *subject, struct text line)
{
	return text_trim(line).length == 0 && text_contains(subject->config, "+");
}

/* The same line; a comment may stand at another column. */
static bool is_same(struct text a, struct text b)
{
	return text_equal(a, b) ||
	       (is_aside(a) && is_aside(b) && text_equal(text_trim(a), text_trim(b)));
}

/* The next line of `before` that has to be in the migrated text, as long as `line` does not match it. */
static size_t next_line(const struct migration_case *subject, const struct side *before,
	const bool *old, size_t i, const struct text *line)
{
	for (; i < before->lines.count; i++) {
		struct text own = lines_text(&before->lines, (uint32_t)i);
		bool last = i + 1 == before->lines.count && text_trim(own).length == 0;
		if (old[i] || last)
			continue;
		if (!may_go(subject, own) || (line && is_same(own, *line)))
			break;
	}
	return i;
}

/* Outside the marked lines the texts are the same, but for comments that moved to lines of their own. */
static void check_lines(
	const struct migration_case *subject, const struct side *before, const struct side *after)
{
	struct arena *arena = subject->arena;
	bool *old = ARENA_ARRAY(arena, bool, before->lines.count + 1);
	bool *new = ARENA_ARRAY(arena, bool, after->lines.count + 1);
	if (!old || !new)
		return;
	mark_lines(before, old);
	mark_lines(after, new);
	size_t i = 0;
	for (size_t j = 0; j < after->lines.count; j++) {
		struct text line = lines_text(&after->lines, (uint32_t)j);
		if (new[j])
			continue;
		size_t next = next_line(subject, before, old, i, &line);
		bool same = next < before->lines.count &&
			    is_same(lines_text(&before->lines, (uint32_t)next), line);
		i = same ? next + 1 : i;
		if (!same && !is_aside(line)) {
			check(subject, false, "a line is not as it was",
				arena_printf(arena, "%.*s\n--- migrated\n%.*s",
					TEXT_ARGUMENTS(line), TEXT_ARGUMENTS(after->text)));
			return;
		}
	}
	i = next_line(subject, before, old, i, NULL);
	check(subject, i == before->lines.count, "a line is lost", after->text);
}

static bool read_side(const struct migration_case *subject, struct side *side)
{
	lines_index(&side->lines, subject->arena, side->text);
	yaml_read(&side->document, subject->arena, side->text, &resolve_limits_default.config);
	return side->document.root && side->lines.count > 0 &&
	       comments_find(subject->arena, side->text, &side->comments);
}

static bool is_json(const struct migration_case *subject, struct text text)
{
	struct document document;
	json_read(&document, subject->arena, text, &resolve_limits_default.config);
	return document.root != NULL;
}

/* The diff, given to patch, makes the migrated text. */
static void check_patch(const struct migration_case *subject, const struct resolution *resolution)
{
	struct arena *arena = subject->arena;
	struct text diff = render_diff(arena, resolution), made;
	const char *config = path_join(arena, subject->folder, "config.yaml");
	const char *patch = path_join(arena, subject->folder, "patch");
	struct text command = arena_printf(arena,
		"cd '%s' && patch -p1 --binary --silent --no-backup-if-mismatch <patch",
		subject->folder);
	bool fine = file_write(config, resolution->source) && file_write(patch, diff) &&
		    system(command.data) == 0 && file_read(arena, config, &made) &&
		    text_equal(made, resolution->migrated);
	check(subject, fine, "patch does not make the migrated text of the diff", diff);
}

static void check_changed(const struct migration_case *subject, const struct resolution *resolution)
{
	struct side before = { .resolution = resolution, .text = resolution->source };
	struct side after = { .text = resolution->migrated };
	after.resolution = migrated(subject, after.text, subject->target);
	if (!check(subject, after.resolution && after.resolution->canonical,
		    "the migrated text is rejected", after.text) ||
		!check(subject, read_side(subject, &before) && read_side(subject, &after),
			"the migrated text cannot be read", after.text))
		return;
	check_value(subject, "the migrated text says something else", resolution, after.resolution);
	check_findings(subject, resolution, after.resolution);
	check(subject, text_equal(after.resolution->migrated, after.text),
		"the migrated text changes again", after.text);
	check(subject, !is_json(subject, before.text) || is_json(subject, after.text),
		"JSON is no JSON any more", after.text);
	check_comments(subject, &before, &after);
	check_lines(subject, &before, &after);
	if (subject->folder)
		check_patch(subject, resolution);
}

static void check_refusal(const struct migration_case *subject, const struct resolution *resolution)
{
	const struct diagnostic *refusal = resolution_finding(resolution, "migration-refused");
	struct text message = refusal ? refusal->message : TEXT("without a word");
	check(subject, refusal && subject->may_be_refused, "refused", message);
	/* Faults that do no harm in an anchored place may do some where they are merged into. */
	bool explained = subject->has_faults || !text_contains(message, "did not read back");
	check(subject, explained, "refused without a reason", message);
}

enum migration_outcome migration_check(const struct migration_case *subject)
{
	const struct resolution *resolution = migrated(subject, subject->config, subject->target);
	if (!check(subject, resolution, "out of memory", TEXT("")) || !resolution->canonical)
		return MIGRATION_REJECTED;
	if (!resolution->migrated.data) {
		check_refusal(subject, resolution);
		return MIGRATION_REFUSED;
	}
	bool same = text_equal(resolution->migrated, resolution->source);
	check(subject, same || resolution->patch, "a change without a patch", resolution->migrated);
	check(subject, !same || !resolution->patch, "a patch without a change", TEXT(""));
	if (!same)
		check_changed(subject, resolution);
	return same ? MIGRATION_SAME : MIGRATION_CHANGED;
}

/* `bnb: null` beside the backend that is asked for: the canonical form keeps it, others have no place for it. */
static bool has_null_backend(const struct node *canonical)
{
	const struct node *block = node_get(canonical, "model_quantization_config");
	if (!block || block->kind != NODE_MAPPING)
		return false;
	for (uint32_t i = 0; i < block->count; i++)
		if (node_is_null(block->members[i].value))
			return true;
	return false;
}

void migration_check_round_trip(const struct migration_case *subject)
{
	static const enum target way[] = { TARGET_FLAT, TARGET_RELEASED, TARGET_CANONICAL };
	const struct resolution *first = migrated(subject, subject->config, TARGET_CANONICAL);
	if (!first || !first->migrated.data || has_null_backend(first->canonical))
		return;
	const struct resolution *last = first;
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		const struct resolution *next = migrated(subject, last->migrated, way[i]);
		if (next && !next->canonical && way[i] != TARGET_CANONICAL)
			continue;
		if (!next || !next->migrated.data) {
			check(subject, subject->may_be_refused, "the way back is closed",
				last->migrated);
			return;
		}
		last = next;
	}
	check_value(subject, "the round trip changes the value", first, last);
}
