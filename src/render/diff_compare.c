/*
 * E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986: the greedy algorithm, which
 * keeps for each number of edits how far every diagonal reached.
 */
#include "render/diff.h"

/* Lines added and removed. The time is at most this times the size of the texts, the memory its square. */
#define DISTANCE_MAXIMUM 500

/* What is left when the lines that both begin and end with are taken away. */
struct middle {
	struct diff_side *a, *b;
	size_t start;
	int64_t rows, columns; /* lines of a and of b */
	uint32_t *reached[DISTANCE_MAXIMUM + 1];
};

static size_t common_start(const struct diff_side *a, const struct diff_side *b)
{
	size_t i = 0;
	while (i < a->count && i < b->count && diff_lines_equal(a, i, b, i))
		i++;
	return i;
}

static size_t common_end(const struct diff_side *a, const struct diff_side *b, size_t start)
{
	size_t i = 0;
	while (i < a->count - start && i < b->count - start &&
		diff_lines_equal(a, a->count - 1 - i, b, b->count - 1 - i))
		i++;
	return i;
}

/* Whether the diagonal number `i` of the `distance + 1` was reached by an added line. */
static bool came_down(const uint32_t *before, int64_t distance, int64_t i)
{
	return i == 0 || (i != distance && before[i - 1] < before[i]);
}

/* How far along the rows a diagonal begins, one edit after `before`. */
static int64_t step_from(const uint32_t *before, int64_t distance, int64_t i)
{
	if (distance == 0)
		return 0;
	return came_down(before, distance, i) ? before[i] : (int64_t)before[i - 1] + 1;
}

static int64_t follow(const struct middle *middle, int64_t x, int64_t diagonal)
{
	while (x < middle->rows && x - diagonal < middle->columns &&
		diff_lines_equal(middle->a, middle->start + (size_t)x, middle->b,
			middle->start + (size_t)(x - diagonal)))
		x++;
	return x;
}

/* Fills reached[distance]; the number of the diagonal that came to the end, or -1. */
static int64_t advance(struct middle *middle, int64_t distance)
{
	const uint32_t *before = distance > 0 ? middle->reached[distance - 1] : NULL;
	for (int64_t i = 0; i <= distance; i++) {
		int64_t diagonal = 2 * i - distance;
		int64_t x = follow(middle, step_from(before, distance, i), diagonal);
		middle->reached[distance][i] = (uint32_t)x;
		if (x >= middle->rows && x - diagonal >= middle->columns)
			return i;
	}
	return -1;
}

/* Marks the edits of the way that came to the end, from its end. */
static void trace(struct middle *middle, int64_t distance, int64_t i)
{
	for (; distance > 0; distance--) {
		const uint32_t *before = middle->reached[distance - 1];
		bool down = came_down(before, distance, i);
		i -= !down;
		int64_t x = before[i], y = x - (2 * i - (distance - 1));
		if (down)
			middle->b->changed[middle->start + (size_t)y] = true;
		else
			middle->a->changed[middle->start + (size_t)x] = true;
	}
}

static bool mark_fewest(struct arena *arena, struct middle *middle)
{
	for (int64_t distance = 0; distance <= DISTANCE_MAXIMUM; distance++) {
		middle->reached[distance] = ARENA_ARRAY(arena, uint32_t, (size_t)distance + 1);
		if (!middle->reached[distance])
			return false;
		int64_t end = advance(middle, distance);
		if (end < 0)
			continue;
		trace(middle, distance, end);
		return true;
	}
	return false;
}

static void mark_all(struct middle *middle)
{
	for (int64_t i = 0; i < middle->rows; i++)
		middle->a->changed[middle->start + (size_t)i] = true;
	for (int64_t j = 0; j < middle->columns; j++)
		middle->b->changed[middle->start + (size_t)j] = true;
}

void diff_compare(struct arena *arena, struct diff_side *a, struct diff_side *b)
{
	size_t start = common_start(a, b), end = common_end(a, b, start);
	struct middle middle = {
		.a = a,
		.b = b,
		.start = start,
		.rows = (int64_t)(a->count - start - end),
		.columns = (int64_t)(b->count - start - end),
	};
	int64_t more = middle.rows - middle.columns;
	bool far = more > DISTANCE_MAXIMUM || -more > DISTANCE_MAXIMUM;
	if (far || !mark_fewest(arena, &middle))
		mark_all(&middle);
}
