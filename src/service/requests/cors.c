#include "service/requests/cors.h"

#include <string.h>

#include "service/requests/settings.h"

void cors_check(struct request *request)
{
	const struct options *options = &request->settings->options;
	const struct head *head = &request->head;
	for (size_t i = 0; i < options->origin_count && head->origin.length > 0; i++)
		if (text_is(head->origin, options->origins[i]))
			request->origin = options->origins[i];
	request->preflight =
		request->origin && head->verb == VERB_OPTIONS && head->requested_method.length > 0;
}
