/* Reading the mapping forms of the base quantization. Internal to block.c and block_body.c. */
#pragma once

#include "resolve/fix.h"
#include "resolve/resolver.h"

struct block {
	struct resolver *resolver;
	struct base_spelling *spelling;
	const struct member *outer; /* model_quantization_config or peft */
	const char *outer_name;
	struct text path; /* of the mapping that holds weight_dtype … */
	struct text name; /* the same for people */
};

/* Says a finding at a member; an error makes the spelling faulty. */
struct diagnostic *block_say(const struct block *block, const char *rule, const struct word *words,
	struct text path, const struct member *member);
struct text block_path_below(const struct block *block, const struct member *member);
struct text block_name_below(const struct block *block, const struct member *member);
/* A typed member; not SETTING_SET after a fault or for null. */
struct setting block_member(
	const struct block *block, const struct member *member, const struct key_row *row);
/* weight_dtype, group_size, config_kwargs and what else stands beside them. */
void block_read_body(const struct block *block, const struct node *body);
/* A key that nobody reads; `body` is the mapping that it stands in, where a known key could stand. */
void block_say_unknown_key(
	const struct block *block, const struct node *body, const struct member *member);
