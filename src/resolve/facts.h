/*
 * What rules read: typed values by slot, and the base quantization that they add up to. Filled by settings.c and dialect.c,
 * read-only afterwards. The helpers below are the vocabulary of predicates.
 */
#pragma once

#include "checkpoint/weights/weights.h"
#include "resolve/backends.h"
#include "schema/rule.h"

enum setting_state {
	SETTING_MISSING,
	SETTING_NULL, /* written without a value: not set */
	SETTING_FAULTY,
	SETTING_SET,
};

struct setting {
	enum setting_state state;
	bool boolean;                /* of a boolean */
	bool automatic;              /* the word `auto` where a boolean may say so */
	struct text text;            /* of a string, choice or number */
	const struct node *value;    /* as written; NULL when missing */
	const struct member *member; /* NULL when missing */
};

enum dialect {
	DIALECT_NONE,
	DIALECT_NESTED,
	DIALECT_FLAT,
	DIALECT_CLASS_NAME,
	DIALECT_PEFT_BLOCK,
	DIALECT_FLAGS,
	DIALECT_COUNT,
};

const char *dialect_name(enum dialect dialect);

/* One way in which the config asks for a base quantization. */
struct base_spelling {
	enum dialect dialect; /* DIALECT_NONE: this spelling does not stand here */
	bool faulty;
	enum backend backend;
	enum dtype dtype;
	const struct node *group_size;    /* NULL when absent */
	int64_t group_size_value;         /* meaningful with group_size */
	const struct node *config_kwargs; /* NULL when absent */
	const struct node
		*body; /* the mapping that holds weight_dtype …; NULL for flags and class names */
	struct text path;                  /* JSON Pointer of the main place */
	const struct member *member;       /* … and its entry */
	const struct member *dtype_member; /* where the weight dtype stands, NULL without one */
	const struct member *group_member;
};

struct base_quantization {
	enum dialect
		dialect; /* the most specific spelling; DIALECT_NONE when nothing is asked for */
	enum backend backend;
	enum dtype dtype;
	bool group_size_set;
	int64_t group_size; /* meaningful when group_size_set */
	const struct installed_row
		*row;     /* NULL for DTYPE_MXFP4 under torchao, and without a base */
	bool nf4_backend; /* the key nf4_backend took part */
	struct base_spelling structured; /* nested, flat or class-name */
	struct base_spelling peft;
	struct base_spelling flags;
};

struct shape_row;

struct misfit {
	const struct shape_row *row;       /* shapes.h; NULL where all fit, or nothing is known */
	const struct weights_class *first; /* one of them */
	size_t modules;
	size_t all;    /* linear modules that were looked at */
	uint32_t rows; /* what their shapes should be multiples of; 0: nothing */
	uint32_t columns;
};

struct facts {
	struct setting settings[KEY_COUNT];
	struct base_quantization base;
	const struct checkpoint *checkpoint; /* NULL when none was inspected */
	struct text lookup;   /* why no checkpoint was inspected, one clause; "" when one was */
	bool lookup_unusable; /* it is there, and cannot be used */
	bool lookup_closed;   /* it is not found, and a model root cannot be opened */
	struct text
		ignored; /* of a request over a checkpoint of its own class: its values that the stored ones beat */
	struct text
		dropped; /* … and what the request's list lacks of the stored one; both for messages, "" for nothing */
	struct misfit misfit; /* linear modules whose shape the request's format does not take */
	/* Keywords of a request, in config_kwargs or bnb_config_kwargs; for messages, "" for none. */
	struct text kwargs_refused; /* that the class raises on */
	struct text kwargs_misread; /* that it takes, and means something else by */
	struct text kwargs_unknown; /* that it does not know */
	/* The request's list of modules that stay as they are. */
	struct {
		struct text name; /* of its keyword */
		struct text
			refused; /* entries that transformers raises on; for messages, "" for none */
		struct text idle; /* … that leave out nothing */
		bool drops_head;  /* lm_head is quantized, too, which it is not without a list */
	} skips;
	bool require_checkpoint;
	bool checkpoint_named;  /* by the request, not by the config */
	bool checkpoint_wanted; /* the request did not say that none should be looked at */
	enum target target;
	bool faulty[KEY_COUNT]; /* slots that silence the rules that read them */
};

