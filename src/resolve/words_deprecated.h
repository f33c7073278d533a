/* What to write in place of an older spelling. Internal to words.c. */
#pragma once

#include "resolve/resolver.h"

struct text canonical_base_words(struct resolver *resolver, const struct rule *rule);
struct text unquantized_words(struct resolver *resolver, const struct rule *rule);
struct text flag_instead_words(struct resolver *resolver, const struct rule *rule);
struct text flag_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text qlora_instead_words(struct resolver *resolver, const struct rule *rule);
struct text qlora_remedy_words(struct resolver *resolver, const struct rule *rule);
struct text peft_keys_words(struct resolver *resolver, const struct rule *rule);
struct text peft_instead_words(struct resolver *resolver, const struct rule *rule);
struct text peft_remedy_words(struct resolver *resolver, const struct rule *rule);
