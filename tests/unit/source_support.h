/* What the tests of the source floor share: reading, and trees as text that can be compared. */
#pragma once

#include <check.h>

#include "base/buffer.h"
#include "source/document.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

extern struct arena source_arena;
extern const struct document_limits source_limits;

void source_setup(void);
void source_teardown(void);
struct document source_yaml(const char *yaml);
struct document source_json(const char *json);
/* JSON without blanks; floats end in "f", members that were merged or aliased have "<<" or "*". */
struct text source_dump(const struct node *node);
/* "2:4-2:9", counted from 1. */
struct text source_place(struct span span);
void source_assert(struct text text, const char *expected);
/* Runs the suite; the exit status. */
int source_run(const char *name, TCase *cases);
