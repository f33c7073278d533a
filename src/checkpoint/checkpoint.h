/*
 * What a model folder says about its own quantization. Pure where it is handed bytes; roots.h alone
 * opens files. Source of every fact: the table of methods (methods.h).
 */
#pragma once

#include "checkpoint/declaration/methods.h"
#include "source/document.h"

/* What is wrong or worth knowing in the checkpoint itself; the resolver turns each into its rule.
 */
enum checkpoint_fault {
	CHECKPOINT_UNREADABLE, /* no JSON, too deep, too large, not UTF-8, a byte order mark; detail says which */
	CHECKPOINT_NOT_AN_OBJECT,
	CHECKPOINT_METHOD_MISSING, /* a block that transformers reads, without quant_method and
				      load_in_* */
	CHECKPOINT_METHOD_UNKNOWN, /* a name that transformers does not know and would skip */
	CHECKPOINT_WRONG_TYPE, /* value of a key of the block has a type the method does not read */
	CHECKPOINT_VALUE_ODD,  /* a value that the method does not know, where transformers goes on
			       */
	CHECKPOINT_KEY_UNREAD, /* it tells how weights are stored, and the class in transformers drops it */
	CHECKPOINT_BLOCK_ODD, /* null, {} or another value in the block's place, where transformers
				 goes on */
	CHECKPOINT_BLOCK_REFUSED, /* transformers fails on what stands in the block's place, or its
				     class raises. A {} without a method is
				     CHECKPOINT_METHOD_MISSING */
	CHECKPOINT_EXCLUSION_INVALID,      /* an entry that is no string, or a pattern that does not
					 compile */
	CHECKPOINT_UNSEEN_BY_AXOLOTL,      /* found at a place that Axolotl does not read, but
					 transformers does */
	CHECKPOINT_UNSEEN_BY_TRANSFORMERS, /* nor does Axolotl */
	CHECKPOINT_SIDE_FILE_ALONE,        /* the block came without config.json, which decides */
	CHECKPOINT_DUPLICATE_KEY,
	CHECKPOINT_WEIGHTS_DISAGREE, /* the tensors are not what the block declares */
	CHECKPOINT_SHARDS_MISSING,   /* an index names shards that are not there, beside others that
				      are */
	CHECKPOINT_WEIGHTS_ABSENT,   /* none of them is there */
	CHECKPOINT_EXCLUSIONS_UNMATCHED, /* entries that match no module, where modules are known */
	CHECKPOINT_EXCLUSIONS_UNTRIED,   /* entries beyond our own bounds */
	CHECKPOINT_REVISION_UNSEEN, /* asked for, where there are none: in a plain model root */
	CHECKPOINT_FILE_BAD, /* a side file, index or safetensors header that cannot be used */
	CHECKPOINT_FAULT_COUNT,
};

struct checkpoint_problem {
	enum checkpoint_fault fault;
	struct text file;   /* a side file's name; "" for what was inspected itself */
	struct text path;   /* JSON Pointer into the file */
	struct text value;  /* what stands there, for the message; cut when long */
	struct text detail; /* one clause: what was expected, or what a loader does with it */
	bool placed;
	struct span span;
	struct checkpoint_problem *next;
};

enum checkpoint_source {
	CHECKPOINT_FROM_REQUEST,
	CHECKPOINT_FROM_MODEL_ROOT,
	CHECKPOINT_FROM_HF_CACHE,
};

/* One weights scheme; a mixed checkpoint has several. Texts are "" where unknown or not applicable.
 */
