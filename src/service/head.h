/* The fields of a request's head, one by one as they come. */
#pragma once

#include "service/request.h"

/* Keeps the field when somebody reads it; notes what makes a head ambiguous. */
void head_take_field(struct request *request, struct text name, struct text value);
