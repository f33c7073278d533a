/*
 * What each route does once its request is whole. A handler either replies or refuses; when it does
 * neither, memory was short.
 */
#pragma once

#include "service/requests/request.h"

/* handle_resolve.c */
extern const char *const resolve_types[];
extern const char *const inspect_types[];
void handle_resolve(struct request *request);

/* handle_batch.c */
extern const char *const batch_types[];
void handle_batch(struct request *request);

/* handle_inspect.c */
void handle_inspect(struct request *request);
void handle_inspect_model(struct request *request);

/* handle_catalogue.c */
extern const char *const schema_types[];
void handle_rules(struct request *request);
void handle_rule(struct request *request);
void handle_backends(struct request *request);
void handle_schema(struct request *request);

/* handle_openapi.c */
void handle_openapi_yaml(struct request *request);
void handle_openapi_json(struct request *request);

/* daemon/handle_status.c */
void handle_health(struct request *request);
void handle_readiness(struct request *request);
void handle_version(struct request *request);

/* daemon/handle_metrics.c */
void handle_metrics(struct request *request);
