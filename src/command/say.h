/* Lines for people. Names of files and folders are others' words: none of them may steer a terminal. */
#pragma once

#include <stdarg.h>
#include <stdio.h>

/* One line on standard error, behind "quantconf: ". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "cannot read PATH: WHY" with the reason of `errno`. */
void say_failed(const char *doing, const char *path);
/* One line to a stream. */
void put_line(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
