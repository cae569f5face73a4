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
 *else than what was asked for
 *	scope	CONFIG, or PROCESS: it reads and edits process alone and holds for exec as well
 *	why	one line of reports
 */
/* clang-format off */
#define PROFILE_RULES(RULE)                                                                        \
	RULE(host_network, "host-network", NESTED, REFUSES, CONFIG,                                \
		"the host's network reaches its loopback services and cloud metadata; cutting it " \
		"off silently would break what was asked for")                                     \
	RULE(joined_network, "joined-network", STRICT, REFUSES, CONFIG,                            \
		"what else is in that network, and what filters it, is not known here")            \
	RULE(network_devices, "network-devices", NESTED, REFUSES, CONFIG,                          \
		"an interface that is moved in is taken away from the host, and reaches its "      \
		"network past what filters the container's")                                       \
	RULE(mount_sources, "mount-sources", NESTED, REFUSES, CONFIG,                              \
		"an engine's socket, the host's root, /proc, /sys or /dev, or the state of "       \
		"containers gives the host away")                                                  \
	RULE(namespaces, "namespaces", NESTED, EDITS, CONFIG,                                      \
		"in a namespace of the host the container sees or changes what is not its own")    \
	RULE(user_namespace, "user-namespace", STRICT, EDITS, CONFIG,                              \
		"root inside is nobody outside: whatever gets out of the container owns nothing "  \
		"there")                                                                           \
	RULE(no_new_privileges, "no-new-privileges", NESTED, EDITS, PROCESS,                       \
		"setuid programs and file capabilities must not give back what was dropped")       \
	RULE(capability_ceiling, "capability-ceiling", NESTED, EDITS, PROCESS,                     \
		"capabilities beyond the ceiling reach the kernel or the network beside the "      \
		"container")                                                                       \
	RULE(resources, "resources", NESTED, EDITS, CONFIG,                                        \
		"a fork bomb or a leak must not take the host down")                               \
	RULE(read_only_root, "read-only-root", AGENT, EDITS, CONFIG,                               \
		"what runs inside must not change its own programs; /tmp stays writable")          \
	RULE(kernel_mounts, "kernel-mounts", NESTED, EDITS, CONFIG,                                \
		"root in the container could raise its own limits and change the host's kernel")   \
	RULE(writable_binds, "writable-binds", STRICT, EDITS, CONFIG,                              \
		"what is written outside the workspace may be run or believed by the host")        \
	RULE(mount_flags, "mount-flags", NESTED, EDITS, CONFIG,                                    \
		"no setuid programs and no device nodes from mounts, no programs from memory")     \
	RULE(propagation, "propagation", NESTED, EDITS, CONFIG,                                    \
		"with shared propagation a mount made inside appears on the host")                 \
	RULE(hidden_paths, "hidden-paths", NESTED, EDITS, CONFIG,                                  \
		"these files of the kernel are the whole host's")                                  \
	RULE(devices, "devices", NESTED, EDITS, CONFIG,                                            \
		"only the default devices and those listed in linux.devices can be opened")        \
	RULE(real_time, "real-time", NESTED, EDITS, PROCESS,                                       \
		"a program that runs before all others can stop the host")                         \
	RULE(rlimits, "rlimits", NESTED, EDITS, PROCESS,                                           \
		"a core dump is written by the host, with the program's memory in it")             \
	RULE(oom_score, "oom-score", NESTED, EDITS, PROCESS,                                       \
		"the kernel must not spare the container at the cost of the host")                 \
	RULE(own_seccomp_filter, "own-seccomp-filter", NESTED, EDITS, CONFIG,                      \
		"a second seccomp filter below that of the config: most ways out of a container "  \
		"are system calls and sockets that its programs do not need")                      \
	RULE(setuid_files, "setuid-files", AGENT, EDITS, CONFIG,                                   \
		"a setuid file left on the host, in a workspace or as the file that stdout is, "   \
		"where no nosuid of the container holds, makes whoever runs it there its owner; "  \
		"dpkg needs the grant besides rootfs-write")                                                                    \
	RULE(landlock, "landlock", STRICT, EDITS, CONFIG,                                          \
		"what gets round mounts and namespaces still writes nowhere else and reaches no "  \
		"TCP port")                                                                        \
	RULE(metadata, "metadata", NESTED, EDITS, CONFIG,                                          \
		"whoever reaches the metadata service of a cloud gets the credentials of the "     \
		"machine")                                                                         \
	RULE(egress, "egress", STRICT, EDITS, CONFIG,                                              \
		"what cannot connect sends nothing out, and reaches no service of the host's "     \
		"networks")                                                                        \
	RULE(annotations, "annotations", NESTED, EDITS, CONFIG,                                    \
		"annotations are the tenant's words: none may give groups, files or sockets of "   \
		"the host")
/* clang-format on */

#endif
