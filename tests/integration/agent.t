#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# What the default profile forces, seen from inside and without naming it.
agent() {
	good nacre run --bundle "$b" "$@" "$id"
}

agent_any() {
	try nacre run --bundle "$b" "$@" "$id"
}

refused() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre run --bundle "$b" "$@" "$id"
	nothing_left
}

# As loose as a config can be.
loose_bundle() {
	bundle "$@"
	edit '.root.readonly = false | .process.noNewPrivileges = false | .linux.maskedPaths = []
		| .linux.readonlyPaths = [] | .linux.resources = {devices: [{allow: true, access: "rwm"}]}
		| .linux.rootfsPropagation = "shared"
		| .process.rlimits = [{type: "RLIMIT_CORE", soft: 100, hard: 100}]
		| .mounts |= map(.options = (.options // []) - ["nosuid", "nodev", "noexec"])'
	capabilities CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_NET_ADMIN CAP_NET_RAW CAP_MKNOD CAP_CHOWN \
		CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_MODULE CAP_SETUID CAP_SETGID CAP_KILL
}

test_no_new_privileges_is_forced_and_can_be_granted() {
	loose_bundle status NoNewPrivs
	agent
	is "$out" $'NoNewPrivs:\t1'
	agent --allow new-privileges
	is "$out" $'NoNewPrivs:\t0'
}

test_capabilities_end_at_the_ceiling() {
	loose_bundle status CapEff CapBnd CapInh CapPrm CapAmb
	agent
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" "$(printf %016x $((1 | 2 | 1 << 5 | 1 << 6 | 1 << 7)))" sets
}

test_one_capability_can_be_granted() {
	loose_bundle status CapBnd
	agent --allow cap:CAP_NET_RAW
	is "$out" "CapBnd:	$(printf %016x $((1 | 2 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 13)))"
}

test_a_grant_gives_nothing_that_the_config_does_not_ask_for() {
	bundle status CapBnd
	agent
	without=$out
	has_line "$without" "CapBnd:*[0-9a-f]"
	agent --allow cap:CAP_SYS_ADMIN
	is "$out" "$without"
}

test_the_root_is_read_only_and_tmp_is_writable() {
	loose_bundle create /new : create /etc/new : create /tmp/new
	agent_any
	is "$out" $'create: EROFS\ncreate: EROFS\ncreate: ok'
	absent "$b/rootfs/tmp/new"
	agent --allow rootfs-write
	exists "$b/rootfs/new"
}

test_nothing_in_tmp_can_be_executed() {
	loose_bundle true
	with_busybox || return
	cp /bin/true "$b/rootfs/bin/cp" 2>/dev/null
	program /bin/sh -c 'cat /payload >/tmp/tool; chmod 755 /tmp/tool; /tmp/tool echo executed'
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/chmod"
	agent_any
	lacks "$out" executed
	has "$err$out" ermission
	agent --allow tmp-exec
	has "$out" executed
}

# On the tmpfs that is named and on no other.
test_a_tmpfs_of_the_config_can_be_given_back_its_programs() {
	loose_bundle true
	with_busybox || return
	mkdir -p "$b/rootfs/cache" "$b/rootfs/more"
	mount_on /cache tmpfs tmpfs exec mode=755
	mount_on /more tmpfs tmpfs exec mode=755
	program /bin/sh -c 'for d in /cache /more; do cat /payload >$d/tool; chmod 755 $d/tool; $d/tool echo "from $d"; done'
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/chmod"
	agent_any
	lacks "$out" from
	has "$err" "execution of programs in /cache (--allow tmpfs-exec:/cache)"
	agent_any --allow tmpfs-exec:/cache
	is "$out" "from /cache"
}

test_every_mount_is_nosuid_and_nodev() {
	local line options target
	loose_bundle cat /proc/self/mountinfo
	mkdir "$b/source"
	mount_on /mnt "$b/source" bind rbind
	agent
	while read -r line; do
		target=$(cut -d' ' -f5 <<<"$line")
		options=,$(cut -d' ' -f6 <<<"$line"),
		# the node that masks a file must be open to all
		[[ $line == *" /null $target "* ]] && continue
		has "$options" ,nosuid,
		# In a user namespace a node is bound, since it cannot be made.
		[[ $who != root && $target =~ ^/dev/(null|zero|full|u?random|tty)$ ]] && continue
		[[ $target == /dev || $target == /dev/pts ]] || has "$options" ,nodev,
	done <<<"$out"
	has_line "$out" "* /dev/shm *noexec*"
}

test_a_setuid_program_gives_nothing() {
	loose_bundle true
	cp "$PAYLOAD" "$b/rootfs/setuid"
	chmod 4755 "$b/rootfs/setuid"
	program /setuid id
	edit '.process.user.uid = 1000 | del(.process.capabilities.ambient)'
	agent
	has "$out" uid=1000
}

test_kernel_files_of_the_host_are_hidden() {
	loose_bundle stat /proc/keys : write /proc/sys/kernel/core_pattern x : write /proc/sys/kernel/hostname x
	agent_any
	has_line "$out" "/proc/keys: c * rdev=1:3"
	is "$(grep -c "write: E[AR]" <<<"$out")" 2 "refused writes"
}

# The mask is the file system's, wherever it is mounted.
test_a_procfs_and_a_sysfs_elsewhere_are_masked() {
	loose_bundle stat /x/proc/keys /x/proc/kallsyms : write /x/proc/sys/kernel/core_pattern x : ls /x/sys/firmware
	mkdir -p "$b/rootfs/x"
	mount_on /x/proc proc proc
	mount_on /x/sys sysfs sysfs
	agent_any --allow mount:/proc --allow mount:/sys
	has_line "$out" "/x/proc/keys: c * rdev=1:3"
	has_line "$out" "/x/proc/kallsyms: c * rdev=1:3"
	# a user may not write there either way
	has_line "$out" "write: @(EROFS|EACCES)"
}

test_where_the_kernel_s_memory_lies_is_hidden() {
	local name there=()
	for name in slabinfo vmallocinfo pagetypeinfo kpagecount iomem kallsyms config.gz; do
		[[ ! -e /proc/$name ]] || there+=("/proc/$name")
	done
	loose_bundle stat "${there[@]}"
	agent_any
	for name in "${there[@]}"; do
		has_line "$out" "$name: c * rdev=1:3"
	done
}

test_devices_are_the_default_ones_alone() {
	loose_bundle mknod /dev/mem c 1 1
	agent_any
	is "$out" "mknod: EPERM"
	edit '.process.args = ["/payload", "mknod", "/dev/mem", "c", "1", "1"]'
	agent_any --allow cap:CAP_MKNOD
	is "$out" "mknod: EPERM"
	needs_mknod || return
	agent_any --allow cap:CAP_MKNOD --allow syscall:mknodat
	is "$out" $'mknod: ok\nread: EPERM\nwrite: EPERM'
}

test_every_namespace_is_its_own() {
	local type
	loose_bundle readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts \
		/proc/self/ns/cgroup
	edit '.linux.namespaces |= map(select(.type | IN("mount", "network", "user"))) | del(.hostname)'
	agent
	is "$(wc -l <<<"$out")" 5 "namespaces"
	for type in mnt pid ipc uts cgroup; do
		has "$out" "/proc/self/ns/$type -> "
		lacks "$out" "$(readlink "/proc/self/ns/$type")"
	done
}

test_the_network_of_the_host_is_refused() {
	loose_bundle readlink /proc/self/ns/net
	without_namespace network
	refused 'profile agent, rule host-network: *allow it with --allow host-network'
	agent --allow host-network
	has "$out" "$(readlink /proc/self/ns/net)"
}

# joins TYPE: the namespace of this shell, by a path that does not tell so
joins() {
	edit ".linux.namespaces |= map(if .type == \"$1\" then .path = \"/proc/$$/ns/$2\" else . end)"
}

test_a_namespace_of_the_host_is_recognised_behind_any_path() {
	loose_bundle true
	joins network net
	refused "profile agent, rule host-network: linux.namespaces: /proc/$$/ns/net is *; allow it with --allow host-network"
	loose_bundle readlink /proc/self/ns/ipc
	joins ipc ipc
	agent
	lacks "$out" "$(readlink /proc/self/ns/ipc)"
}

test_a_path_that_is_no_network_is_called_so() {
	loose_bundle true
	joins network uts
	refused "*network namespace /proc/$$/ns/uts: a namespace of another type"
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	refused "*network namespace /proc/self/ns/uts: a namespace of another type"
}

test_a_namespace_of_the_host_is_granted_behind_any_path() {
	needs_root || return # setns(2) into what belongs to the host
	loose_bundle readlink /proc/self/ns/net
	joins network net
	agent --allow host-network
	has "$out" "$(readlink /proc/self/ns/net)"
	loose_bundle readlink /proc/self/ns/ipc
	joins ipc ipc
	agent --allow host-ipc
	has "$out" "$(readlink /proc/self/ns/ipc)"
}

test_sources_that_give_the_host_away_are_refused() {
	local source
	loose_bundle true
	for source in / /proc /sys /dev /run/nacre /var/run/docker.sock /run/containerd/containerd.sock \
		/tmp/../proc //sys/; do
		edit '.mounts |= map(select(.destination != "/mnt"))'
		mount_on /mnt "$source" bind rbind
		refused 'profile agent, rule mount-sources: mounts\[*]*; allow it with --allow *'
	done
}

test_a_source_can_be_granted() {
	loose_bundle ls /mnt
	mount_on /mnt /proc bind rbind
	agent --allow mount:/proc
	has_line "$out" version
}

test_a_grant_of_a_source_is_told_if_it_has_no_effect() {
	local none='has no effect: no rule forbids what it would allow'
	mkdir -p "$T/plain"
	ln -sfn /proc "$T/leads"
	loose_bundle true
	mount_on /mnt "$T/plain" bind bind
	agent --allow "mount:$T/plain" --allow engine-socket
	has "$err" "grant mount:$T/plain (command line) $none"
	has "$err" "grant engine-socket (command line) $none"
	mount_on /mnt "$T/leads" bind rbind
	agent --allow mount:/proc --allow mount:/nothing
	lacks "$err" "grant mount:/proc"
	has "$err" "grant mount:/nothing (command line) $none"
}

test_what_is_taken_and_what_has_no_effect_is_told_once() {
	loose_bundle true
	agent --allow rootfs-write --allow cap:CAP_BPF
	is "$(grep -c 'does not allow what config.json asks for: .*CAP_SYS_ADMIN.*; all devices' <<<"$err")" 1 taken
	has "$err" "grant cap:CAP_BPF (command line) has no effect: "
	lacks "$err" "grant rootfs-write"
	bundle true
	edit '.process.noNewPrivilege = true'
	agent
	has "$err" "process.noNewPrivilege is not known (did you mean noNewPrivileges?); it has no effect"
	lacks "$err" "does not allow"
	profile=agent
	bundle pause
	create
	start
	good nacre exec --cap CAP_SYS_ADMIN "$id" /payload true
	has "$err" "capabilities CAP_SYS_ADMIN (--allow cap:CAP_NAME)"
}

test_the_oom_score_of_the_caller_is_not_inherited_below_zero() {
	needs_cap_sys_resource || return
	loose_bundle cat /proc/self/oom_score_adj
	edit 'del(.process.oomScoreAdj)'
	good bash -c 'echo -500 >/proc/self/oom_score_adj && exec "$@"' bash \
		"$NACRE" --root "$ROOT" run --bundle "$b" "$id"
	has_line "$out" 0
}

# By exec, too. A late container has what create gave it, whoever starts it.
test_real_time_scheduling_of_the_caller_is_not_inherited() {
	local profile=agent real_time=(chrt -r 5 ionice -c 1)
	needs_root || return
	"${real_time[@]}" true 2>"$T/why" || {
		host_lacks "real-time scheduling: $(<"$T/why")"
		return
	}
	bundle sched
	edit 'del(.process.scheduler, .process.ioPriority)'
	good "${real_time[@]}" "$NACRE" --root "$ROOT" run --profile oci --bundle "$b" "$id"
	has "$out" "policy=2 "
	has "$out" "ioprio=8196 "
	good "${real_time[@]}" "$NACRE" --root "$ROOT" run --profile agent --allow real-time --bundle "$b" "$id"
	has "$out" "policy=2 "
	good "${real_time[@]}" "$NACRE" --root "$ROOT" run --profile agent --bundle "$b" "$id"
	has "$out" "policy=0 "
	has "$out" "ioprio=16388 "
	bundle pause
	create --late
	jq -n '{args: ["/payload", "pause"], cwd: "/"}' >"$T/process"
	good "${real_time[@]}" "$NACRE" --root "$ROOT" start --process "$T/process" "$id"
	good "${real_time[@]}" "$NACRE" --root "$ROOT" exec "$id" /payload sched
	has "$out" "policy=0 "
}

test_core_dumps_are_off_and_the_oom_score_is_not_below_zero() {
	loose_bundle rlimits : cat /proc/self/oom_score_adj
	edit '.process.oomScoreAdj = -500'
	agent
	has_line "$out" "RLIMIT_CORE 0 0"
	has_line "$out" 0
}

test_processes_and_memory_are_limited_where_there_is_a_controller() {
	loose_bundle pause
	good nacre create --bundle "$b" "$id"
	find_cgroup
	needs_controller pids || return
	is "$(<"$cg/pids.max")" 512 pids.max
	needs_controller memory || return
	is "$(<"$cg/memory.swap.max")" 0 memory.swap.max
	is "$(<"$cg/memory.oom.group")" 0 memory.oom.group
	differs "$(<"$cg/memory.max")" max memory.max
}

test_a_limit_that_only_the_profile_wants_is_a_warning_without_its_controller() {
	loose_bundle echo runs
	agent
	is "$out" runs
	if grep -qw pids "$cg_mount/cgroup.controllers"; then
		lacks "$err" "left out"
	else
		is "$(grep -c "warning: .* are left out: pids" <<<"$err")" 1 "number of warnings"
	fi
}

test_shared_propagation_is_cut() {
	loose_bundle cat /proc/self/mountinfo
	mount_on /mnt "$b/rootfs/etc" bind rbind rshared
	agent
	has "$out" " /mnt "
	lacks "$out" "shared:"
}

test_exec_is_under_the_same_ceiling() {
	loose_bundle pause
	good nacre create --bundle "$b" "$id"
	start
	good nacre exec --cap CAP_SYS_ADMIN --cap CAP_CHOWN "$id" /payload status CapEff CapBnd NoNewPrivs
	is "$(printf '%d' $((16#$(awk '/CapEff/ { print $2 }' <<<"$out") & 1 << 21)))" 0 CAP_SYS_ADMIN
	has "$out" $'NoNewPrivs:\t1'
	cat >"$T/out.process" <<-END
		{"args": ["/payload", "status", "CapBnd", "CapEff", "NoNewPrivs"], "cwd": "/",
		 "user": {"uid": 0, "gid": 0}, "noNewPrivileges": false,
		 "capabilities": {"bounding": ["CAP_SYS_ADMIN"], "effective": ["CAP_SYS_ADMIN"],
			"permitted": ["CAP_SYS_ADMIN"]}}
	END
	good nacre exec --process "$T/out.process" "$id"
	has "$out" $'CapBnd:\t0000000000000000'
	has "$out" $'NoNewPrivs:\t1'
}

test_an_ordinary_config_runs_unchanged() {
	bundle echo hello : id : create /tmp/x
	agent
	has_line "$out" hello
}

all_tests "$@"
