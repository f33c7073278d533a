/*
 * One registry of everything that can be said about a config. A rule is a row; the tables sit in
 * resolve/rules/. `struct facts` is opaque here: rows name predicates, the schema knows no policy.
 */
#pragma once

#include "schema/keys.h"
#include "schema/target.h"

struct facts;

enum stage {
	STAGE_SYNTAX,
	STAGE_SCHEMA,
	STAGE_VALIDATION,
	STAGE_LOAD,
	STAGE_COUNT,
};

enum severity {
	SEVERITY_NONE, /* 0: the rule does not exist under that target */
	SEVERITY_NOTE,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	SEVERITY_COUNT,
};

#define RULE_READS_MAXIMUM 10
#define RULE_ALSO_MAXIMUM 4

/* How one edit repairs a finding; nothing where the choice is the user's. */
enum fix_kind {
	FIX_NONE,
	FIX_REMOVE,       /* the entries of `keys` that are set (of switches: those that are on) */
	FIX_REMOVE_SET,   /* the same, and of switches those that are off, too */
	FIX_SET,          /* `keys` to `value`; those that are missing are added */
	FIX_ADAPTER,      /* the adapter's name to the one it is close to */
	FIX_STRIP_PREFIX, /* `value`, from the keys inside of the first of `keys` */
};

struct rule {
	const char *id; /* part of the API: never renamed, never reused */
	enum stage stage;
	enum severity severity[TARGET_COUNT];
	/*
	 * What it reads: the first slot that is set is the main place, the others follow. A slot in
	 * error silences the rule. Ends with KEY_NONE. For rules without a predicate: empty, the
	 * reader that raises them gives the places. KEY_BASE_QUANTIZATION stands for the base
	 * quantization in whatever dialect, KEY_CHECKPOINT for the inspected checkpoint.
	 */
	enum key reads[RULE_READS_MAXIMUM];
	/* The places to show, where they are not simply `reads`; the first that is set is the main one. */
	enum key at[RULE_READS_MAXIMUM];
	/* NULL for rules that a reader raises. Pure: no message, no allocation. */
	bool (*broken)(const struct facts *facts);
	const char *summary; /* the condition in one clause, for lists */
	/*
	 * `{name}` stands for a slot in `reads` by its key's name ("{gptq}" gives "gptq: true"), {base} for
	 * the base quantization as it was asked for, {checkpoint} for the checkpoint's method, or for
	 * what the reader hands over ({value}, {key}, {expected}, {suggestion}, …).
	 */
	const char *message;
	const char *remedy;
	/* The remedy in words for every finding, where it has placeholders; else NULL. */
	const char *advice;
	const char *why;
	/* Examples, which are tests: `bad` raises this rule and no other error but those in `also`;
	 * `good` does not. */
	const char *bad;
	const char *good;
	const char *bad_checkpoint;  /* the checkpoint's config.json for `bad`, or NULL */
	const char *good_checkpoint; /* … for `good` */
	enum target target;          /* under which the examples run */
	bool require_checkpoint; /* an error where the request requires a checkpoint; `bad` runs so */
	/* Of something that is not there: its place says where it would be named, and shows people nothing. */
	bool blameless;
	const char *also[RULE_ALSO_MAXIMUM];
	struct {
		enum fix_kind kind;
		enum key keys[5]; /* ends with KEY_NONE */
		const char *value;
		enum key along;  /* FIX_SET: a switch that becomes `value`, too, where it is on */
		enum key unless; /* no repair while this switch is on */
	} fix;
};

/* An older spelling, or another generation's: a migration is its repair. */
bool rule_is_of_spelling(const struct rule *rule);
const char *stage_name(enum stage stage);
const char *severity_name(enum severity severity);
/* What to do, without placeholders: for lists of rules. */
const char *rule_advice(const struct rule *rule);
