/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_EGRESS_H
#define NACRE_COMPANION_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/egress_sockets.h"
#include "specs/relay_denials.h"
#include "specs/resolv_conf.h"

/*
 * nacre-egress: the relay between a container and the names that its egress rules allow. It accepts
 * all connections to such names, and it is their resolver. egress.c has its life; egress_stub.c
 * answers DNS questions; egress_connection.c accepts connections and judges their first bytes;
 * egress_upstream.c resolves names; egress_pump.c copies the bytes; egress_update.c receives other
 * rules.
 */

enum {
	RELAY_CONNECTIONS_MAX = 1024, /* fewer with a low limit of open files */
	RELAY_LISTENERS_MAX = EGRESS_SOCKETS_MAX,
	RELAY_ANSWERS_MAX = 8, /* addresses per name that are tried */
	/* Limits the setup: all names and rules that can exist, one line with a keyword for each;
	 * the rest has some 20 bytes per listener. */
	RELAY_INPUT_MAX = EGRESS_NAMES_MAX * (EGRESS_NAME_MAX + 6) +
			  EGRESS_RULES_MAX * (EGRESS_TEXT_MAX + 6) + 32768,
	RELAY_BUFFER = 32768, /* above both TLS_HELLO_MAX and HTTP_HEAD_MAX */
	RELAY_SECOND = 1000, /* times are in milliseconds */
	RELAY_FIRST_BYTES = 10 * RELAY_SECOND, /* until the name is known */
	RELAY_RESOLVE = 30 * RELAY_SECOND, /* until the name servers have answered */
	RELAY_CONNECT = 30 * RELAY_SECOND, /* then until any address has accepted */
	RELAY_CONNECT_ONE = 5 * RELAY_SECOND, /* per address */
};

struct relay;

/* An fd in epoll(7), and the function to call when it is ready. It is a part of the object at
 * DATA. */
struct watch {
	int fd;
	uint32_t events; /* the events waited for */
	void (*ready)(struct relay *relay, struct watch *watch, uint32_t events);
	void *data;
};

struct listener {
	struct watch watch;
	uint16_t port; /* port that the program connects to */
};

/* --- the setup, egress_setup.c --- */

/* Rules, in a list: the newest are the first. */
struct rules {
	struct rules *others; /* older rules, which must allow as well; NULL: none */
	struct arena *arena; /* owns this struct */
	struct egress_policy policy;
	bool metadata; /* a grant allows metadata services */
};

struct setup {
	struct rules *rules;
	bool alone; /* no BPF filter: connections to allowed addresses come here as well */
	bool beside; /* an update: the present rules must allow as well */
	char servers[256]; /* upstream resolvers, as ares_set_servers_ports_csv(3) takes them */
	char search[RESOLV_TEXT_MAX]; /* search domains, as in resolv.conf */
	int denials; /* fd of RELAY_DENIALS_FILE */
	int end; /* pidfd: the relay ends with this process */
	int events; /* fd of cgroup.events: the relay ends when the cgroup is empty; -1: none */
	int control; /* socket for other rules, egress_update.c; -1: none */
	int stub_udp, stub_tcp;
	struct listener listeners[RELAY_LISTENERS_MAX]; /* fd -1: free, or a kept listener */
	size_t n_listeners;
};

struct nacre_error;

/* Reads FD to its end. -E2BIG: longer than RELAY_INPUT_MAX, since cut rules could mean something
 * else. */
int setup_read_file(int fd, char ret_text[RELAY_INPUT_MAX + 1], struct nacre_error *err);
/* Parses TEXT: see egress_setup.c. */
int setup_read(const char *text, struct setup *ret_setup, struct nacre_error *err);
/* Parses other rules likewise. The rest of the setup is not changed by them. */
int setup_read_update(const char *text, struct setup *ret_setup, struct nacre_error *err);

/* --- names below wildcards, egress_below.c --- */

struct below; /* NULL: none yet */

/* Returns the address of NAME, and assigns one if it has none; 0: there is no room. */
uint32_t below_address(struct below **below, const char *name);
const char *below_at(const struct below *below, uint32_t address); /* NULL: none */

/* --- the relay --- */

struct pipe_pair {
	int in, out; /* of pipe2(2); both -1: no pipe */
};

