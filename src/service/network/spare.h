/*
 * Memory set aside for handshakes. GMP, which GnuTLS reckons with, ends the process when it is refused memory; from here
 * on it gets some of this then, and whatever else a handshake needs may fail as it likes: that ends one connection.
 */
#pragma once

/* Any number of times, by one thread at a time. Without effect where GnuTLS comes without GMP. */
void spare_for_handshakes(void);
