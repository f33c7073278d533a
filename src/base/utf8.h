/* UTF-8 as Unicode 15 §3.9 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include "base/arena.h"

/* The byte offset of the first ill-formed sequence, or text.length when all is well. */
size_t utf8_first_fault(struct text text);
/* Bytes of the well-formed character at the start; 0 when there is none. */
size_t utf8_sequence(struct text text);
/* Bytes at the start that stand in quotes as they are: visible ASCII and blanks, but no `"` and `\`. */
size_t utf8_plain_run(struct text text);
/* Every byte is one character. */
bool utf8_is_ascii(struct text text);
/* Characters (code points) in well-formed text. */
size_t utf8_count(struct text text);
/* Byte offset of the character `index` (0-based) of well-formed text, at most text.length. */
size_t utf8_offset(struct text text, size_t index);
/*
 * The text, or so much of it that no more than `bytes` of it are left and no character is cut; `ret_rest` is what stands for
 * the rest: "…", or "" where nothing is missing.
 */
struct text utf8_shortened(struct text text, size_t bytes, const char **ret_rest);
/* Appends-to-be: writes 1 to 4 bytes, returns how many; 0 for what is no scalar value. */
size_t utf8_encode(uint32_t scalar, char out[4]);
/*
 * Well-formed UTF-16 (with a byte order mark) as UTF-8 in the arena; a `data` of NULL when it is
 * ill-formed.
 */
struct text utf8_from_utf16(struct arena *arena, struct text utf16);
/* How many bytes well-formed UTF-8 takes as UTF-16, without a byte order mark. */
size_t utf8_length_in_utf16(struct text text);
/* Begins with a UTF-16 byte order mark. */
bool utf8_looks_like_utf16(struct text text);
