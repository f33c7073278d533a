#include "render/diff.h"

#include "base/buffer.h"

#include <string.h>

#define CONTEXT 3

static struct text line_at(const struct diff_side *side, size_t index)
{
	size_t start = side->starts[index];
	return (struct text){
		.data = side->text.data + start,
		.length = side->starts[index + 1] - start,
	};
}

bool diff_lines_equal(const struct diff_side *a, size_t i, const struct diff_side *b, size_t j)
{
	return text_equal(line_at(a, i), line_at(b, j));
}

/* Lines end with LF alone, as for patch(1): a CR is the last byte of its line. */
static bool split(struct diff_side *side, struct arena *arena, struct text text)
{
	size_t capacity = 2;
	for (size_t i = 0; i < text.length; i++)
		capacity += text.data[i] == '\n';
	*side = (struct diff_side){
		.text = text,
		.starts = ARENA_ARRAY(arena, uint32_t, capacity),
		.changed = ARENA_ARRAY(arena, bool, capacity),
	};
	if (!side->starts || !side->changed || text.length > UINT32_MAX)
		return false;
	for (size_t at = 0; at < text.length;) {
		const char *end = memchr(text.data + at, '\n', text.length - at);
		at = end ? (size_t)(end - text.data) + 1 : text.length;
		side->starts[++side->count] = (uint32_t)at;
	}
	return true;
}

static void put_line(struct buffer *out, char sign, struct text line)
{
	buffer_add_byte(out, sign);
	buffer_add(out, line);
	if (line.data[line.length - 1] != '\n')
		buffer_add_string(out, "\n\\ No newline at end of file\n");
}

/* A walk over both sides: each step is a common, a removed or an added line. */
struct walk {
	const struct diff_side *a, *b;
	size_t i, j;
};

static bool at_removed(const struct walk *walk)
{
	return walk->i < walk->a->count && walk->a->changed[walk->i];
}

static bool at_added(const struct walk *walk)
{
	return walk->j < walk->b->count && walk->b->changed[walk->j];
}

static bool at_change(const struct walk *walk)
{
	return at_removed(walk) || at_added(walk);
}

static bool at_end(const struct walk *walk)
{
	return walk->i >= walk->a->count && walk->j >= walk->b->count;
}

/* `out` may be NULL: then it only goes on. */
static void step(struct walk *walk, struct buffer *out)
{
	bool removed = at_removed(walk), added = !removed && at_added(walk);
	char sign = removed ? '-' : added ? '+' : ' ';
	if (out)
		put_line(out, sign, added ? line_at(walk->b, walk->j) : line_at(walk->a, walk->i));
	walk->i += !added;
	walk->j += !removed;
}

/* Behind the last change of a hunk and its context: changes closer than twice the context share it. */
static struct walk hunk_end(struct walk walk)
{
	struct walk end = walk;
	size_t quiet = 0;
	while (!at_end(&walk) && quiet <= 2 * CONTEXT) {
		bool change = at_change(&walk);
		step(&walk, NULL);
		quiet = change ? 0 : quiet + 1;
		if (change)
			end = walk;
	}
	for (int i = 0; i < CONTEXT && !at_end(&end); i++)
		step(&end, NULL);
	return end;
}

/* An empty range names the line before it. */
static void put_range(struct buffer *out, size_t first, size_t count)
{
	buffer_add_unsigned(out, count > 0 ? first + 1 : first);
	if (count != 1) {
		buffer_add_byte(out, ',');
		buffer_add_unsigned(out, count);
	}
}

static void put_hunk(struct buffer *out, struct walk walk, const struct walk *end)
{
	buffer_add_string(out, "@@ -");
	put_range(out, walk.i, end->i - walk.i);
	buffer_add_string(out, " +");
	put_range(out, walk.j, end->j - walk.j);
	buffer_add_string(out, " @@\n");
	while (walk.i < end->i || walk.j < end->j)
		step(&walk, out);
}

static void put_hunks(struct buffer *out, struct walk walk)
{
	while (!at_end(&walk)) {
		struct walk change = walk;
		while (!at_end(&change) && !at_change(&change))
			step(&change, NULL);
		if (at_end(&change))
			return;
		struct walk end = hunk_end(change);
		size_t context = change.i - walk.i < CONTEXT ? change.i - walk.i : CONTEXT;
		change.i -= context;
		change.j -= context;
		put_hunk(out, change, &end);
		walk = end;
	}
}

static bool needs_quotes(struct text name)
{
	for (size_t i = 0; i < name.length; i++)
		if ((unsigned char)name.data[i] < 0x20 || strchr("\"\\\x7f", name.data[i]))
			return true;
	return false;
}

/* As git writes names and GNU patch reads them: a string of C. */
static void put_quoted(struct buffer *out, char side, struct text name)
{
	buffer_printf(out, "\"%c/", side);
	for (size_t i = 0; i < name.length; i++) {
		unsigned char byte = (unsigned char)name.data[i];
		if (byte == '"' || byte == '\\')
			buffer_printf(out, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			buffer_printf(out, "\\%03o", byte);
		else
			buffer_add_byte(out, (char)byte);
	}
	buffer_add_string(out, "\"\n");
}

/* A tab ends a name with blanks, which patch(1) would else take for the beginning of a date. */
static void put_name(struct buffer *out, char side, struct text name)
{
	if (needs_quotes(name))
		put_quoted(out, side, name);
	else
		buffer_printf(out, "%c/%.*s%s\n", side, TEXT_ARGUMENTS(name),
			text_contains(name, " ") ? "\t" : "");
}

static void put_header(struct buffer *out, struct text name)
{
	buffer_add_string(out, "--- ");
	put_name(out, 'a', name);
	buffer_add_string(out, "+++ ");
	put_name(out, 'b', name);
}

struct text diff_unified(
	struct arena *arena, struct text before, struct text after, struct text name)
{
	struct diff_side a, b;
	struct buffer out;
	if (text_equal(before, after))
		return TEXT("");
	if (!split(&a, arena, before) || !split(&b, arena, after))
		return TEXT("");
	diff_compare(arena, &a, &b);
	buffer_init(&out, arena, 1024);
	put_header(&out, name);
	put_hunks(&out, (struct walk){ .a = &a, .b = &b });
	return buffer_text(&out);
}

/* Does not begin at the root. One that climbs goes on doing so: patch(1) refuses it, and would else find another file. */
static struct text label(struct text name)
{
	while (text_starts_with(name, "/") || text_starts_with(name, "./"))
		name = text_from(name, text_starts_with(name, "/") ? 1 : 2);
	return name.length > 0 ? name : TEXT("config.yaml");
}

struct text render_diff(struct arena *arena, const struct resolution *resolution)
{
	if (!resolution->migrated.data)
		return (struct text){ .data = NULL };
	return diff_unified(
		arena, resolution->source, resolution->migrated, label(resolution->filename));
}
