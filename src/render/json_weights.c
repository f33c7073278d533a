#include "render/json_parts.h"

/* What the index or the headers of the weights tell; null until they were read. */
void json_weights(struct json *json, const struct weights *weights)
{
	(void)weights;
	json_key(json, "weights");
	json_null(json);
	json_key(json, "estimate");
	json_null(json);
}
