/* The decisive keys: every config key that the resolver reads, and what each may hold. */
#pragma once

#include "source/node.h"

enum key {
	KEY_NONE, /* 0, so that lists of keys end by themselves */
	KEY_ADAPTER,
	KEY_LOAD_IN_4BIT,
	KEY_LOAD_IN_8BIT,
	KEY_MODEL_QUANTIZATION_CONFIG,
	KEY_MODEL_QUANTIZATION_CONFIG_KWARGS,
	KEY_NF4_BACKEND,
	KEY_PEFT,
	KEY_GPTQ,
	KEY_QUANTIZE_MOE_EXPERTS,
	KEY_BNB_CONFIG_KWARGS,
	KEY_MERGE_LORA,
	KEY_MERGE_METHOD,
	KEY_INFERENCE,
	KEY_PEFT_USE_DORA,
	KEY_LORA_TARGET_LINEAR,
	KEY_LORA_TARGET_PARAMETERS,
	KEY_LORA_TARGET_MODULES,
	KEY_LORA_DROPOUT,
	KEY_LORA_MODULES_TO_SAVE,
	KEY_LORA_MLP_KERNEL,
	KEY_LORA_QKV_KERNEL,
	KEY_LORA_O_KERNEL,
	KEY_LORA_EMBEDDING_KERNEL,
	KEY_TRUST_REMOTE_CODE,
	KEY_RELORA,
	KEY_RL,
	KEY_QAT,
	KEY_QUANTIZATION,
	KEY_FP8,
	KEY_USE_ONEBITLLMS,
	KEY_FSDP_CONFIG,
	KEY_FSDP_VERSION,
	KEY_FSDP,
	KEY_DEEPSPEED,
	KEY_PLUGINS,
	KEY_BF16,
	KEY_FP16,
	KEY_BASE_MODEL,
	KEY_REVISION_OF_MODEL,
	/* Members of mappings. */
	KEY_PEFT_BACKEND,
	KEY_PEFT_WEIGHT_DTYPE,
	KEY_PEFT_GROUP_SIZE,
	KEY_FSDP_CONFIG_VERSION,
	KEY_FSDP_CONFIG_RAM_LOADING,
	/* Not written by anybody: made of other slots, so that rules can say that they read them.
	 */
	KEY_BASE_QUANTIZATION,
	KEY_CHECKPOINT,
	KEY_COUNT,
};

enum key_type {
	KEY_TYPE_ANY, /* not judged */
	KEY_TYPE_STRING,
	KEY_TYPE_BOOLEAN,
	KEY_TYPE_BOOLEAN_OR_AUTO, /* anything else is not judged */
	KEY_TYPE_NUMBER,
	KEY_TYPE_MAPPING,
	KEY_TYPE_LIST,
	KEY_TYPE_STRING_OR_LIST,
	KEY_TYPE_STRING_OR_MAPPING,
	KEY_TYPE_CHOICE, /* one of `choices` */
};

struct key_row {
	const char *name;  /* as it is written */
	const char *alias; /* second spelling, for Axolotl's own renames; may be NULL */
	enum key parent;   /* KEY_NONE for the top level */
	enum key_type type;
	const char *expects;    /* for people: "true or false" */
	const char *choices[4]; /* of KEY_TYPE_CHOICE: the words or numbers allowed */
	const char *summary;    /* for /v1/schema and the manuals: one sentence */
};

extern const struct key_row keys[KEY_COUNT];

/* Every key that Axolotl's schema, its plugins or its loader know. */
struct known_key {
	struct text name; /* terminated */
	enum key key;     /* KEY_NONE when it decides nothing */
};

extern const struct known_key known_keys[]; /* known_keys.c, in bytewise order */
extern const size_t known_key_count;

/* A key of the top level by any of its spellings; NULL when nobody knows it. `hash` is text_hash(name). */
const struct known_key *known_key_find(struct text name, uint32_t hash);
/*
 * The known key that an unknown one most likely means, or NULL. `letters` remembers what was worked
 * out of the known keys: known_key_count of them, zeroed at first.
 */
const char *known_key_nearest(struct text name, uint64_t *letters);
