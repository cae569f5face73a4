/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/life.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/steps_restore.h"
#include "libcontainer/net/egress_relay.h"
#include "libcontainer/record/id_block.h"

/* Initialises and frees struct life, and lists the fds that it holds. */

/* All fds of struct life: whether INIT needs them in its rows, and whether life_done closes them.
 * container_done closes RUNTIME's other fds of the container. */
enum fd_use {
	FD_OWNED = 1 << 0,
	FD_KEPT = 1 << 1, /* INIT needs it */
};

static const struct fd_row {
	size_t offset;
	int use;
} fd_rows[] = {
#define ROW(member, use)                           \
	{                                          \
		offsetof(struct life, member), use \
	}
	ROW(container.cgroup.fd, FD_KEPT),
	ROW(rootfs_fd, FD_OWNED | FD_KEPT),
	ROW(proc_fd, FD_OWNED),
	ROW(nodes_fd, FD_OWNED | FD_KEPT),
	ROW(map_fd, FD_OWNED),
	ROW(shift.root_fd, FD_KEPT),
	ROW(console_socket, FD_OWNED | FD_KEPT),
	ROW(start_pipe.in, FD_OWNED | FD_KEPT),
	ROW(start_pipe.out, FD_OWNED | FD_KEPT),
	ROW(notify_socket, FD_OWNED),
	ROW(sync, FD_OWNED | FD_KEPT),
	ROW(init_pidfd, FD_OWNED | FD_KEPT),
	ROW(held_listener, FD_OWNED),
	ROW(own_proc_fd, FD_OWNED),
	ROW(terminal.master, FD_OWNED),
	ROW(terminal.slave, FD_OWNED),
	ROW(hook_output.stdout_fd, FD_OWNED | FD_KEPT),
	ROW(hook_output.stderr_fd, FD_OWNED | FD_KEPT),
	ROW(resctrl_fd, FD_OWNED),
	ROW(netns_fd, FD_OWNED),
#undef ROW
};

enum {
	N_FD_ROWS = sizeof(fd_rows) / sizeof(fd_rows[0]),
	N_JOINED = sizeof(((struct namespace_plan *)0)->join_fds) / sizeof(int),
};

static int *fd_of(const struct life *l, const struct fd_row *row)
{
	return (int *)(void *)((char *)l + row->offset);
}

static size_t count_sources(const struct life *l)
{
	return l->source_fds ? l->container.config->n_mounts : 0;
}

void life_init(struct life *l)
{
	*l = (struct life){
		.exec_cgroup = CGROUP_CLOSED,
		.namespaces = {.cgroup_fd = -1},
		.turn_ahead = -1,
		.listener = -1,
	};
	container_init(&l->container);
	for (size_t i = 0; i < N_FD_ROWS; i++)
		*fd_of(l, &fd_rows[i]) = -1;
	for (size_t i = 0; i < N_JOINED; i++)
		l->namespaces.join_fds[i] = -1;
	l->shift = LIFE_SHIFT_NONE;
}

void life_shift_done(struct life_shift *shift)
{
	id_block_drop(&id_block_host, shift->first_id / ID_BLOCK_SIZE, &shift->claim_fd);
	fd_close(&shift->userns_fd);
	fd_close(&shift->pod_fd);
	fd_close(&shift->rootfs_fd);
	fd_close(&shift->root_fd);
	*shift = LIFE_SHIFT_NONE;
}

void life_done(struct life *l)
{
	for (size_t i = 0; i < N_FD_ROWS; i++) {
		if (fd_rows[i].use & FD_OWNED)
			fd_close(fd_of(l, &fd_rows[i]));
	}
	for (size_t i = 0; i < count_sources(l); i++)
		fd_close(&l->source_fds[i]);
	free(l->source_fds);
	for (size_t i = 0; i < l->n_workspaces; i++) {
		fd_close(&l->workspaces[i].source_fd);
		fd_close(&l->workspaces[i].upper_fd);
		fd_close(&l->workspaces[i].work_fd);
	}
	life_shift_done(&l->shift);
	cgroup_close(&l->exec_cgroup);
	namespaces_plan_done(&l->namespaces);
	step_birth_done(l);
	egress_relay_done(l->egress_relay);
	if (l->seccomp)
		(void)munmap(l->seccomp, sizeof(*l->seccomp));
	free(l->report);
	free(l->receipt);
	free(l->moved_devices);
	container_done(&l->container);
}

int life_kept_fds(const struct life *l, int **ret_fds, size_t *ret_n)
{
	int *fds = malloc((N_FD_ROWS + 2 + 2 * N_JOINED + count_sources(l) + 3 * l->n_workspaces) *
			  sizeof(*fds));
	size_t n = 0;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < N_FD_ROWS; i++) {
		if (fd_rows[i].use & FD_KEPT)
			fds[n++] = *fd_of(l, &fd_rows[i]);
	}
	if (l->egress_relay)
		fds[n++] = l->egress_relay->resolv_fd;
	if (l->restore)
		fds[n++] = l->restore->its_socket;
	for (size_t i = 0; l->namespaces.outside && i < N_JOINED; i++)
		fds[n++] = l->namespaces.join_fds[i];
	for (size_t i = 0; l->restore && i < N_JOINED; i++)
		fds[n++] = l->restore->plan.join_fds[i];
	for (size_t i = 0; i < count_sources(l); i++)
		fds[n++] = l->source_fds[i];
	for (size_t i = 0; i < l->n_workspaces; i++) {
		fds[n++] = l->workspaces[i].source_fd;
		fds[n++] = l->workspaces[i].upper_fd;
		fds[n++] = l->workspaces[i].work_fd;
	}
	*ret_fds = fds;
	*ret_n = n;
	return 0;
}
