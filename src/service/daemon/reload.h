/* Reading the configuration again. */
#pragma once

#include "service/daemon/server.h"

/* What the process as a whole takes from the settings, at the start, too; what is doubtful is logged. */
void reload_apply(struct server *server, const struct settings *settings);
/* All of it or nothing: false with a fault, which is logged; then the old settings stay. For the main thread. */
bool reload(struct server *server);
