/* Sizes for people. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

/* "38.2 GB", in powers of 1000. */
struct text size_words(struct arena *arena, uint64_t bytes);
/* "20.9 billion", "512". */
struct text count_words(struct arena *arena, uint64_t count);
