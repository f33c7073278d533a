#include "render/json.h"
#include "service/requests/handlers.h"
#include "service/requests/openapi.h"
#include "source/document.h"

static struct text document(void)
{
	return (struct text){ .data = (const char *)openapi_document, .length = openapi_length };
}

void handle_openapi_yaml(struct request *request)
{
	struct buffer out;
	buffer_init(&out, &request->arena, openapi_length);
	buffer_add(&out, document());
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, "application/yaml", &out);
}

/* Made of the YAML by the reader that reads configs: there is one document, and none can be stale. */
void handle_openapi_json(struct request *request)
{
	static const struct document_limits limits = { .depth = 64, .nodes = 100000 };
	struct document yaml = { 0 };
	struct buffer out;
	struct json json;
	yaml_read(&yaml, &request->arena, document(), &limits);
	if (!yaml.root)
		return;
	buffer_init(&out, &request->arena, 2 * openapi_length);
	json_begin(&json, &out);
	json_node(&json, yaml.root);
	buffer_add_byte(&out, '\n');
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, "application/json", &out);
}
