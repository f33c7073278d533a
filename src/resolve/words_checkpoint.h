/* Words of messages about the checkpoint: each "" where there is nothing to be said. */
#pragma once

#include "resolve/resolver.h"

struct text excluded_words(struct resolver *resolver, const struct rule *rule);
struct text fused_experts_words(struct resolver *resolver, const struct rule *rule);
struct text passed_modules_words(struct resolver *resolver, const struct rule *rule);
struct text record_words(struct resolver *resolver, const struct rule *rule);
struct text handed_class_words(struct resolver *resolver, const struct rule *rule);
struct text read_class_words(struct resolver *resolver, const struct rule *rule);
struct text dequantizing_words(struct resolver *resolver, const struct rule *rule);
struct text forwarding_words(struct resolver *resolver, const struct rule *rule);
struct text expert_recipe_words(struct resolver *resolver, const struct rule *rule);
struct text retreat_words(struct resolver *resolver, const struct rule *rule);
struct text misfit_modules_words(struct resolver *resolver, const struct rule *rule);
struct text shape_taken_words(struct resolver *resolver, const struct rule *rule);
struct text shape_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text training_recipe_words(struct resolver *resolver, const struct rule *rule);
struct text training_advice_words(struct resolver *resolver, const struct rule *rule);
