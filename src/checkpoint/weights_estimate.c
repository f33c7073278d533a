#include "checkpoint/weights.h"

static const char formula[] =
	"per role: linear parameters x bits / 8 + one scale per group, other tensors as stored; "
	"weights only, without optimizer, activations or adapters";

/* What no model reaches, and no conversion exceeds. */
#define LARGEST 1e19

static uint64_t role_bytes(const struct weights_role *role, const struct weights_target *target)
{
	if (target->bits <= 0)
		return role->bytes;
	double parameters = (double)role->linear_parameters;
	double bits = parameters * target->bits;
	if (target->group_size > 0) {
		uint64_t groups = role->linear_parameters / target->group_size +
				  (role->linear_parameters % target->group_size != 0);
		bits += (double)groups * target->scale_bits;
	}
	uint64_t others = role->bytes - role->linear_bytes, sum;
	if (bits / 8 >= LARGEST || __builtin_add_overflow((uint64_t)(bits / 8 + 0.5), others, &sum))
		return UINT64_MAX;
	return sum;
}

bool weights_estimate(const struct weights *weights,
	const struct weights_target targets[ROLE_COUNT], struct weights_estimate *ret_estimate)
{
	if (!weights || !weights->headers)
		return false;
	*ret_estimate = (struct weights_estimate){ .formula = formula };
	for (int i = 0; i < ROLE_COUNT; i++) {
		ret_estimate->by_role[i] = role_bytes(&weights->roles[i], &targets[i]);
		ret_estimate->bytes += ret_estimate->by_role[i];
	}
	return true;
}
