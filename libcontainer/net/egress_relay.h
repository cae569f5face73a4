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
 * The relay of a container's names, as nacre sees it: the companion nacre-egress
 * (libcontainer/companions/egress.h), and what it is given.
 */

#define EGRESS_RELAY_SOCKET                                                  \
	"egress.socket" /* in the state directory: where other rules come in \
			 */
#define EGRESS_RELAY_OWN 2 /* listeners of the resolver, which come first */

/* A socket of the container's network namespace. */
struct egress_listener {
	struct egress_socket at; /* that programs connect to */
	int fd; /* -1: not yet */
	uint16_t listening; /* the port that it has */
};

struct egress_relay {
	struct egress_policy policy;
	bool metadata; /* granted */
	struct resolv_conf resolv; /* its servers: only when it is started */
	bool wired; /* the container's network has an interface that is up besides lo */
	/* No filter at the cgroup leads to them: each is where programs connect to. */
	bool alone;
	struct egress_listener listeners[EGRESS_SOCKETS_MAX]; /* first those of the resolver */
	size_t n_listeners;
	bool names; /* there are some, and a resolver */
	int resolv_fd; /* of egress_resolv_make, -1: none */
	bool resolv_cloned;
};

/* What CONFIG, which has rules with names, needs; or ALONE, with rules of any kind, see
 * egress_sockets.h. RESOLVERS: see egress_resolv_read. Everything lives in ARENA. */
int egress_relay_plan(struct arena *arena, const struct oci_config *config,
	const struct oci_strings *resolvers, bool alone, struct egress_relay **ret_relay,
	struct nacre_error *err);
/* The same for one that is at work: its resolv.conf is left out. */
int egress_relay_plan_update(struct arena *arena, const struct oci_config *config,
	struct egress_relay **ret_relay, struct nacre_error *err);
void egress_relay_done(struct egress_relay *relay); /* closes; takes NULL */

/* Where it is started. */
struct egress_place {
	int state_fd;
	int pidfd; /* of the container's first process: it ends with that */
	int cgroup_fd; /* and with that; -1: there is none */
	int netns_fd; /* joined by the container, and then by the relay; -1: it stays in the
			 caller's */
	int own_cgroup_fd; /* the relay's; -1: as above */
};

/* Starts it, and returns when it is at work. */
int egress_relay_start(const struct egress_relay *relay, const struct egress_place *place,
	struct nacre_error *err);

/* Where the one of the container with that state directory takes other rules: an fd.
 * -ECONNREFUSED: it has ended; -ENOTSUP: it takes none. */
int egress_relay_connect(int state_fd, struct nacre_error *err);
/* Gives the rules of RELAY to the one at the other end of SOCK. BESIDE: those that hold must allow
 * as well; else they end, and with them connections that the new ones do not allow: then it gets
 * the listeners, and keeps its own for ports whose fd is -1. When that fails, the old rules hold,
 * or the new ones without some listeners; or it was slow, and comes later. */
int egress_relay_update(
	const struct egress_relay *relay, bool beside, int sock, struct nacre_error *err);

/* Ends the one of the container with that state directory, if there is one. */
int egress_relay_end(int state_fd, struct nacre_error *err);

/* Its process; 0: it has ended, or there was none. */
pid_t egress_relay_pid(int state_fd, struct nacre_error *err);

/* What the relay refused, those that it counted first in front. Returns how many; 0: there is no
 * relay. */
int egress_relay_denied(
	int state_fd, struct relay_denial ret_denials[RELAY_DENIALS_MAX], struct nacre_error *err);

#endif
