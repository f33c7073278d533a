/* openapi/quantconf.yaml as it stands in the source; the Makefile writes it (openapi.c). */
#pragma once

#include <stddef.h>

extern const unsigned char openapi_document[];
extern const size_t openapi_length;
