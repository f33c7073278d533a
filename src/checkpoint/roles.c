#include "checkpoint/checkpoint.h"

static const char *const names[ROLE_COUNT] = {
	[ROLE_ATTENTION] = "attention",
	[ROLE_ROUTER] = "router",
	[ROLE_EXPERTS] = "experts",
	[ROLE_SHARED_EXPERTS] = "shared_experts",
	[ROLE_MLP] = "mlp",
	[ROLE_LM_HEAD] = "lm_head",
	[ROLE_EMBEDDINGS] = "embeddings",
	[ROLE_NORM] = "norm",
	[ROLE_VISION] = "vision",
	[ROLE_PROJECTOR] = "projector",
	[ROLE_MTP] = "mtp",
	[ROLE_OTHER] = "other",
};

const char *role_name(enum role role)
{
	return role < ROLE_COUNT ? names[role] : NULL;
}
