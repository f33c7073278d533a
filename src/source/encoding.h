/* What is wrong with bytes before any parser sees them, and where. */
#pragma once

#include "source/tree.h"

/* The empty span at a byte of the document, whose bytes before it are well-formed UTF-8. */
struct span encoding_place(const struct tree *tree, size_t offset);
/* Records a problem there; always false. */
bool encoding_fault(
	struct tree *tree, enum document_fault fault, size_t offset, struct text detail);
/* Whether the document's bytes are UTF-8; FAULT_ENCODING if not. */
bool encoding_check(struct tree *tree);
/* The same, but UTF-16 with a byte order mark is allowed: its UTF-8 form becomes the bytes. */
bool encoding_check_or_convert(struct tree *tree);
/*
 * Whether YAML directives are few enough for libyaml. They stand at the beginning of a line; what
 * only looks like one is counted, too.
 */
bool encoding_check_directives(struct tree *tree);
