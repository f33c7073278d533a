/* How this program was built; the Makefile writes the values (build.c). */
#pragma once

extern const char build_flags[];
extern const char build_libyaml[]; /* versions of libraries */
extern const char build_cjson[];
extern const char build_pcre2[];
extern const char build_libseccomp[]; /* "": built without it */
