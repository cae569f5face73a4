/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "specs/id_list.h"
#include "specs/validate_checks.h"

/* linux.memoryPolicy: set_mempolicy(2). The errors begin as runc's do. */

enum nodes {
	NODES_NONE,
	NODES_ANY,
	NODES_SOME,
};

static const struct {
	const char *name;
	enum nodes nodes;
} modes[] = {
	{"MPOL_DEFAULT", NODES_NONE},
	{"MPOL_BIND", NODES_SOME},
	{"MPOL_INTERLEAVE", NODES_SOME},
	{"MPOL_WEIGHTED_INTERLEAVE", NODES_SOME},
	{"MPOL_PREFERRED", NODES_ANY},
	{"MPOL_PREFERRED_MANY", NODES_SOME},
	{"MPOL_LOCAL", NODES_NONE},
};

#define N_MODES (sizeof(modes) / sizeof(modes[0]))

static const char *const flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL};

static int check_mode(const struct oci_config *config, const struct oci_memory_policy *policy,
	enum nodes *ret_nodes, struct nacre_error *err)
{
	char list[200] = "";
	size_t used = 0;

	for (size_t i = 0; i < N_MODES; i++) {
		if (policy->mode && !strcmp(modes[i].name, policy->mode)) {
			*ret_nodes = modes[i].nodes;
			return 0;
		}
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, "%s%s", i ? ", " : "", modes[i].name);
	}
	return oci_fail(config, err, "linux.memoryPolicy.mode",
		"invalid memory policy mode \"%s\"; valid are %s", policy->mode ? policy->mode : "",
		list);
}

static int check_flags(
	const struct oci_config *config, const struct oci_strings *given, struct nacre_error *err)
{
	for (size_t i = 0; i < given->n; i++) {
		const char *const *flag = flags;

		while (*flag && strcmp(*flag, given->items[i]) != 0)
			flag++;
		if (!*flag)
			return oci_fail(config, err,
				validate_at("linux.memoryPolicy.flags[%zu]", i).text,
				"invalid memory policy flag \"%s\"; valid are %s, %s, %s",
				given->items[i], flags[0], flags[1], flags[2]);
	}
	return 0;
}

static int check_nodes(const struct oci_config *config, const struct oci_memory_policy *policy,
	enum nodes nodes, struct nacre_error *err)
{
	const char *place = "linux.memoryPolicy.nodes";
	unsigned long bits[ID_LIST_WORDS(ID_LIST_NODES)] = {0};
	int n = policy->nodes ? id_list_parse(policy->nodes, ID_LIST_NODES, bits) : 0;

	if (n < 0)
		return oci_fail(config, err, place,
			"invalid memory policy node list \"%s\": expected one such as 0-3,7, of "
			"numbers below %d",
			policy->nodes, ID_LIST_NODES);
	if (n > 0 && nodes == NODES_NONE)
		return oci_fail(
			config, err, place, "%s mode requires 0 nodes but got %d", policy->mode, n);
	if (n == 0 && nodes == NODES_SOME)
		return oci_fail(
			config, err, place, "is missing; %s needs at least one node", policy->mode);
	return 0;
}

int validate_memory_policy(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_memory_policy *policy = config->linux_->memory_policy;
	enum nodes nodes = NODES_ANY;
	int r;

	if (!policy)
		return 0;
	r = check_mode(config, policy, &nodes, err);
	if (r >= 0)
		r = check_flags(config, &policy->flags, err);
	if (r < 0)
		return r;
	return check_nodes(config, policy, nodes, err);
}
