/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PLAN_H
#define NACRE_PLAN_H

#include "libcontainer/life/life.h"

/* Chooses, before the fork, which rows of the tables are active. Reads only its arguments. */

/* Conditions for create and run. FOREIGN_PIDNS, EGRESS_BY_RELAY, OTHERS_NETNS: see the conditions
 * of these names. */
uint64_t plan_create(const struct oci_config *config, const struct life_options *options,
	bool foreign_pidns, bool egress_by_relay, bool others_netns);

/* Whether enforced egress rules can do without a filter at the cgroup: the container has a network
 * namespace of its own without routes, and reaches the relay alone. */
bool plan_may_relay_egress(const struct oci_config *config);

/* Conditions for one more process PROCESS in the container of CONFIG. FOREIGN_PIDNS: see that
 * condition. */
uint64_t plan_join(const struct oci_config *config, const struct oci_process *process,
	const struct life_options *options, bool foreign_pidns);

#endif
