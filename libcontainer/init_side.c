/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/baton.h"
#include "libcontainer/caps.h"
#include "libcontainer/cleanup.h"
#include "libcontainer/credentials.h"
#include "libcontainer/devices.h"
#include "libcontainer/files.h"
#include "libcontainer/hooks.h"
#include "libcontainer/idmap.h"
#include "libcontainer/landlock.h"
#include "libcontainer/lsm.h"
#include "libcontainer/masks.h"
#include "libcontainer/mounts.h"
#include "libcontainer/netdev.h"
#include "libcontainer/pivot.h"
#include "libcontainer/procfs.h"
#include "libcontainer/rlimits.h"
#include "libcontainer/rootfs.h"
#include "libcontainer/scheduling.h"
#include "libcontainer/steps.h"
#include "libcontainer/sys.h"
#include "libcontainer/sysctl.h"
#include "specs/defaults.h"
#include "specs/profiles.h"

/* INIT's rows, in the order of life.c. */

static int become_undumpable(struct nacre_error *err)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? fail_errno(err, errno, "PR_SET_DUMPABLE")
						      : 0;
}

/*
 * First of all, in the child.
 *
 * Should:
 * - make INIT undumpable: in a shared pid namespace others could ptrace it or open its /proc/PID/fd
 *   (CVE-2016-9962); exec makes the program dumpable again
 * - close every fd that a row below does not need, so that none can leak into the container
 *   (CVE-2024-21626); those that stay are close-on-exec
 * - take the umask out of the way of the modes that mounts and devices are made with
 */
int shield_init(struct life *l, struct nacre_error *err)
{
	const unsigned preserved = l->options->preserve_fds;
	const size_t n_sources = l->source_fds ? l->config->n_mounts : 0;
	cleanup_free int *keep = malloc((11 + n_sources + preserved) * sizeof(int));
	size_t n = 0;
	int result;

	if (!keep)
		return fail_errno(err, ENOMEM, "close inherited files");
	/* Before its maps are written an undumpable process's uid_map belongs to the host's root.
	 */
	if (!(l->record.active & NEW_USERNS) && become_undumpable(err) < 0)
		return -err->code;
	keep[n++] = l->baton;
	keep[n++] = l->rootfs_fd;
	keep[n++] = l->cgroup.fd;
	keep[n++] = l->console_socket;
	keep[n++] = l->start_socket;
	keep[n++] = l->init_pidfd;
	keep[n++] = l->nodes_fd;
	keep[n++] = l->hook_output.stdout_fd;
	keep[n++] = l->hook_output.stderr_fd;
	for (size_t i = 0; i < n_sources; i++)
		keep[n++] = l->source_fds[i];
	for (unsigned i = 0; i < preserved; i++)
		keep[n++] = (int)(3 + i);
	result = close_all_except(keep, n);
	if (result < 0)
		return fail_errno(err, result, "close inherited files");
	umask(0);
	return 0;
}

static void warn_runtime(void *data, const char *text)
{
	const struct life *l = data;

	(void)baton_send(l->baton, BATON_WARNING, 0, 0, -1, text, -1);
}

/*
 * While INIT still is the user who called: what it becomes next, the container's root, may be
 * nobody to the host, and not even get at a bundle below a home directory. RUNTIME has opened the
 * sources if it has the privilege (which it needs for a clone of a mount); then it reaches more
 * than INIT, which has lost all privilege over the host's files.
 */
int open_host_files(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->config;

	l->rootfs_fd = rootfs_open(l->record.rootfs, err);
	if (l->rootfs_fd < 0)
		return l->rootfs_fd;
	for (size_t i = 0; l->source_fds && i < config->n_mounts; i++) {
		int fd;

		if (l->source_fds[i] >= 0)
			continue;
		fd = mount_open_source(&l->guard, &config->mounts[i], i, true, -1, err);
		if (fd < 0 && fd != -ENOTSUP)
			return fd;
		l->source_fds[i] = fd < 0 ? -1 : fd;
	}
	return 0;
}

int become_userns_root(struct life *l, struct nacre_error *err)
{
	return idmap_become_root(l->annotations.keep_groups, err) < 0 ? -err->code
								      : become_undumpable(err);
}

