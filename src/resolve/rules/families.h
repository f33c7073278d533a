/* The tables of rules, one a family. A row's form: schema/rule.h. */
#pragma once

#include "schema/rule.h"

struct rule_family {
	const struct rule *rules;
	size_t count;
};

extern const struct rule_family rules_syntax;
extern const struct rule_family rules_schema;
extern const struct rule_family rules_blocks;
extern const struct rule_family rules_deprecated;
extern const struct rule_family rules_flags;
extern const struct rule_family rules_adapter;
extern const struct rule_family rules_torchao;
extern const struct rule_family rules_merge;
extern const struct rule_family rules_experts;
extern const struct rule_family rules_training;
extern const struct rule_family rules_keywords;
extern const struct rule_family rules_load;
extern const struct rule_family rules_checkpoint;

#define RULE_FAMILY(name, table)                                                                   \
	const struct rule_family name = { (table), sizeof(table) / sizeof((table)[0]) }

/* The same severity under every target; and the two other common shapes. */
#define ALWAYS(severity)                                                                           \
	{                                                                                          \
		(severity), (severity), (severity)                                                 \
	}
#define EXCEPT_FLAT(severity, under_flat)                                                          \
	{                                                                                          \
		(severity), (under_flat), (severity)                                               \
	}
#define EXCEPT_RELEASED(severity, under_released)                                                  \
	{                                                                                          \
		(severity), (severity), (under_released)                                           \
	}