struct relay {
	struct setup setup;
	int epoll;
	int route; /* socket of NETLINK_ROUTE */
	uint32_t n_routes; /* the sequence number of its last question */
	int64_t now; /* CLOCK_MONOTONIC, milliseconds */
	struct below *below;
	struct connection *connections; /* a list */
	size_t n_connections, connections_max;
	size_t n_waiting; /* connections with a deadline */
	bool full; /* some sockets are not watched, for lack of files or memory */
	bool ended; /* the container has ended, or epoll_wait(2) failed */
	struct pipe_pair spare[64]; /* empty pipes for reuse */
	size_t n_spare;
	struct resolver *resolver;
	struct stub *stub;
	struct relay_denial denials[RELAY_DENIALS_MAX];
	size_t n_denials;
};

/* Sets the events that WATCH waits for; adds it to epoll(7) the first time. Returns 0 or -errno. */
int relay_watch(struct relay *relay, struct watch *watch, uint32_t events);

/* Accepts a connection on WATCH. -1: there is none, or no free file for it; in that case WATCH is
 * not watched until a file may be free. */
int relay_accept(struct relay *relay, struct watch *watch);

/* Counts a denial. NAME NULL: no name is known. PORT 0: a question to the resolver was refused. */
void relay_deny(struct relay *relay, const char *name, uint16_t port, const char *reason);

/* --- egress_update.c --- */

/* Each asks its namesake of egress_names for all of RULES. */
bool rules_allow(const struct rules *rules, const char *name);
bool rules_allow_port(const struct rules *rules, const char *name, uint16_t port, bool unchecked);
bool rules_allow_answer(const struct rules *rules, const char *name, uint16_t port, bool unchecked,
	const struct egress_answer *answer);

/* Receives other rules and answers. */
void update_ready(struct relay *relay, struct watch *watch, uint32_t events);

/* --- egress_stub.c --- */

/* Returns 0 or -errno. After a failure the process must end. */
int stub_start(struct relay *relay);
/* Closes connections that have sent no question for long. Returns how many are left. */
size_t stub_tick(struct relay *relay);
void stub_listen(struct relay *relay); /* watches again after relay_accept has stopped */

/* --- egress_connection.c --- */

void connection_accept(struct relay *relay, struct watch *watch, uint32_t events);
/* Ends connections whose deadline has passed. */
void connection_tick(struct relay *relay);
/* Takes the answer to upstream_resolve; N is 0 if there is no address. */
void connection_resolved(struct relay *relay, struct connection *connection,
	const struct egress_answer *answers, size_t n);

/* --- egress_upstream.c --- */

struct lookup; /* a question that is not answered yet */

int upstream_start(struct relay *relay, struct nacre_error *err);
/* Asks for the addresses of NAME. It may call connection_resolved before it returns, and then
 * returns NULL. */
struct lookup *upstream_resolve(
	struct relay *relay, struct connection *connection, const char *name);
void upstream_forget(struct lookup *lookup); /* drops a lookup that nobody waits for; takes NULL */
/* Returns the milliseconds until upstream_tick must be called, at most MOST; -1: never. */
int upstream_timeout(struct relay *relay, int most);
void upstream_tick(struct relay *relay);
/* Returns whether the kernel would send to ANSWER through an interface, and not to the host
 * itself. */
bool upstream_is_remote(struct relay *relay, const struct egress_answer *answer);

/* --- egress_pump.c --- */

/* One direction of a connection: from a socket through a pipe, which it holds only while there are
 * bytes in it. */
struct pump {
	struct pipe_pair pipe;
	size_t inside; /* bytes in the pipe */
	bool ended; /* the source has reached its end */
	bool shut; /* and the other socket was shut down */
};

/* Copies until it would block. Returns 0 when it must wait for one side, or has finished; 1 when
 * more can be copied; -errno of either side. */
int pump_run(struct relay *relay, struct pump *pump, int from, int to);
void pump_close(struct relay *relay, struct pump *pump);

/* --- egress_confine.c --- */

/* Leaves the process only the ids, capabilities and system calls that it needs. Also finds out how
 * many connections its limit of files allows. */
int relay_confine(struct relay *relay, struct nacre_error *err);

#endif
