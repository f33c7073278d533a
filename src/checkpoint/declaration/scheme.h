/*
 * From a block's contents to schemes. A reader adds each scheme that it finds; equal ones are
 * counted together, and what is left is one scheme or a mixture. Labels are not trusted: the family
 * follows from the numbers.
 */
#pragma once

#include "checkpoint/inspector.h"

/* Longer numbers count nothing, and not every reader of JSON takes them. */
#define SCHEME_DIGITS_MAXIMUM 19

/* A scheme said in constants; NULL for what does not apply. */
struct scheme_preset {
	const char *name;
	const char *family;
	const char *bits;
	const char *group_size;
	const char *symmetric;
	const char *weight_dtype;
	const char *scale;
	const char *activations;
};

struct scheme scheme_of_preset(const struct scheme_preset *preset);
/* The preset of that name, without regard to case, "_" and "-"; NULL for none. The list ends with a
 * NULL name. */
const struct scheme_preset *scheme_preset_find(
	const struct scheme_preset *presets, struct text name);
/*
 * The family of `floating` or integer weights by bits, group size ("32") and scale ("e8m0"); texts
 * may be "".
 */
const char *scheme_family(
	bool floating, struct text bits, struct text group_size, struct text scale);
/* The digits of a number, else "". */
struct text scheme_digits(const struct node *node);
/* The same of a width in bits: "" too where it is below 1, "4" for 4.0. */
struct text scheme_bits(const struct node *node);
/* A group size as JSON: a number, or a list of at most four; else "". */
struct text scheme_size(struct arena *arena, const struct node *node);
/* "true", "false", or "". */
struct text scheme_boolean(const struct node *node);
/* The first of the keys that stands in the block with a value other than null. */
const struct node *scheme_first(const struct node *block, const char *const *keys, size_t count);
/* What a row's keys say of a block, or of a part of it. */
struct scheme scheme_by_keys(
	struct arena *arena, const struct scheme_keys *keys, const struct node *block);
/* Adds a scheme, or counts it to an equal one: same weights, whatever the name. */
void scheme_add(struct inspector *inspector, struct scheme scheme);

/* The readers of methods.c. */
void scheme_read_bitsandbytes(struct inspector *inspector);
void scheme_read_gptq(struct inspector *inspector);
void scheme_read_fp8(struct inspector *inspector);
void scheme_read_compressed_tensors(struct inspector *inspector);
void scheme_read_modelopt(struct inspector *inspector);
void scheme_read_quark(struct inspector *inspector);
void scheme_read_torchao(struct inspector *inspector);
void scheme_read_aqlm(struct inspector *inspector);
void scheme_read_vptq(struct inspector *inspector);
void scheme_read_named_dtype(struct inspector *inspector);
void scheme_read_hqq(struct inspector *inspector);
void scheme_read_fp_quant(struct inspector *inspector);
void scheme_read_auto_round(struct inspector *inspector);
void scheme_read_gemma(struct inspector *inspector);
void scheme_read_mlx(struct inspector *inspector);
/* Whether a ModelOpt part names its algorithm or groups; adds its schemes. */
bool scheme_add_modelopt(struct inspector *inspector, const struct node *block);
/* torchao's quant_type.default; NULL when it is told by a string or not at all. */
const struct node *torchao_config(const struct node *block);
