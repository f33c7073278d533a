#include "schema/target.h"

static const char *const names[TARGET_COUNT] = {
	[TARGET_CANONICAL] = "canonical",
	[TARGET_FLAT] = "flat",
	[TARGET_RELEASED] = "released",
};

const char *target_name(enum target target)
{
	return names[target];
}

bool target_from_name(struct text name, enum target *ret_target)
{
	for (int i = 0; i < TARGET_COUNT; i++)
		if (text_is(name, names[i])) {
			*ret_target = (enum target)i;
			return true;
		}
	return false;
}
