/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PLAN_H
#define NACRE_PLAN_H

#include "libcontainer/life/life.h"

/* Settles, before the fork, which rows of the tables are active. Pure. */

/* For create and run. FOREIGN_PIDNS, EGRESS_BY_RELAY, OTHERS_NETNS: see the conditions. */
uint64_t plan_create(const struct oci_config *config, const struct life_options *options,
	bool foreign_pidns, bool egress_by_relay, bool others_netns);

/* Whether rules of egress that are enforced can hold by a network of the container's own that leads
 * nowhere, and the relay, where no filter can hang at its cgroup. */
bool plan_may_relay_egress(const struct oci_config *config);

/* For a further process PROCESS in the container of CONFIG. FOREIGN_PIDNS: see the condition. */
uint64_t plan_join(const struct oci_config *config, const struct oci_process *process,
	const struct life_options *options, bool foreign_pidns);

#endif
