/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HARDEN_USERNS_H
#define NACRE_HARDEN_USERNS_H

#include "specs/harden.h"

/* Shifted ids, the rule user-namespace: answers for the code that claims a block of ids and maps
 * the root before harden() can add the namespace. */

/* Ids of a process above the block that get one id each at the end of it: those that systemd.io,
 * Users, Groups, UIDs and GIDs has as unused. */
#define HARDEN_SINGLE_IDS 14
#define HARDEN_BELOW_SINGLE 65520 /* the ids below them, each of which is in its own place */

struct harden_maps {
	struct oci_id_mapping *uids, *gids; /* of an arena */
	size_t n_uids, n_gids;
};

/* A container with shifted ids whose user namespace owns namespaces that the config joins. */
struct harden_pod {
	const char *userns; /* its path */
	struct harden_maps maps;
	bool of_pid; /* it owns the pid namespace, too */
};

/* Whether MAPS have the ids of PROCESS (NULL: none); if not, *RET_PLACE is the first that they have
 * not, and *RET_ID that. */
bool harden_maps_have(const struct harden_maps *maps, const struct oci_process *process,
	const char **ret_place, uint32_t *ret_id);

/* Whether the rule holds for CONFIG, which is not hardened yet, and has a namespace to add. */
bool harden_wants_shift(const struct oci_config *config, const struct harden_request *request);

/* The reason in CONFIG why the rule cannot be enforced, for people; "": none. */
void harden_shift_obstacle(const struct oci_config *config, const struct harden_request *request,
	char ret_text[static 256]);

/* Whether SYSCTL is the range of groups that may ping, whose ids are those of the writer's user
 * namespace, icmp(7); *RET_LEAST and *RET_MOST: its numbers. */
bool harden_shift_ping(const struct oci_pair *sysctl, uint32_t *ret_least, uint32_t *ret_most);

/* The same range, which the rule has made of CONFIG's, for who writes it outside of the container's
 * user namespace: of the block that begins with FIRST_ID. All of it stands for all ids, since
 * others with blocks of their own may come into the network. */
void harden_shift_ping_outside(
	uint32_t first_id, uint32_t least, uint32_t most, char ret_value[static 32]);

/* Whether the rule read-only-root, too, leaves the root writable. */
bool harden_leaves_root_writable(
	const struct oci_config *config, const struct harden_request *request);

/* The mappings for PROCESS (NULL: none) with the block of ids that begins with FIRST_ID. -EPERM:
 * more ids above the block than it has room for. */
int harden_shift_maps(struct arena *arena, const struct oci_process *process, uint32_t first_id,
	struct harden_maps *ret_maps, struct nacre_error *err);

#endif
