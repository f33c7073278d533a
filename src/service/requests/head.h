/* The fields of a request's head, one by one as they come. */
#pragma once

#include "service/requests/request.h"

/*
 * What the HTTP library has for the head of a request and for that of its reply; larger ones cost time for
 * each connection. Without room for the latter it closes in silence.
 */
#define HEAD_MEMORY ((size_t)24 * 1024)

/* Whether a head of so many bytes, and so many fields and parameters, leaves too little room. */
bool head_is_too_large(size_t bytes, size_t pieces);
/* The same for a target alone, not taken apart yet. */
bool head_is_too_long(const char *target);
/* A path, or a whole URL as proxies are asked for: then its host counts, not the Host field. After all fields. */
void head_take_target(struct head *head, struct text target);
/* The library gives NULL for what is missing. */
struct text head_text(const char *data, size_t length);
/* What is wrong with a Content-Length; PROBLEM_NONE: nothing. */
enum problem head_length_fault(const char *length);
/* A parameter of the query, into an array that has room for all of them. */
void head_take_parameter(struct head *head, struct text name, struct text value);
/* Keeps the field when somebody reads it; notes what makes a head ambiguous. */
void head_take_field(struct request *request, struct text name, struct text value);
