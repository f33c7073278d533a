/* The fields of a request's head, one by one as they come. */
#pragma once

#include "service/request.h"

/* A path, or a whole URL as proxies are asked for: then its host counts, not the Host field. After all fields. */
void head_take_target(struct head *head, struct text target);
/* Keeps the field when somebody reads it; notes what makes a head ambiguous. */
void head_take_field(struct request *request, struct text name, struct text value);
