/* The three spellings that a result can have. Source: the specification of targets in the README.
 */
#pragma once

#include "base/text.h"

enum target {
	TARGET_CANONICAL, /* nested model_quantization_config */
	TARGET_FLAT,      /* model_quantization_config with `backend` */
	TARGET_RELEASED,  /* what Axolotl 0.18 to 0.20 from the package index reads */
	TARGET_COUNT,
};

const char *target_name(enum target target);
bool target_from_name(struct text name, enum target *ret_target);
