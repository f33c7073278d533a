#include "service/requests/handlers.h"
#include "service/requests/metrics.h"

void handle_metrics(struct request *request)
{
	struct buffer out;
	buffer_init(&out, &request->arena, (size_t)64 * 1024);
	metrics_render(&out, request->server, request->settings);
	request_phase(request, PHASE_RENDER);
	request_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}
