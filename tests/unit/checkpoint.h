/* What the files of the checkpoint floor's test share. */
#pragma once

#include "checkpoint/checkpoint.h"

#include <check.h>

extern struct arena arena; /* fresh for each test */
extern const struct document_limits limits;

/* Never NULL. */
struct checkpoint *inspect(const char *json);
/* {"quantization_config": BLOCK} */
struct checkpoint *inspect_block(const char *block);
/* How many problems have this fault. */
size_t faults(const struct checkpoint *checkpoint, enum checkpoint_fault fault);
/* The first of them; NULL when there is none. */
const struct checkpoint_problem *fault_at(
	const struct checkpoint *checkpoint, enum checkpoint_fault fault);
TCase *make_case(const char *name);

#define assert_text(view, string)                                                                  \
	ck_assert_msg(                                                                             \
		text_is((view), (string)), "%.*s instead of %s", TEXT_ARGUMENTS(view), (string))

TCase *case_methods(void);
TCase *case_values(void);
TCase *case_places(void);
TCase *case_exclusions(void);
TCase *case_work(void);
TCase *case_weights(void);
TCase *case_layouts(void);
TCase *case_disagreement(void);
TCase *case_roots(void);
TCase *case_order(void);
TCase *case_keep(void);
TCase *case_corpus(void);
