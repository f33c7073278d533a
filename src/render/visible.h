/* Text from requests on its way to a terminal: what would steer it or hide from the eye is made visible. */
#pragma once

#include "base/buffer.h"

/*
 * The bytes of the character at the front of a text that is not empty; 1 for a byte that begins no
 * UTF-8. `ret_shown` is what stands for it, one column wide: itself, or for controls, bidirectional
 * marks and stray bytes a character that shows them. A tab is itself.
 */
size_t visible_character(struct text text, struct text *ret_shown);
void visible_put(struct buffer *out, struct text text);
