#include "checkpoint/weights/weights.h"
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

/* Bytes as they are stored, scales and all; empty without headers. */
static void put_roles(struct json *json, const struct weights *weights)
{
	json_key(json, "by_role");
	json_open(json, '{');
	for (int i = 0; i < ROLE_COUNT && weights->headers; i++) {
		if (weights->roles[i].bytes == 0)
			continue;
		json_key(json, role_name((enum role)i));
		json_unsigned(json, weights->roles[i].bytes);
	}
	json_close(json, '}');
}

static void put_weights(struct json *json, const struct weights *weights)
{
	json_open(json, '{');
	put_known(json, "parameters", weights->parameters_known, weights->parameters);
	put_known(json, "bytes", weights->bytes_known, weights->bytes);
	put_dtypes(json, weights);
	put_roles(json, weights);
	json_key(json, "agrees_with_declaration");
	if (weights->agrees_with_declaration < 0)
		json_null(json);
	else
		json_boolean(json, weights->agrees_with_declaration == 1);
	json_close(json, '}');
}

static void put_estimate(struct json *json, const struct weights_estimate *estimate)
{
	json_open(json, '{');
	json_key(json, "bytes_as_requested");
	json_unsigned(json, estimate->bytes);
	json_key(json, "by_role");
	json_open(json, '{');
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (estimate->by_role[i] == 0)
			continue;
		json_key(json, role_name((enum role)i));
		json_unsigned(json, estimate->by_role[i]);
	}
	json_close(json, '}');
	json_key(json, "formula");
	json_string(json, estimate->formula);
	json_close(json, '}');
}

void json_weights(
	struct json *json, const struct weights *weights, const struct weights_estimate *estimate)
{
	json_key(json, "weights");
	if (weights)
		put_weights(json, weights);
	else
		json_null(json);
	json_key(json, "estimate");
	if (estimate)
		put_estimate(json, estimate);
	else
		json_null(json);
}
