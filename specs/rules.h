/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RULES_H
#define NACRE_RULES_H

/*
 * The rules of the profiles, in the order in which they run. What refuses comes first, so that
 * nothing is edited in vain. Edits of namespaces come before those that are only valid with them
 * (hidden paths need a mount namespace).
 *
 * RULE(id, name, loosest, effect, scope, why): everything that the rest of the project knows of a
 * rule is made from its row, as the kernel makes enum bpf_func_id from ___BPF_FUNC_MAPPER.
 *
 *	id	RULE_id stands for it in enum profile_rule, and rule_id() does it: specs/harden_*.c
 *	name	what --require, reports, policy.json and nacre-profiles(7) call it
 *	loosest	OCI, NESTED, AGENT or STRICT: this profile and all that are tighter have it
 *	effect	EDITS: tightens the config. REFUSES: where an edit would silently give something
 *		else than what was asked for
 *	scope	CONFIG, or PROCESS: it reads and edits process alone and holds for exec as well
 *	why	one line of reports
 */
/* clang-format off */
#define PROFILE_RULES(RULE)                                                                        \
	RULE(host_network, "host-network", NESTED, REFUSES, CONFIG,                                \
		"the host's network gives access to services on its loopback and to cloud "        \
		"metadata; nacre refuses it, since a container that is cut off silently would "    \
		"fail later")                                                                      \
	RULE(joined_network, "joined-network", STRICT, REFUSES, CONFIG,                            \
		"nacre does not know what else uses that network, or what filters its traffic")    \
	RULE(network_devices, "network-devices", NESTED, REFUSES, CONFIG,                          \
		"an interface that moves into the container is gone from the host, and its "       \
		"traffic bypasses the filters of the container's network")                         \
	RULE(mount_sources, "mount-sources", NESTED, REFUSES, CONFIG,                              \
		"an engine's socket, the host's root, /proc, /sys or /dev, or the state of "       \
		"containers would give control of the host")                                       \
	RULE(namespaces, "namespaces", NESTED, EDITS, CONFIG,                                      \
		"in a namespace of the host, the container can see or change what belongs to "     \
		"the host")                                                                        \
	RULE(user_namespace, "user-namespace", STRICT, EDITS, CONFIG,                              \
		"root in the container is an unprivileged user on the host: code that escapes "    \
		"owns no file there")                                                              \
	RULE(no_new_privileges, "no-new-privileges", NESTED, EDITS, PROCESS,                       \
		"setuid programs and file capabilities could give back the privileges that "       \
		"were dropped")                                                                    \
	RULE(capability_ceiling, "capability-ceiling", NESTED, EDITS, PROCESS,                     \
		"more capabilities would let the container act on the host's kernel or network")   \
	RULE(resources, "resources", NESTED, EDITS, CONFIG,                                        \
		"a fork bomb or a memory leak could take down the host")                           \
	RULE(read_only_root, "read-only-root", AGENT, EDITS, CONFIG,                               \
		"code in the container could replace the container's own programs; /tmp stays "    \
		"writable")                                                                        \
	RULE(kernel_mounts, "kernel-mounts", NESTED, EDITS, CONFIG,                                \
		"through these file systems, root in the container could raise its own limits "    \
		"or change the host's kernel")                                                     \
	RULE(writable_binds, "writable-binds", STRICT, EDITS, CONFIG,                              \
		"the host may run or trust files that the container writes outside the "           \
		"workspace")                                                                       \
	RULE(mount_flags, "mount-flags", NESTED, EDITS, CONFIG,                                    \
		"a mount could bring in setuid programs and device nodes, and a tmpfs could "      \
		"hold programs that the container wrote")                                          \
	RULE(propagation, "propagation", NESTED, EDITS, CONFIG,                                    \
		"with shared propagation, a mount made in the container appears on the host")      \
	RULE(hidden_paths, "hidden-paths", NESTED, EDITS, CONFIG,                                  \
		"these files show or change the kernel of the whole host")                         \
	RULE(devices, "devices", NESTED, EDITS, CONFIG,                                            \
		"devices give access to the host's hardware; only the default ones and those "     \
		"in linux.devices can be opened")                                                  \
	RULE(real_time, "real-time", NESTED, EDITS, PROCESS,                                       \
		"a real-time program runs before all others and can stall the host")               \
	RULE(rlimits, "rlimits", NESTED, EDITS, PROCESS,                                           \
		"the host writes core dumps, and they contain the program's memory")               \
	RULE(oom_score, "oom-score", NESTED, EDITS, PROCESS,                                       \
		"when memory runs out, the kernel must not spare the container and kill the "      \
		"host's processes")                                                                \
	RULE(own_seccomp_filter, "own-seccomp-filter", NESTED, EDITS, CONFIG,                      \
		"a second seccomp filter below config.json's: most escapes from containers use "   \
		"system calls and sockets that most programs do not need")                         \
	RULE(setuid_files, "setuid-files", AGENT, EDITS, CONFIG,                                   \
		"the container's nosuid does not hold on the host, where a setuid file that "      \
		"the container left in a workspace or wrote as its stdout runs as the file's "     \
		"owner; dpkg needs the grants setuid-files and rootfs-write")                      \
	RULE(landlock, "landlock", STRICT, EDITS, CONFIG,                                          \
		"code that gets around mounts and namespaces can still write only where the "      \
		"container may; where egress rules cannot be enforced, it reaches no TCP port")    \
	RULE(metadata, "metadata", NESTED, EDITS, CONFIG,                                          \
		"the metadata service of a cloud gives the machine's credentials to every "        \
		"program that can connect to it")                                                  \
	RULE(egress, "egress", STRICT, EDITS, CONFIG,                                              \
		"a program that cannot connect cannot send data out, or attack services in the "   \
		"host's networks")                                                                 \
	RULE(annotations, "annotations", NESTED, EDITS, CONFIG,                                    \
		"annotations may come from the tenant, and must not give access to groups, "       \
		"files or sockets of the host")
/* clang-format on */

#endif
