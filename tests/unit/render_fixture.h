/* What the tests of the render floor share: an arena, places by the words that stand there, comparisons. */
#pragma once

#include <check.h>

#include "render/render.h"

extern struct arena arena;

void fixture_setup(void);
void fixture_teardown(void);

/* Where `part` first stands in `source`. */
struct location place_of(const char *source, const char *part, const char *path);
/* The same, in the checkpoint's config.json. */
struct location checkpoint_place_of(const char *source, const char *part, const char *path);
/* The same place without lines, as in a config that came as a value. */
struct location unplaced(const char *path);
/* A YAML document's tree. */
const struct node *tree_of(const char *yaml);
/* Fails unless the bytes are the same. */
void expect(struct text actual, const char *expected);
/* Fails unless it is one line of JSON; its tree. */
const struct node *parsed(struct text json);
/* The value at a path of member names and indices: "runs/0/results". Fails when there is none. */
const struct node *at(const struct node *node, const char *path);

/* Runs the cases and prints the outcome; the exit status. */
int run(const char *name, TCase *cases);
