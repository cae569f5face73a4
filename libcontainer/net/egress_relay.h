/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_RELAY_H
#define NACRE_EGRESS_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/arena.h"
#include "specs/egress_sockets.h"
#include "specs/relay_denials.h"
#include "specs/resolv_conf.h"
#include "specs/spec.h"

/*
 * Starts, updates and ends the relay of a container's names: the companion nacre-egress
 * (libcontainer/companions/egress.h).
 */

#define EGRESS_RELAY_SOCKET                                                  \
	"egress.socket" /* in the state directory: where other rules come in \
			 */
#define EGRESS_RELAY_OWN 2 /* listeners of the resolver, which come first */

/* A listening socket in the container's network namespace. */
struct egress_listener {
	struct egress_socket at; /* what programs connect to */
	int fd; /* -1: not yet */
	uint16_t listening; /* the port that FD listens on */
};

struct egress_relay {
	struct egress_policy policy;
	bool metadata; /* egress_metadata is granted */
	struct resolv_conf resolv; /* its servers; only filled in for a start */
	bool wired; /* the container's network has an interface that is up besides lo */
	/* No filter at the cgroup redirects to the listeners: each listens where programs connect
	 * to. */
	bool alone;
	struct egress_listener listeners[EGRESS_SOCKETS_MAX]; /* first those of the resolver */
	size_t n_listeners;
	bool names; /* there are names, and a resolver */
	int resolv_fd; /* of egress_resolv_make, -1: none */
	bool resolv_cloned;
};

/* Plans the relay that CONFIG, which has rules with names, needs; or with ALONE, rules of any kind,
 * see egress_sockets.h. RESOLVERS: see egress_resolv_read. Everything lives in ARENA. */
int egress_relay_plan(struct arena *arena, const struct oci_config *config,
	const struct oci_strings *resolvers, bool alone, struct egress_relay **ret_relay,
	struct nacre_error *err);
/* Plans other rules for a running relay: its resolv.conf is left out. */
int egress_relay_plan_update(struct arena *arena, const struct oci_config *config,
	struct egress_relay **ret_relay, struct nacre_error *err);
void egress_relay_done(struct egress_relay *relay); /* closes; takes NULL */

/* Where the relay is started. */
struct egress_place {
	int state_fd;
	int pidfd; /* of the container's first process: the relay ends with it */
	int cgroup_fd; /* the container's: the relay ends with it, too; -1: none */
	int netns_fd; /* joined by the container, and then by the relay; -1: the caller's */
	int own_cgroup_fd; /* the relay's; -1: the caller's */
};

/* Starts the relay, and returns when it is ready. */
int egress_relay_start(const struct egress_relay *relay, const struct egress_place *place,
	struct nacre_error *err);

/* Connects to the relay of the container with that state directory, to send other rules. Returns an
 * fd. -ECONNREFUSED: the relay has ended; -ENOTSUP: it takes no other rules. */
int egress_relay_connect(int state_fd, struct nacre_error *err);
/* Sends the rules of RELAY to the relay at the other end of SOCK. BESIDE: the rules in force must
 * allow a connection as well. Otherwise the new rules replace them, and connections that the new
 * ones do not allow are closed; the relay gets the listeners, and keeps its own for ports whose fd
 * is -1. On failure, the old rules are in force, or the new ones without some listeners; or the
 * relay was slow, and applies them later. */
int egress_relay_update(
	const struct egress_relay *relay, bool beside, int sock, struct nacre_error *err);

/* Ends the relay of the container with that state directory, if there is one. */
int egress_relay_end(int state_fd, struct nacre_error *err);

/* Returns the relay's process; 0: it has ended, or there was none. */
pid_t egress_relay_pid(int state_fd, struct nacre_error *err);

/* Reads what the relay refused, in the order in which it counted it first. Returns how many; 0:
 * there is no relay. */
int egress_relay_denied(
	int state_fd, struct relay_denial ret_denials[RELAY_DENIALS_MAX], struct nacre_error *err);

#endif
