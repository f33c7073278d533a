/* What to do about a finding, where it depends on what else stands there. Internal to words.c. */
#pragma once

#include "resolve/resolver.h"

struct text adapter_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text kernels_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text kwargs_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text base_or_gptq_words(struct resolver *resolver, const struct rule *rule);
struct text bnb_remedy_words(struct resolver *resolver, const struct rule *rule);
