/* torchao's own record of its config, which it reads strictly. Not for other floors. */
#pragma once

#include "checkpoint/inspector.h"

/* Why TorchAoConfig or torchao raise on the block as a whole, one clause; NULL where they do not. */
const char *torchao_refusal(const struct node *block);
/* Whether a class, or its old name, is one of those whose scheme is known: scheme_torchao.c. */
bool torchao_knows(struct text class);
/* Classes and fields that torchao does not have. */
void inspect_torchao(struct inspector *inspector);
