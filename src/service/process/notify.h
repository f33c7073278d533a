/*
 * Words to the service manager (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.
 * Without one nothing is sent.
 */
#pragma once

#include <stdint.h>

/* A socket that is connected to the manager, and stays so; -1 when there is none. */
int notify_open(void);
/* Lines "NAME=value" with line feeds between them. */
void notify_send(int manager, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Microseconds after which the manager takes us for hung; 0: it does not watch. */
uint64_t notify_watchdog(void);
