/* Text for manual pages. */
#pragma once

#include <stdbool.h>

/* A paragraph of text, with its line end: nothing in it is a request or an escape; what stands in backticks is bold. */
void roff_text(const char *text);
/* The same within a line: without a line end, its first letter a capital one where `capital`. */
void roff_words(const char *text, bool capital);
/* Sentences, each in a line of its own, so that a page's differences can be read. */
void roff_sentences(const char *text);
/* An example as it stands, indented; of very long lines the beginning. Bytes that are no UTF-8 are not shown. */
void roff_example(const char *text);
