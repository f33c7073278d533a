/* The keywords of a request, and what becomes of them over a checkpoint of its own class. Internal to this floor. */
#pragma once

#include "resolve/resolver.h"

/* keywords.c: fills in what facts say of the request's keywords by themselves; after the checkpoint is known. */
void keywords_read(struct resolver *resolver);
/* The same for what the stored values make of them. */
void override_read(struct resolver *resolver);
/* What transformers makes of both: the stored block with the request's loading attributes. For checkpoint_overridden(). */
const struct node *override_kwargs(struct arena *arena, const struct facts *facts);
