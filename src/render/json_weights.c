#include "checkpoint/weights.h"
#include "render/json_parts.h"

static void put_dtypes(struct json *json, const struct weights *weights)
{
	json_key(json, "dtypes");
	json_open(json, '{');
	for (size_t i = 0; i < weights->dtype_count; i++) {
		json_key_text(json, weights->dtypes[i].name);
		json_unsigned(json, weights->dtypes[i].tensors);
	}
	json_close(json, '}');
}

static void put_known(struct json *json, const char *name, bool known, uint64_t value)
{
	json_key(json, name);
	if (known)
		json_unsigned(json, value);
	else
		json_null(json);
}

static void put_weights(struct json *json, const struct weights *weights)
{
	json_open(json, '{');
	put_known(json, "parameters", weights->headers, weights->parameters);
	put_known(json, "bytes", weights->bytes_known, weights->bytes);
	put_dtypes(json, weights);
	json_key(json, "agrees_with_declaration");
	if (weights->agrees_with_declaration < 0)
		json_null(json);
	else
		json_boolean(json, weights->agrees_with_declaration == 1);
	json_close(json, '}');
}

void json_weights(struct json *json, const struct weights *weights)
{
	json_key(json, "weights");
	if (weights)
		put_weights(json, weights);
	else
		json_null(json);
	json_key(json, "estimate");
	json_null(json);
}
