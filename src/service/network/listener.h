/* A listening socket: TCP over IPv4 or IPv6, or a UNIX socket. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "service/options/options.h"

struct listener {
	int fd;
	bool unix_socket;
	bool tls;
	bool loopback;  /* TCP that only this machine reaches */
	bool adopted;   /* belongs to the service manager, who keeps it open */
	bool quiet;     /* turns connections away */
	dev_t device;   /* of a UNIX socket's path, and … */
	ino_t inode;    /* … its number there */
	char name[224]; /* as a URL: "https://127.0.0.1:8642", "unix:/run/x" */
};

/* What the administrator allows, and has what it takes for. */
struct listener_policy {
	bool open;        /* addresses that other machines could connect to */
	bool certificate; /* there is one, for TLS */
	mode_t mode;      /* of UNIX sockets; 0: as the umask says */
};

enum listener_outcome {
	LISTENER_OPEN,
	LISTENER_MISUSED, /* the address is none, or is not allowed */
	LISTENER_FAILED,  /* the system does not let us */
};

/*
 * Whether the address has a form that listener_open() takes, and the policy allows it. Opens nothing.
 */
bool listener_check(const char *address, struct listener_policy policy, struct fault *ret_fault);
/* Whether it speaks TLS. */
bool listener_is_tls(const char *address);

/*
 * Opens what `address` ("ADDR:PORT", "[v6]:PORT", "tls:ADDR:PORT", "unix:PATH") says. When it cannot, or
 * the policy does not allow it, the reason and the way out are on stderr.
 */
enum listener_outcome listener_open(
	struct listener *listener, const char *address, struct listener_policy policy);
/* Whether other machines can reach it. */
bool listener_is_open(const struct listener *listener);
/* How many sockets the service manager handed over (LISTEN_FDS); more than LISTEN_MAXIMUM are not served. */
size_t listener_passed(void);
/* The first descriptor behind them. */
int listener_first_own(void);
/* Takes over one of them; as listener_open() otherwise. */
enum listener_outcome listener_adopt(
	struct listener *listener, size_t index, struct listener_policy policy);
/*
 * New connections are turned away from here on, while those that the kernel has accepted can still
 * be taken.
 */
void listener_quiesce(struct listener *listener);
/*
 * Also removes a UNIX socket's path, if that is still its own; once confined, nothing is removed: the next
 * start replaces it. Closing twice does nothing.
 */
void listener_close(struct listener *listener);

/* Why the policy forbids the listener; NULL when it does not. */
const char *listener_forbidden(const struct listener *listener, struct listener_policy policy);
/* For adoption.c. */
bool listener_is_loopback(const struct sockaddr_storage *address);
/* Its name, with the port that the kernel chose. */
void listener_name_tcp(struct listener *listener);
