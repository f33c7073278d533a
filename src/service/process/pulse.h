/* Whether a thread gets on: it answers the watchdog's pings, also from the depths of long work. */
#pragma once

#include <stdatomic.h>

/* This thread puts the last `ping` that it saw into `answered`, from now on. */
void pulse_begin(const atomic_uint *ping, atomic_uint *answered);
/* It gets on; nothing for a thread that has not begun. */
void pulse_beat(void);
