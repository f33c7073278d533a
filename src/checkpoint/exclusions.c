#include "checkpoint/inspector.h"

void inspect_exclusions(struct inspector *inspector)
{
	(void)inspector;
}
