/* The Host field, against web pages that reach a local service under a name of their own. */
#pragma once

#include "base/text.h"

/*
 * True for "localhost", names below it, addresses of 127.0.0.0/8 and [::1], each with or without a
 * port, and for no Host at all: browsers, which the check is about, always send it.
 */
bool host_is_loopback(struct text host);