/* Slots. */
bool is_set(const struct facts *facts, enum key key);
bool is_true(const struct facts *facts, enum key key);
/* `false` written out, not merely missing. */
bool is_false(const struct facts *facts, enum key key);
bool says(const struct facts *facts, enum key key, const char *word);
bool nonempty(const struct facts *facts, enum key key);

/* The base quantization. */
bool base_is(const struct facts *facts, enum backend backend);
bool base_has_dtype(const struct facts *facts, enum dtype dtype);
bool base_is_4bit(const struct facts *facts);
/* bnb or torchao: installed by the loader for an adapter alone. */
bool base_needs_adapter(const struct facts *facts);
/* Asked for, not dropped for a merge, and beside an adapter for which the loader installs it. */
bool base_reaches_loader(const struct facts *facts);
/* A nested, flat or peft-block spelling (not a class name) of that backend. */
bool block_is(const struct facts *facts, enum backend backend);
bool has_block(const struct facts *facts);

/* The situation. */
bool adapter_is_lora(const struct facts *facts); /* lora or qlora */
bool adapter_is_missing(const struct facts *facts);
/* The built-in adapter that the name is close to; NULL when there is none. */
const char *adapter_meant(const struct facts *facts);
/* nf4_backend beside load_in_4bit and a misspelt qlora, whose correction gives it its effect. */
bool nf4_backend_waits(const struct facts *facts);
bool merging(const struct facts *facts);
bool training(const struct facts *facts);
/* Merge mode with both flags explicitly false: merge into the unquantized base. */
bool merge_drops_base(const struct facts *facts);
bool fsdp2(const struct facts *facts);
bool any_kernel(const struct facts *facts);

/* The checkpoint. */
bool checkpoint_quantized(const struct facts *facts);
bool checkpoint_is(const struct facts *facts, enum method method);
/* The class that Axolotl makes of the block itself, by its quant_method alone, before it looks at any request (for lora and
 * qlora): those of gptq, awq and bitsandbytes; NULL for others. */
const char *checkpoint_handed_class(const struct facts *facts);
/* It makes one, and transformers finds the same. */
bool checkpoint_handed_on(const struct facts *facts);
/* It makes one, and transformers finds another. */
bool checkpoint_contradicts(const struct facts *facts);
/* A class that Axolotl makes of a block that transformers passes by, so that what is stored is quantized once more:
 * bitsandbytes without load_in_4bit and load_in_8bit, under lora. */
bool checkpoint_made_anew(const struct facts *facts);
/* The loader stops on the block before any request counts. */
bool checkpoint_stops_loader(const struct facts *facts);
/* transformers would load it by its own scheme: it sees the block and knows the method. */
bool checkpoint_honoured(const struct facts *facts);
/* The request names the checkpoint's own configuration class. */
bool checkpoint_same_class(const struct facts *facts);
/* … and reaches transformers as that class: the stored values stay, but for the class's loading attributes. */
bool checkpoint_overridden(const struct facts *facts);
/* The keywords of an mxfp4 or fp8 request; NULL for none. */
const struct node *base_kwargs(const struct facts *facts);
/* mxfp4 or fp8: a configuration class by itself. */
bool base_is_class(const struct facts *facts);
/* `dequantize: true`, in the checkpoint or in an override of its own class. */
bool checkpoint_dequantized(const struct facts *facts);
/* dequantize: true over an unquantized checkpoint: nothing is unpacked, and nothing is quantized either. */
bool dequantizes_nothing(const struct facts *facts);
/* A mixture whose experts are quantized, and whose attention is not. */
bool experts_alone_quantized(const struct facts *facts);
/* No mixture of experts: neither config.json nor any tensor's name tells of one. */
bool lacks_experts(const struct facts *facts);
/* A bnb or torchao base over a mixture whose experts are no linear modules, and no quantize_moe_experts. */
bool experts_stay_native(const struct facts *facts);
/* Linear modules by whose inputs the group of torchao's int4 does not divide; *ret_first is one of them, *ret_all counts all. */
size_t modules_passed(
	const struct facts *facts, const struct weights_class **ret_first, size_t *ret_all);
/* Bits of the dtype in which the config loads weights that are not quantized. */
unsigned float_bits(const struct facts *facts);
/* mxfp4 over an unquantized checkpoint of another architecture than gpt_oss, whose experts alone are ever replaced. */
bool mxfp4_changes_nothing(const struct facts *facts);
