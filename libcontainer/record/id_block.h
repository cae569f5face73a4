/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ID_BLOCK_H
#define NACRE_ID_BLOCK_H

#include "specs/error.h"
#include "specs/id_blocks.h"

/*
 * Claims of blocks of ids: a block belongs to one container on the whole machine, no matter where
 * the states of containers are, or to the containers of one pod, which have one user namespace.
 *
 * A claim is a file that is named after the block, in a directory of its own. While a container is
 * being created, a lock on that file is the claim, and it ends with the process. Once there is a
 * state directory, the file names it, and those of others that have joined (id_owners.h). So a
 * claim whose owners are gone, for whatever reason, is free again, and a later claim removes it
 * sooner or later. The lock belongs to the open file description: a forked child that inherits it
 * holds it too until it closes the fd.
 *
 * Processes with another /run, in a mount namespace of their own, do not see these files. But all
 * share the kernel's table of keys, which has ids of each user namespace that idmap_userns_shown
 * has created, as long as that namespace exists. So blocks that contain an id of the table are
 * skipped. After creating a user namespace, a caller counts the keys of its block: more keys than
 * its own mean that another process took the same block at the same time.
 */

struct id_block_places {
	const char *claims; /* directory of the claims; created if it is missing */
	const char *etc; /* directory of passwd, group, subuid and subgid */
	const char *keys; /* /proc/key-users */
};

/* The places of this machine. */
extern const struct id_block_places id_block_host;

/* Claims a block of RANGE that contains no account and no subordinate id. Accounts of a directory
 * service are not considered: that would load libc's NSS. Returns an fd that holds the claim.
 * -ENOSPC: no block is free. -EAGAIN: some blocks may become free soon: the kernel removes keys
 * some time after their owner is gone. -EOPNOTSUPP: the kernel has no keys, or nothing can be
 * written. */
int id_block_claim(const struct id_block_places *places, struct id_blocks_range range,
	uint32_t *ret_block, struct nacre_error *err);

/* Counts the keys that ids of BLOCK have. */
int id_block_count_keys(const struct id_block_places *places, uint32_t block, uint64_t *ret_keys,
	struct nacre_error *err);

/* Locks the claim of BLOCK, so that its owners stay what they are. Returns an fd that another
 * container's id_block_keep takes, or id_block_drop. -ENOENT without text: there is no claim. */
int id_block_join(const struct id_block_places *places, uint32_t block, struct nacre_error *err);

/* Undoes a claim before id_block_keep, and closes the fd. That of other owners stays. */
void id_block_drop(const struct id_block_places *places, uint32_t block, int *claim_fd);

/* Makes the state directory STATE_FD an owner of the claim, and closes the fd. On failure, or
 * killed meanwhile, it leaves the other owners, and the fd. */
int id_block_keep(const struct id_block_places *places, uint32_t block, int *claim_fd, int state_fd,
	struct nacre_error *err);

/* Removes STATE_FD from the owners of the claim, and with the last one the claim. One of other
 * owners, or none, is no error and stays. */
int id_block_free(const struct id_block_places *places, uint32_t block, int state_fd,
	struct nacre_error *err);

#endif
