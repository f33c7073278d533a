/* One resolution under way: what the stages of the pipeline hand to each other. Internal to this floor. */
#pragma once

#include "resolve/facts.h"
#include "resolve/registry.h"
#include "resolve/resolve.h"

struct layout; /* edits.h */

struct resolver {
	struct arena *arena;
	const struct resolve_request *request;
	const struct resolve_limits *limits;
	struct document document;
	const struct node *root;
	struct lines lines; /* of the config; count 0 until the first finding needs it */
	struct lines checkpoint_lines;
	const struct layout *layout; /* see resolver_layout() */
	struct findings findings;
	uint64_t *known_letters; /* see known_key_nearest(); NULL until the first unknown key */
	struct facts facts;
	bool migrated_before; /* the config is the outcome of a migration, which is to be proved */
};

/* resolve() of a text that a migration made: without `migrated` when it would change again. */
const struct resolution *resolve_migrated(
	struct arena *arena, const struct resolve_request *request);

/* A place in the config: of a member, or of the span alone. */
struct place {
	struct text path;
	const struct member *member; /* NULL: use `span` */
	struct span span;
	bool nowhere;  /* a path without lines */
	bool key_only; /* the member's key alone */
};

/*
 * Says a finding of a rule without a predicate. `words` end with a NULL name; `places` may be 0. A severity of
 * SEVERITY_NONE under the target says nothing. NULL then, and after the arena failed.
 */
struct diagnostic *report(struct resolver *resolver, const char *rule_id, const struct word *words,
	const struct place *places, size_t place_count);
/* The last word, when there were more findings than are kept. */
void report_left_out(struct resolver *resolver);
/* Runs every rule of a stage that has a predicate. Errors of the schema stage silence the slots they read. */
void report_broken_rules(struct resolver *resolver, enum stage stage);
/* An error of a rule with a predicate that does not hold of the request's own facts holds of these. */
bool report_would_add_error(const struct resolver *resolver, const struct facts *tried);
/* Turns the faults of the readers into findings. */
void report_document(struct resolver *resolver, const struct document_problem *problems);
void report_checkpoint(struct resolver *resolver, const struct checkpoint *checkpoint);

/* The config came in another encoding: marks and bytes count in its UTF-8 form. */
bool resolver_converted(const struct resolver *resolver);
/* The config's lines, indexed when first asked for. */
const struct lines *resolver_lines(struct resolver *resolver);

/* The config's layout, made when first asked for; NULL when the arena failed. */
const struct layout *resolver_layout(struct resolver *resolver);

/* "/adapter", "/peft/backend" */
struct text key_path(struct arena *arena, const struct facts *facts, enum key key);
/* The base quantization as it was asked for, for people. */
struct text base_words(struct arena *arena, const struct facts *facts);
/* A scalar as it was written, quoted where it was; a collection by its kind. At most about 60 bytes. */
struct text value_words(struct arena *arena, const struct node *value);

#define RULE_WORDS_MAXIMUM (RULE_READS_MAXIMUM + 8)

/* One for each placeholder of the rule's message and remedy; room for one more, whose name is NULL. */
void rule_words(struct resolver *resolver, const struct rule *rule, struct word *words);
/* A false flag that a rule merely looks at is not to be shown, unless the rule asks for it by `at`. */
bool rule_shows(const struct facts *facts, const struct rule *rule, enum key key);

/* settings.c: members to typed slots. */
void settings_read(struct resolver *resolver);
/* Types one value; FAULTY after having reported. `name` is for people ("peft.backend"). */
struct setting setting_read(struct resolver *resolver, const struct member *member,
	struct text path, struct text name, const struct key_row *row);

/* dialect.c: slots to spellings and the base quantization. */
void dialect_read(struct resolver *resolver);
/* The facts, had another name stood in `adapter`, which is set. */
struct facts dialect_with_adapter(const struct facts *facts, const char *adapter);
/* The most specific spelling decides; whether the others agree is for the rules to say. */
const struct base_spelling *base_decisive(const struct base_quantization *base);
void dialect_list(const struct resolver *resolver, struct resolution *resolution);
/* block.c: the mapping forms. */
bool block_is_body_key(struct text key); /* weight_dtype, group_size, config_kwargs */
void block_read_structured(struct resolver *resolver, struct base_spelling *spelling);
void block_read_peft(struct resolver *resolver, struct base_spelling *spelling);

/* lookup.c: the checkpoint of the request, or of base_model below a model root. */
void checkpoint_read(struct resolver *resolver);

/* estimate.c: the bytes of the base weights as they would be stored; NULL where the tensors are not known. */
const struct weights_estimate *estimate_make(
	struct arena *arena, const struct facts *facts, const struct effective *effective);

/* … how the base is stored, under torchao and fp8; the list that fp8 reads, and the names in a list. */
struct weights_target base_target(const struct facts *facts);
const struct node *fp8_skip_list(const struct node *kwargs);
const struct text *skip_names(struct arena *arena, const struct node *list, size_t *ret_count);

/* shapes.c: linear modules that the request's blocks do not share out. */
void shapes_read(struct resolver *resolver);

/* canonical.c: the config in the target's spelling. */
const struct node *canonical_make(struct resolver *resolver);
/* True when the entry asks for the base, so that the block may stand in its place: it stands in the first one's, unless
 * canonical_place() names one. */
bool canonical_asks(const struct facts *facts, const struct member *member);
/* A block of another form stays where it stands: its entry; NULL for the first one that asks. */
const struct member *canonical_place(const struct facts *facts, enum target target);
/* True for the keys of the top level that the canonical form may change, remove or add. */
bool canonical_touches(struct text key);
const struct patch_operation *patch_make(
	struct arena *arena, const struct node *before, const struct node *after);

/* effective.c: what would be installed. */
const struct effective *effective_make(struct resolver *resolver);
