/* Which descriptors this process has, and how many it may have. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Opens /dev/null where standard input, output or error is closed: else a socket would be one of them. */
void descriptors_fill_standard(void);
/* Closes what was inherited from number `first` on. */
void descriptors_close_from(int first);
/* As many as the system allows: a reload may want more than the start. */
void descriptors_take_all(void);
/* Whether `more` can be opened; if not, `ret_allowed` and `ret_open` tell why. */
bool descriptors_have_room(size_t more, size_t *ret_allowed, size_t *ret_open);