struct scheme {
	const char *family;       /* mxfp4, nvfp4, int4, int8, fp8, mxfp8, nf4, fp4, ternary, mixed,
				     other; NULL unknown */
	struct text weight_bits;  /* JSON number digits: "4", "4.25", "1.58" */
	struct text group_size;   /* JSON: "32", "[128,128]", "-1" */
	struct text symmetric;    /* "true", "false" */
	struct text weight_dtype; /* "fp4", "int4", … */
	struct text scale;        /* "e8m0", "ue8m0", "float", … */
	struct text activations; /* dtype of quantized activations; "" when they stay as they are */
	struct text group;       /* of a mixed scheme: the name or pattern of the group, "" for all
				    that no other group names */
	size_t modules;          /* of a mixed scheme that lists its modules: how many; else 0 */
};

/* What is kept at most; what goes beyond is counted. */
#define CHECKPOINT_PROBLEMS_MAXIMUM 100
#define CHECKPOINT_GROUPS_MAXIMUM 64

enum role {
	ROLE_ATTENTION,
	ROLE_ROUTER,
	ROLE_EXPERTS,
	ROLE_SHARED_EXPERTS,
	ROLE_MLP,
	ROLE_LM_HEAD,
	ROLE_EMBEDDINGS,
	ROLE_NORM,
	ROLE_VISION,
	ROLE_PROJECTOR,
	ROLE_MTP,
	ROLE_OTHER,
	ROLE_COUNT,
};

const char *role_name(enum role role);

#define ROLES_REMEMBERED 64

/*
 * Which rows of the table of roles can be about a name at all: those whose first two letters it has. Names of one
 * kind come again in every layer: those that were met are remembered, and must stay where they are.
 */
struct role_finder {
	uint64_t first[128]; /* for each letter, a bit for each row */
	uint64_t second[128];
	struct {
		struct text name;
		enum role role;
	} met[ROLES_REMEMBERED];
};

void role_finder_init(struct role_finder *finder);
/* By the parts of a module's name, or of a pattern for names. */
enum role role_of(struct role_finder *finder, struct text name);

enum outcome {
	OUTCOME_ABSENT, /* no module has this role */
	OUTCOME_NATIVE,
	OUTCOME_QUANTIZED,
	OUTCOME_MIXED,
};

struct pattern;

/* One entry of a list or mapping that says what is quantized and what stays as it is. */
struct exclusion {
	struct text name; /* as written */
	struct text key;  /* what is compared: without "-:", "+:", "re:" */
	enum role role;
	enum exclusion_grammar grammar;
	bool excludes; /* false: an entry of an ordered or inclusive list that quantizes */
	bool only;     /* of an inclusive list */
	bool regex;    /* `key` is a pattern */
	bool broken;   /* cannot be tried; excludes nothing */
	bool untried; /* broken because it takes too long, or is too long: nobody knows what it meets */
	bool met;     /* it matches a module, if one that another entry decides */
	const struct pattern *pattern; /* NULL for plain names */
	size_t modules;                /* that it decides; once modules are known */
};

struct exclusions {
	size_t count;
	const char *grammar; /* of the method: "transformers", "exact|re:", "glob", "dynamic", … ;
				NULL without a list */
	size_t roles[ROLE_COUNT];
	struct text *entries;   /* all of them, in order */
	struct exclusion *list; /* the same, and the entries that quantize, in order */
	size_t list_count;
	size_t only_count;  /* entries of inclusive lists */
	bool modules_known; /* the rest is meaningful */
	size_t unmatched;   /* excluding entries that match no module */
	size_t untried;     /* entries beyond our own bounds */
	enum outcome outcomes[ROLE_COUNT];
};

