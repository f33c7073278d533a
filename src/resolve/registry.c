#include "resolve/registry.h"

#include "resolve/rules/families.h"

#include <stdlib.h>
#include <string.h>

static const struct rule_family *const families[] = {
	&rules_syntax,
	&rules_schema,
	&rules_blocks,
	&rules_deprecated,
	&rules_flags,
	&rules_adapter,
	&rules_torchao,
	&rules_merge,
	&rules_experts,
	&rules_training,
	&rules_keywords,
	&rules_load,
	&rules_checkpoint,
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

size_t registry_count(void)
{
	size_t count = 0;
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		count += families[i]->count;
	return count;
}

const struct rule *registry_at(size_t index)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		if (index < families[i]->count)
			return &families[i]->rules[index];
		index -= families[i]->count;
	}
	return NULL;
}

size_t registry_families(void)
{
	return FAMILY_COUNT;
}

const struct rule *registry_family(size_t index, size_t *ret_count)
{
	*ret_count = families[index]->count;
	return families[index]->rules;
}

const struct rule *registry_find(struct text id)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		for (size_t j = 0; j < families[i]->count; j++)
			if (text_is(id, families[i]->rules[j].id))
				return &families[i]->rules[j];
	return NULL;
}

const struct rule *registry_get(const char *id)
{
	const struct rule *rule = registry_find(text_of(id));
	if (!rule)
		abort(); /* an id in our own code that no table has: the tests cannot have run */
	return rule;
}

static uint64_t mix(uint64_t digest, const char *string)
{
	struct text text = text_of(string);
	for (size_t i = 0; i <= text.length; i++) {
		unsigned char byte = i < text.length ? (unsigned char)text.data[i] : 0xff;
		digest = (digest ^ byte) * 1099511628211u;
	}
	return digest;
}

uint64_t registry_digest(void)
{
	uint64_t digest = 14695981039346656037u;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct rule *rule = registry_at(i);
		const char *const parts[] = { rule->id, stage_name(rule->stage), rule->summary,
			rule->message, rule->remedy, rule_advice(rule), rule->why };
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			digest = mix(digest, parts[j]);
		for (int target = 0; target < TARGET_COUNT; target++)
			digest = mix(digest, severity_name(rule->severity[target]));
	}
	return digest;
}
