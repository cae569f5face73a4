/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/commands.h"
#include "specs/error.h"

const struct option_row create_profile_rows[] = {
	/* clang-format off */
	{"profile", 0, TEXT(create.profile), "oci|nested|agent|strict", "the profile; default: the policy's, or agent"},
	{"require", 0, LIST(create.require), "RULE", "fail if this rule cannot be enforced completely; may be repeated"},
	{"allow", 0, LIST(create.allow), "GRANT", "relax one rule of the profile; may be repeated"},
	{"egress", 0, LIST(create.egress), "DESTINATION", "what the container may connect to: NAME:PORT, CIDR:PORT, none, open; may be repeated"},
	{"userns", 0, TEXT(create.userns), "shifted", "ids that no other user or container of the host has"},
	{"workspace", 'w', LIST(create.workspaces), "SRC[:DEST][:FORM][,size=N]", "a directory to work on, FORM cow (a copy; default), direct or ro; may be repeated"},
	{NULL},
	/* clang-format on */
};

const struct option_row create_rows[] = {
	/* clang-format off */
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"config", 'f', TEXT(create.config), "FILE", "instead of config.json in the bundle"},
	{"audit", 0, TEXT(create.audit), "FILE", "append one line of JSON per event; \"journal\": to systemd's journal"},
	{"trace-denials", 0, FLAG(create.trace_denials), NULL, "record and count each system call that the profile's filter refuses"},
	{"receipt", 0, TEXT(create.receipt), "FILE", "write a signed receipt of what ran to the new FILE when the container is deleted"},
	{"receipt-key", 0, TEXT(create.receipt_key), "FILE", "key that signs it; default: /etc/nacre/receipt.key, or receipt.key in $XDG_CONFIG_HOME/nacre"},
	{"console-socket", 0, TEXT(create.console_socket), "PATH", "socket that takes the terminal's master"},
	{"pid-file", 0, TEXT(create.pid_file), "FILE", "write the pid of the container's process to FILE"},
	{"pidfd-socket", 0, TEXT(create.pidfd_socket), "PATH", "socket that takes a pidfd of the container's process"},
	{"preserve-fds", 0, COUNT(create.preserve_fds), "N", "pass on N more fds after stdio"},
	{"no-pivot", 0, FLAG(create.no_pivot), NULL, "do not use pivot_root (the root is a ramdisk)"},
	{"no-new-keyring", 0, FLAG(create.no_new_keyring), NULL, "keep the caller's session keyring"},
	{"no-subreaper", 0, FLAG(unused_flag), NULL, NULL},
	{"detach", 'd', FLAG(create.detach), NULL, NULL},
	{NULL},
	/* clang-format on */
};

const struct option_row create_single_rows[] = {
	/* clang-format off */
	{"timeout", 0, DURATION(timeout_ms), "TIME", "give up after TIME, 30s or 1h30m, and undo what was done"},
	{"late", 0, FLAG(create.late), NULL, "the program comes with start --process, once: for a pool of containers"},
	{NULL},
	/* clang-format on */
};

/* Engines pass the options to every command; only those that make a container need them. */
int create_choose_cgroup_driver(struct invocation *in, struct nacre_error *err)
{
	const char *manager = in->cgroup_manager ? in->cgroup_manager : "cgroupfs";

	in->create.no_cgroup = strcmp(manager, "disabled") == 0;
	in->create.systemd_cgroup = in->systemd_cgroup || strcmp(manager, "systemd") == 0;
	if (in->create.no_cgroup && in->create.systemd_cgroup)
		return fail(err, EINVAL,
			"--cgroup-manager disabled and --systemd-cgroup exclude each other");
	return 0;
}

int command_create(struct invocation *in, struct nacre_error *err)
{
	int r = create_choose_cgroup_driver(in, err);

	return r < 0 ? r : nacre_create(in->nacre, in->operands[0], &in->create, err);
}
