/* Parts that several replies share. Internal to this floor. */
#pragma once

#include "render/json.h"
#include "resolve/resolution.h"

void json_diagnostic(struct json *json, const struct diagnostic *diagnostic);
/* "errors" …: an array of the findings of one severity, or of all with SEVERITY_NONE. */
void json_findings(struct json *json, const char *name, const struct diagnostic *const *findings,
	size_t count, enum severity severity);
/* "known_to": who reads it, from 1u << enum engine. */
void json_known_to(struct json *json, unsigned known_to);
/* "weights" and "estimate". */
void json_weights(
	struct json *json, const struct weights *weights, const struct weights_estimate *estimate);
/* The checkpoint object; `findings` of places in the checkpoint are picked from the list. */
void json_checkpoint(struct json *json, const struct checkpoint *checkpoint,
	const struct weights_estimate *estimate, const struct diagnostic *const *findings,
	size_t count, bool include_exclusions);
