/* An origin of web pages, RFC 6454, as browsers write it in a request. */
#pragma once

/* What is wrong with one, for people; NULL when a browser could send it so. */
const char *origin_fault(const char *origin);
