/*
 * The catalogue: one row a quantization method, with all that its name alone decides. What only a
 * block's contents tell is read by scheme.h's readers, which the rows name.
 */
#pragma once

#include "source/node.h"

enum method {
	METHOD_NONE,
	METHOD_BITSANDBYTES,
	METHOD_GPTQ,
	METHOD_AWQ,
	METHOD_MXFP4,
	METHOD_FP8,
	METHOD_COMPRESSED_TENSORS,
	METHOD_QUARK,
	METHOD_TORCHAO,
	METHOD_MXFP8,
	METHOD_FBGEMM_FP8,
	METHOD_AQLM,
	METHOD_VPTQ,
	METHOD_QUANTO,
	METHOD_EETQ,
	METHOD_HQQ,
	METHOD_HIGGS,
	METHOD_BITNET,
	METHOD_SPQR,
	METHOD_FP_QUANT,
	METHOD_AUTO_ROUND,
	METHOD_METAL,
	METHOD_FOUROVERSIX,
	METHOD_SINQ,
	METHOD_GEMMA,
	METHOD_NVFP4,
	METHOD_MODELOPT,
	METHOD_MLX,
	METHOD_EXL2,
	METHOD_EXL3,
	METHOD_GGUF,
	METHOD_OTHER, /* of one engine only, nothing more is known than the row says */
	METHOD_COUNT,
};

/* Who reads a spelling; names in engine_name(). */
enum engine {
	ENGINE_TRANSFORMERS,
	ENGINE_VLLM,
	ENGINE_SGLANG,
	ENGINE_TENSORRT_LLM,
	ENGINE_MLX,
	ENGINE_EXLLAMA,
	ENGINE_GPTQMODEL,
	ENGINE_LMDEPLOY,
	ENGINE_RTP_LLM,
	ENGINE_COUNT,
};

/* How an entry of an exclusion list meets a module's name. */
enum exclusion_grammar {
	GRAMMAR_NONE,
	GRAMMAR_TRANSFORMERS, /* a regex that matches at the start, or a plain suffix */
	GRAMMAR_EXACT_RE,     /* exact; "re:" a regex at the start; a module class's name */
	GRAMMAR_QUARK,        /* exact or "re:" a regex at the start */
	GRAMMAR_GLOB,         /* whole-string glob, exact, or substring */
	GRAMMAR_DYNAMIC,      /* regexes at the start, in order, the first decides; "-:" excludes */
	GRAMMAR_AUTO_ROUND,   /* exact, suffix, or a regex anywhere where it has regex characters */
	GRAMMAR_TAGS,         /* exact on names without their layer number */
	GRAMMAR_EXACT,        /* the module's path */
	GRAMMAR_FQN,          /* exact, "re:" a regex of the whole name, or "_default" */
	GRAMMAR_PREFIX,       /* a dotted prefix */
	GRAMMAR_SEARCH,       /* a regex anywhere, in order, the first decides */
	GRAMMAR_COUNT,
};

/* What stands below an exclusion key. */
enum exclusion_form {
	EXCLUSION_NONE,
	EXCLUSION_LIST,     /* names that stay as they are */
	EXCLUSION_DYNAMIC,  /* mapping: "-:" keys are excluded */
	EXCLUSION_BITS,     /* mapping: values with 16 bits or more are excluded */
	EXCLUSION_FALSE,    /* the block itself: keys whose value is false are excluded */
	EXCLUSION_NULL,     /* mapping: keys whose value is null are excluded */
	EXCLUSION_FLAG,     /* a boolean of that name: false excludes the module of that name */
	EXCLUSION_ONLY,     /* names, outside of which all stays as it is */
	EXCLUSION_ONLY_MAP, /* mapping: its keys are such names */
};

struct exclusion_key {
	const char *path; /* below the block, "/" between steps */
	enum exclusion_form form;
	enum exclusion_grammar grammar;
};

struct spelling {
	const char *name;
	unsigned known_to; /* 1u << enum engine */
};

/*
 * Where a plain scheme stands in the block. In each list the first key that is present counts; what
 * is absent takes the class's default.
 */
struct scheme_keys {
	const char *bits[4];
	const char *group_size[3];
	const char *symmetric;  /* a boolean of that meaning */
	const char *asymmetric; /* a boolean of the opposite meaning */
	const char *family;     /* NULL: int4 or int8 by the bits, else other */
	const char *weight_dtype;
	const char *scale;
	const char *activations;
	const char *default_bits;
	const char *default_group_size;
	const char *default_symmetric;
};

enum trainable {
	TRAINABLE_UNKNOWN = -1,
	TRAINABLE_NO = 0,
	TRAINABLE_YES = 1,
	TRAINABLE_BY_BLOCK = 2, /* the block's settings decide: identification.c */
};

struct inspector;

#define METHOD_SPELLINGS 12
#define METHOD_EXCLUSIONS 6
#define METHOD_OVERRIDABLE 3

struct method_row {
	const char *name;         /* the family's name, transformers' spelling where it has one */
	const char *config_class; /* transformers' class; NULL when it has none */
	enum method method;
	unsigned known_to;                                  /* this name; 1u << enum engine */
	struct spelling spellings[METHOD_SPELLINGS];        /* other names, ended by NULL */
	struct exclusion_key exclusions[METHOD_EXCLUSIONS]; /* ended by a NULL path */
	enum trainable trainable; /* what transformers' gate says with an adapter on it */
	const char *overridable[METHOD_OVERRIDABLE]; /* loading attributes, ended by NULL */
	struct scheme_keys keys;
	void (*read_scheme)(struct inspector *); /* NULL: by the keys alone */
	const char *loading;                     /* what Axolotl hands to transformers */
	const char *summary;
};

struct arena;

/*
 * What the method's class takes under that key of its block, where it raises on `value`; NULL where
 * it takes it. In the arena.
 */
const char *method_refuses(
	struct arena *arena, enum method method, struct text key, const struct node *value);

/* What comes of a value that the class takes and misreads; NULL where it does not. In the arena. */
const char *method_misreads(
	struct arena *arena, enum method method, struct text key, const struct node *value);

extern const struct method_row method_rows[];
extern const size_t method_row_count;

const char *engine_name(enum engine engine);
/* For people and replies: "transformers", "exact|re:", "glob", …; NULL for GRAMMAR_NONE. */
const char *grammar_name(enum exclusion_grammar grammar);

/* Row of a family; NULL for METHOD_NONE and METHOD_OTHER. */
const struct method_row *method_find(enum method method);
/*
 * By what transformers would find under exactly this name: NULL unless it has a class for it.
 * "bitsandbytes" is none of its names: it finds that method by load_in_4bit and load_in_8bit.
 */
const struct method_row *method_of_transformers(struct text name);
/*
 * By what people mean: any spelling of the catalogue, without regard to case, "_" and "-". Tells
 * who reads exactly this spelling.
 */
const struct method_row *method_recognise(struct text name, unsigned *ret_known_to);