/* A session of its own: signals of the caller's terminal are not for the container. */
int new_session(struct life *l, struct nacre_error *err)
{
	int result;

	if (setsid() < 0)
		return fail_errno(err, errno, "setsid");
	if (!(l->record.active & KEYRING))
		return 0;
	result = credentials_new_keyring(l->id, l->process->selinux_label, err);
	if (result > 0)
		warn_runtime(l,
			"session keyring: the quota of keys is spent (sysctl kernel.keys.*), "
			"the container has the caller's keyring");
	return result < 0 ? result : 0;
}

int unshare_cgroup(struct life *l, struct nacre_error *err)
{
	(void)l;
	return namespaces_unshare_cgroup(err);
}

int raise_loopback(struct life *l, struct nacre_error *err)
{
	(void)l;
	return netdev_loopback_up(err);
}

/* Opened here and not by RUNTIME: an fd of another mount namespace can neither be cloned from nor
 * be mounted on. */
int prepare_rootfs(struct life *l, struct nacre_error *err)
{
	cleanup_close int directory = l->rootfs_fd >= 0 ? steal_fd(&l->rootfs_fd)
							: rootfs_open(l->record.rootfs, err);
	const char *propagation = l->config->linux_ ? l->config->linux_->rootfs_propagation : NULL;

	if (directory < 0)
		return directory;
	if (l->record.active & NEW_MNTNS)
		return rootfs_prepare(directory, propagation, &l->rootfs_fd, err);
	return rootfs_attach(directory, propagation, &l->rootfs_fd, err);
}

/* Under a profile that tightens the flags of mounts nothing that the host set is taken back by
 * silence. In a user namespace the kernel keeps such flags, all but the last. */
static uint64_t flags_to_clear(const struct life *l)
{
	const struct profile *profile = profile_find(l->record.profile ? l->record.profile : "");

	if (!profile || profile->rules & RULE_MOUNT_FLAGS)
		return 0;
	if (l->record.active & IN_USERNS)
		return MOUNT_ATTR_NOSYMFOLLOW;
	return MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
	       MOUNT_ATTR_NOSYMFOLLOW;
}

static struct mount_context mount_context(struct life *l)
{
	return (struct mount_context){
		.rootfs_fd = l->rootfs_fd,
		.mount_label = l->config->linux_ ? l->config->linux_->mount_label : NULL,
		.own_cgroup_namespace = l->record.active & NEW_CGROUPNS,
		.own_network_namespace = l->record.active & NEW_NETNS,
		.cgroup_fd = l->cgroup.fd,
		.clear_unnamed = flags_to_clear(l),
		.guard = &l->guard,
		.source_fds = l->source_fds,
		.proc_fd = &l->proc_fd,
	};
}

int perform_mounts(struct life *l, struct nacre_error *err)
{
	struct mount_context context = mount_context(l);

	return mounts_perform(&context, l->config->mounts, l->config->n_mounts, err);
}

int make_devices(struct life *l, struct nacre_error *err)
{
	return devices_create(l->rootfs_fd, l->config->linux_, devices_own_dev(l->config),
		oci_find_namespace(l->config, "user"), l->nodes_fd, err);
}

const struct oci_console_size *terminal_size(const struct life *l)
{
	if (l->process->console_size)
		return l->process->console_size;
	return l->options->window.height && l->options->window.width ? &l->options->window : NULL;
}

/* The master leaves for the console socket, or for RUNTIME, which hands it to its caller. */
int send_terminal(struct life *l, struct nacre_error *err)
{
	int result = 0;

	if (l->console_socket >= 0) {
		result = terminal_send(l->console_socket, l->terminal.master, err);
	} else {
		result = baton_send(l->baton, BATON_CONSOLE, 0, 0, -1, NULL, l->terminal.master);
		if (result < 0)
			fail_errno(err, result, "hand over the terminal");
	}
	close_fd(&l->terminal.master);
	close_fd(&l->console_socket);
	return result;
}

int open_terminal(struct life *l, struct nacre_error *err)
{
	if (terminal_open(l->rootfs_fd, terminal_size(l), &l->terminal, err) < 0 ||
		terminal_bind_console(l->rootfs_fd, l->terminal.slave, err) < 0)
		return -err->code;
	return send_terminal(l, err);
}

static int run_container_hooks(struct life *l, const char *kind, const struct oci_hook_list *hooks,
	const char *status, const struct oci_strings *env, struct nacre_error *err)
{
	const struct oci_state state = {
		.oci_version = OCI_VERSION,
		.id = l->id,
		.pid = getpid(),
		.status = status,
		.bundle = l->record.bundle,
		.annotations = l->record.annotations,
	};
	cleanup_free char *json = NULL;

	if (oci_state_encode(&state, false, &json, err) < 0)
		return -err->code;
	return hooks_run(kind, hooks, json, env, &l->hook_output, err);
}

