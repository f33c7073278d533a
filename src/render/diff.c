#include "render/render.h"

#include <string.h>

#define CONTEXT 3
/* Lines of the changed middle, squared, are the bound on time; beyond it the middle is replaced whole. */
#define MIDDLE_MAXIMUM 2000

struct side {
	struct text *lines; /* each with its line end */
	size_t count;
};

/* What becomes of a line of the old text, and which lines are new. */
struct marks {
	bool *removed;
	bool *added;
};

static struct side split(struct arena *arena, struct text text)
{
	struct side side = { .count = 0 };
	size_t capacity = 1;
	for (size_t i = 0; i < text.length; i++)
		capacity += text.data[i] == '\n';
	side.lines = ARENA_ARRAY(arena, struct text, capacity);
	while (side.lines && text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		size_t length = end ? (size_t)(end - text.data) + 1 : text.length;
		side.lines[side.count++] = (struct text){ text.data, length };
		text = text_from(text, length);
	}
	return side;
}

static size_t common_start(const struct side *a, const struct side *b)
{
	size_t i = 0;
	while (i < a->count && i < b->count && text_equal(a->lines[i], b->lines[i]))
		i++;
	return i;
}

static size_t common_end(const struct side *a, const struct side *b, size_t start)
{
	size_t i = 0;
	while (i < a->count - start && i < b->count - start &&
		text_equal(a->lines[a->count - 1 - i], b->lines[b->count - 1 - i]))
		i++;
	return i;
}

/* The longest common subsequence of the middles, by the table of its lengths. */
static void mark_middle(struct arena *arena, const struct side *a, const struct side *b,
	size_t start, size_t end, struct marks *marks)
{
	size_t rows = a->count - start - end, columns = b->count - start - end;
	bool bounded = rows <= MIDDLE_MAXIMUM && columns <= MIDDLE_MAXIMUM;
	uint16_t *table = bounded ? ARENA_ARRAY(arena, uint16_t, (rows + 1) * (columns + 1)) : NULL;
	size_t width = columns + 1;
	for (size_t i = rows; table && i-- > 0;)
		for (size_t j = columns; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j],
				 right = table[i * width + j + 1];
			bool same = text_equal(a->lines[start + i], b->lines[start + j]);
			table[i * width + j] = same ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
					       : down > right ? down
							      : right;
		}
	size_t i = 0, j = 0;
	while (i < rows || j < columns) {
		bool same = table && i < rows && j < columns &&
			    text_equal(a->lines[start + i], b->lines[start + j]);
		bool down =
			i < rows && (j == columns || !table ||
					    table[(i + 1) * width + j] >= table[i * width + j + 1]);
		if (same) {
			i++;
			j++;
		} else if (down) {
			marks->removed[start + i++] = true;
		} else {
			marks->added[start + j++] = true;
		}
	}
}

static void put_line(struct buffer *out, char sign, struct text line)
{
	buffer_add_byte(out, sign);
	buffer_add(out, line);
	if (line.length == 0 || line.data[line.length - 1] != '\n')
		buffer_add_string(out, "\n\\ No newline at end of file\n");
}

/* A walk over both sides: at each step a common, a removed or an added line. */
struct walk {
	const struct side *a, *b;
	const struct marks *marks;
	size_t i, j;
};

static bool at_change(const struct walk *walk)
{
	return (walk->i < walk->a->count && walk->marks->removed[walk->i]) ||
	       (walk->j < walk->b->count && walk->marks->added[walk->j]);
}

static bool at_end(const struct walk *walk)
{
	return walk->i >= walk->a->count && walk->j >= walk->b->count;
}

static void step(struct walk *walk, struct buffer *out)
{
	if (walk->i < walk->a->count && walk->marks->removed[walk->i]) {
		if (out)
			put_line(out, '-', walk->a->lines[walk->i]);
		walk->i++;
	} else if (walk->j < walk->b->count && walk->marks->added[walk->j]) {
		if (out)
			put_line(out, '+', walk->b->lines[walk->j]);
		walk->j++;
	} else {
		if (out)
			put_line(out, ' ', walk->a->lines[walk->i]);
		walk->i++;
		walk->j++;
	}
}

/* Moves behind the last change of the hunk and its context: changes closer than twice the context share one. */
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

static void put_range(struct buffer *out, size_t first, size_t count)
{
	buffer_add_unsigned(out, count > 0 ? first + 1 : first);
	if (count != 1) {
		buffer_add_byte(out, ',');
		buffer_add_unsigned(out, count);
	}
}

static void put_hunks(struct buffer *out, struct walk walk)
{
	while (!at_end(&walk)) {
		struct walk ahead = walk;
		while (!at_end(&ahead) && !at_change(&ahead))
			step(&ahead, NULL);
		if (at_end(&ahead))
			return;
		size_t context = ahead.i - walk.i < CONTEXT ? ahead.i - walk.i : CONTEXT;
		ahead.i -= context;
		ahead.j -= context;
		walk = ahead;
		for (size_t i = 0; i < context; i++)
			step(&ahead, NULL);
		struct walk end = hunk_end(ahead);
		buffer_add_string(out, "@@ -");
		put_range(out, walk.i, end.i - walk.i);
		buffer_add_string(out, " +");
		put_range(out, walk.j, end.j - walk.j);
		buffer_add_string(out, " @@\n");
		while (walk.i < end.i || walk.j < end.j)
			step(&walk, out);
	}
}

struct text diff_unified(
	struct arena *arena, struct text before, struct text after, struct text name)
{
	if (text_equal(before, after))
		return TEXT("");
	struct side a = split(arena, before), b = split(arena, after);
	struct marks marks = {
		.removed = ARENA_ARRAY(arena, bool, a.count + 1),
		.added = ARENA_ARRAY(arena, bool, b.count + 1),
	};
	if (!a.lines || !b.lines || !marks.removed || !marks.added)
		return TEXT("");
	size_t start = common_start(&a, &b);
	mark_middle(arena, &a, &b, start, common_end(&a, &b, start), &marks);
	struct buffer out;
	buffer_init(&out, arena, 1024);
	buffer_printf(&out, "--- a/%.*s\n+++ b/%.*s\n", TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
	put_hunks(&out, (struct walk){ .a = &a, .b = &b, .marks = &marks });
	return buffer_text(&out);
}

/* A name that neither climbs nor begins at the root, and has no line end, so that a diff's header stays one line. */
static struct text label(struct arena *arena, struct text name)
{
	while (text_starts_with(name, "/") || text_starts_with(name, "./"))
		name = text_from(name, name.data[0] == '/' ? 1 : 2);
	struct text copy = arena_copy(arena, name);
	for (size_t i = 0; i < copy.length; i++)
		if ((unsigned char)copy.data[i] < 0x20)
			((char *)copy.data)[i] = '_';
	return copy.length > 0 ? copy : TEXT("config.yaml");
}

struct text render_diff(struct arena *arena, const struct resolution *resolution)
{
	if (!resolution->migrated.data)
		return (struct text){ .data = NULL };
	return diff_unified(arena, resolution->source, resolution->migrated,
		label(arena, resolution->filename));
}
