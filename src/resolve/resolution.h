/* What the core hands out: everything a reply says. Lives in the request's arena. */
#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/weights/weights.h"
#include "schema/diagnostic.h"

enum resolution_status {
	RESOLUTION_OK,
	RESOLUTION_REJECTED,   /* understood, and has errors */
	RESOLUTION_UNREADABLE, /* an error of stage syntax: "rejected" in the reply, too */
};

enum quantization_source {
	QUANTIZATION_NONE,
	QUANTIZATION_CONFIG,
	QUANTIZATION_CHECKPOINT,
};

/* NULL pointers and empty texts are null in a reply. */
struct effective {
	struct text adapter;
	bool load_in_4bit;
	bool load_in_8bit;
	enum quantization_source source;
	const char *backend;
	struct text quant_method;
	struct text weight_dtype;
	struct text weight_bits; /* digits */
	struct text group_size;  /* JSON */
	bool dequantized;        /* the checkpoint's weights, while they are loaded */
	const char *installs_class;
	const struct node *installs_kwargs; /* mapping; NULL where quant_type_class stands */
	const char *quant_type_class;       /* torchao's */
	const struct node *quant_type_kwargs;
	const char *experts;
	const char *lora_layer;
	const char *fsdp2_bnb_patches;
	const char *merge_method_required;
};

/* RFC 6902, from the config as read to the canonical form. */
struct patch_operation {
	const char *op; /* "add", "remove", "replace" */
	struct text path;
	const struct node *value; /* NULL for "remove" */
	struct patch_operation *next;
};

#define DIALECTS_MAXIMUM 5

struct resolution {
	enum resolution_status status;
	enum target target;
	const char *dialects[DIALECTS_MAXIMUM]; /* in order of appearance */
	size_t dialect_count;
	const struct node *canonical;        /* NULL with any error */
	const struct effective *effective;   /* NULL with any error */
	const struct checkpoint *checkpoint; /* NULL when none was inspected */
	const struct weights_estimate
		*estimate;                  /* of the base weights as requested; NULL: unknown */
	const struct diagnostic **findings; /* sorted by place, then id; all severities */
	size_t finding_count;
	size_t counts[SEVERITY_COUNT];
	const struct patch_operation *patch;
	struct text source;   /* the text that lines and offsets count in; "" for a config that came
				 as a value */
	struct text filename; /* for people */
	bool is_named;        /* by the request; else `filename` is what most are called */
	bool include_exclusions;
	bool include_migrated, include_diff;
	struct text migrated, diff; /* data NULL: null */
};

/* An inspection by itself, for /v1/inspect. */
struct inspection {
	const struct checkpoint *checkpoint;
	const struct diagnostic **findings;
	size_t finding_count;
	bool include_exclusions;
	struct text filename; /* for people; "" stands for the model, or for config.json */
};