/* config.md, CreateContainer Hooks: in the container's namespaces, their path still that of the
 * host. */
int hooks_create_container(struct life *l, struct nacre_error *err)
{
	if (fchdir(l->rootfs_fd) < 0)
		return fail_errno(err, errno, "enter the rootfs");
	return run_container_hooks(
		l, "createContainer", &l->config->hooks->create_container, "creating", NULL, err);
}

int set_hostname(struct life *l, struct nacre_error *err)
{
	return namespaces_set_hostname(l->config->hostname, l->config->domainname, err);
}

/* Before /proc/sys turns read-only. */
int write_sysctls(struct life *l, struct nacre_error *err)
{
	if (l->proc_fd < 0)
		l->proc_fd = procfs_open(err);
	if (l->proc_fd < 0)
		return l->proc_fd;
	return sysctl_apply(l->proc_fd, &l->config->linux_->sysctl, err);
}

/* Before the pivot: the host's /dev/null can be cloned only while its mount is in this namespace.
 */
int mask_paths(struct life *l, struct nacre_error *err)
{
	cleanup_close int dev_null_fd = device_open_null(err);

	if (dev_null_fd < 0)
		return dev_null_fd;
	return masks_apply(l->rootfs_fd, dev_null_fd, masks_expect_procfs(l->config),
		&l->config->linux_->masked_paths, &l->config->linux_->readonly_paths, err);
}

int pivot(struct life *l, struct nacre_error *err)
{
	if (!(l->record.active & NEW_MNTNS))
		return rootfs_chroot(l->rootfs_fd, err);
	if (l->options->no_pivot)
		return rootfs_move(l->rootfs_fd, err);
	return rootfs_pivot(l->rootfs_fd, err);
}

int seal_rootfs(struct life *l, struct nacre_error *err)
{
	struct mount_context context = mount_context(l);
	const struct oci_hardened *hardened = l->config->nacre;
	unsigned attrs;

	if (mounts_seal(&context, l->config->mounts, l->config->n_mounts, err) < 0)
		return -err->code;
	/* No fd of a directory may be open when the program runs, nor is one needed from here on.
	 */
	close_fd(&l->rootfs_fd);
	close_fd(&l->cgroup.fd);
	if (!(l->record.active & LSM))
		close_fd(&l->proc_fd);
	attrs = (l->config->root->readonly ? MOUNT_ATTR_RDONLY : 0) |
		(hardened && hardened->root_nosuid ? MOUNT_ATTR_NOSUID : 0) |
		(hardened && hardened->root_nodev ? MOUNT_ATTR_NODEV : 0);
	return rootfs_seal(
		attrs, l->config->linux_ ? l->config->linux_->rootfs_propagation : NULL, err);
}

/* As root of the container, so that `create` reports a missing program; the user may still not be
 * allowed to run it, which exec tells. Likewise the working directory, which create makes, before
 * the root is read-only, and exec does not: one that only the user may enter (NFS with root_squash)
 * is entered once the ids have changed. */
int find_program(struct life *l, struct nacre_error *err)
{
	const bool creating = l->record.active & (WAITS_FOR_START | RUNS_AT_ONCE);
	int result = process_enter_cwd(l->process->cwd, creating, err);

	if (result < 0 && result != -EACCES)
		return result;
	l->cwd_entered = result == 0;
	return program_prepare(l->arena, l->process, &l->program, err);
}

/* config.md, StartContainer Hooks: everything in the container, before its program, and with its
 * environment. What runs is a file of the image, so it gets no more rights than the program. */
int hooks_start_container(struct life *l, struct nacre_error *err)
{
	struct oci_strings env = {.items = (const char **)l->program.envp};

	while (env.items[env.n])
		env.n++;
	return run_container_hooks(
		l, "startContainer", &l->config->hooks->start_container, "created", &env, err);
}

int take_terminal(struct life *l, struct nacre_error *err)
{
	if (l->options->bare_newlines && terminal_keep_newlines(l->terminal.slave, err) < 0)
		return -err->code;
	return terminal_take(&l->terminal.slave, l->process->user.uid, err);
}

int set_attributes(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->config->linux_;

	if (linux_ && (personality_apply(linux_->personality, err) < 0 ||
			      memory_policy_apply(linux_->memory_policy, err) < 0))
		return -err->code;
	return scheduling_apply(l->process, err);
}