struct checkpoint {
	enum checkpoint_source source;
	struct text model;
	struct text revision; /* "" for none */
	struct text model_type;
	struct text torch_dtype;
	struct text *architectures;
	size_t architecture_count;
	uint64_t experts; /* 0: not a mixture of experts, or not told */
	uint64_t experts_per_token;
	bool has_conv1d; /* its matrices are transformers' Conv1D, no linear modules: architectures.c */
	bool fuses_experts; /* transformers keeps them as parameters, in no linear modules: architectures.c */
	bool quantized;
	const char *stored_as;    /* how the tensors are packed that no block declares; else NULL */
	const struct node *block; /* the quantization block, NULL without one */
	struct text quant_method; /* as written; "" when absent */
	const struct method_row *method; /* the family it belongs to; NULL when nobody knows it */
	bool known_to_transformers;      /* by exactly this spelling, or by load_in_* */
	unsigned known_to;               /* 1u << enum engine: who reads exactly this */
	bool seen_by_axolotl;            /* at the top level of config.json */
	const char *record; /* the top level's value, for messages, where Axolotl fails on it under
			       lora and transformers goes on; else NULL */
	bool seen_by_transformers;
	bool by_release; /* some releases of the method's library raise on the block */
	bool alone;      /* a side file without its config.json, where the same block may stand */
	const char *config_class; /* transformers' class for it; NULL when transformers would skip
				     or refuse it */
	const char
		*found_in; /* "quantization_config", "text_config.quantization_config", … ; NULL */
	bool load_in_4bit, load_in_8bit; /* of bitsandbytes */
	bool dequantize;                 /* the block itself says dequantize: true */
	int trainable_with_adapter;      /* 1, 0, or -1 when nobody knows */
	const char *loading;             /* what becomes of the block: "forwarded unchanged", …;
					    NULL when nothing is quantized */
	const char *const *overridable;  /* attributes a config of the same class may override */
	size_t overridable_count;
	struct text expert_dtype; /* of config.json's top level; "" when absent */
	struct scheme scheme;
	struct scheme *groups; /* of a mixed scheme */
	size_t group_count;
	size_t groups_left_out;
	struct exclusions exclusions;
	struct checkpoint_problem *problems; /* in order of appearance */
	size_t problem_count;
	size_t problems_left_out;
	struct text bytes; /* what problems' spans count in */
	struct weights
		*weights; /* NULL without an index or headers beside config.json (weights.h) */
};

/* Files beside config.json that may carry a block, in the order in which they are asked. */
enum side_file {
	SIDE_HF_QUANT_CONFIG,
	SIDE_QUANTIZE_CONFIG,
	SIDE_QUANT_CONFIG,
	SIDE_QUANTIZATION_CONFIG,
	SIDE_COUNT,
};

const char *side_file_name(enum side_file side);

/* The start of a *.safetensors file. */
struct shard {
	struct text name;
	struct text head; /* its first bytes: the length and, when it is whole, the JSON */
	uint64_t size;    /* of the whole file */
};

/* How many faults of files are noted at most. */
#define CHECKPOINT_FAULTS_MAXIMUM 16

/* A file that stands there and could not be read. */
struct file_fault {
	struct text name;
	struct text detail; /* one clause */
};

/* A model folder's files, as read by roots.c; a `data` of NULL is a missing file. */
struct checkpoint_files {
	struct text config;
	struct text side[SIDE_COUNT];
	struct text index; /* model.safetensors.index.json */
	const struct shard *shards;
	size_t shard_count;
	bool shards_incomplete; /* there are more than these: sums would be wrong */
	const struct file_fault *faults;
	size_t fault_count;
};

/*
 * Inspects a config.json (or a side file's contents: recognised by its shape). Never NULL but when
 * the arena failed. `tree` may be given when the caller has read the bytes (or has no bytes: then
 * spans mean nothing).
 */
struct checkpoint *checkpoint_inspect(struct arena *arena, struct text bytes,
	const struct node *tree, const struct document_limits *limits);

/*
 * The same for a folder: config.json with what stands beside it. Problems in other files than
 * config.json carry the file's name and no span.
 */
struct checkpoint *checkpoint_inspect_files(struct arena *arena,
	const struct checkpoint_files *files, const struct document_limits *limits);

/* Notes on a checkpoint of that arena that its folder cannot tell which revision it is. */
void checkpoint_note_revision(
	struct checkpoint *checkpoint, struct arena *arena, struct text revision);