int set_labels(struct life *l, struct nacre_error *err)
{
	if (l->proc_fd < 0)
		l->proc_fd = procfs_open(err);
	if (l->proc_fd < 0)
		return l->proc_fd;
	if (lsm_apparmor_on_exec(l->proc_fd, l->process->apparmor_profile, err) < 0)
		return -err->code;
	return lsm_selinux_on_exec(l->proc_fd, l->process->selinux_label, err);
}

/* Late, since the rows above need files; and before the capabilities that may raise a limit are
 * gone. */
int set_own_limits(struct life *l, struct nacre_error *err)
{
	return rlimits_apply(0, l->process->rlimits, l->process->n_rlimits, err);
}

/* The filter may forbid write(2), so exec is announced while it still can be. */
static void announce(struct life *l)
{
	if (!l->announced)
		(void)baton_send(l->baton, BATON_EXEC, 0, 0, -1, NULL, -1);
	l->announced = true;
}

/* While INIT can open what the user may not: the rules are on directories, not on names. */
int restrict_writes(struct life *l, struct nacre_error *err)
{
	const bool required = !strcmp(l->config->nacre->landlock, "required");
	int abi = landlock_restrict(
		l->config->mounts, l->config->n_mounts, !l->config->root->readonly, err);

	if (abi < 0)
		return abi;
	if (required && abi < LANDLOCK_ABI_WHOLE)
		return fail(err, ENOTSUP,
			"rule landlock is required, and this kernel has ABI %d of Landlock, not %d",
			abi, LANDLOCK_ABI_WHOLE);
	if (abi == 0)
		warn_runtime(l, "rule landlock: this kernel has no Landlock, or it is not enabled "
				"(lsm=)");
	return 0;
}

/* nacre's own first: that of the config may forbid seccomp(2). */
/* A RUNTIME without privilege may take the listener (pidfd_getfd(2) asks as ptrace(2)) of a
 * dumpable process alone, which the program will be. In a pid namespace that is INIT's alone nobody
 * else can make use of it. */
static int lend_listener(const struct life *l, struct nacre_error *err)
{
	if (!(l->record.active & SECCOMP_NOTIFY) || !(l->record.active & NEW_PIDNS) ||
		l->record.owner_uid == 0)
		return 0;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? fail_errno(err, errno, "PR_SET_DUMPABLE")
						      : 0;
}

int load_seccomp(struct life *l, struct nacre_error *err)
{
	if (lend_listener(l, err) < 0)
		return -err->code;
	int none; /* the config of a traced container has no listener: see check_trace */

	if (!(l->record.active & SECCOMP_NOTIFY))
		announce(l);
	if (l->options->trace_denials) {
		l->listener = seccomp_own_apply_traced(&l->traced_filter, err);
		if (l->listener < 0)
			return -err->code;
		return l->record.active & SECCOMP ? seccomp_apply(l->seccomp, &none, err) : 0;
	}
	if (seccomp_own_apply(&l->own_filter, err) < 0)
		return -err->code;
	return l->record.active & SECCOMP ? seccomp_apply(l->seccomp, &l->listener, err) : 0;
}

/*
 * Should:
 * - drop the bounding set while CAP_SETPCAP is still there
 * - give stdio to the user while root may
 * - change groups, gid, uid; then set the four other sets to exactly what the config says
 *
 * Mustn't:
 * - leave a set as it was inherited
 */
int drop_privileges(struct life *l, struct nacre_error *err)
{
	const struct oci_process *process = l->process;
	struct capability_sets sets;

	if (capabilities_parse(process->capabilities, &sets, warn_runtime, l, err) < 0 ||
		capabilities_bound(&sets, err) < 0 ||
		credentials_own_stdio(&process->user, err) < 0)
		return -err->code;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_NO_NEW_PRIVS");
	if (credentials_apply(&process->user, oci_find_namespace(l->config, "user"),
		    l->annotations.keep_groups, err) < 0 ||
		capabilities_apply(&sets, err) < 0)
		return -err->code;
	return l->cwd_entered ? 0 : process_enter_cwd(process->cwd, false, err);
}

int limit_files(struct life *l, struct nacre_error *err)
{
	return process_limit_fds(l->options->preserve_fds, err);
}

int exec_program(struct life *l, struct nacre_error *err)
{
	if (process_reset_signals(err) < 0)
		return -err->code;
	announce(l);
	return process_exec(&l->program, err);
}
