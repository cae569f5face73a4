#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# What strict and nested do that agent does not, seen from inside.

test_each_name_of_the_program_is_a_profile() {
	local name
	bundle pause
	for name in oci nested agent strict; do
		ln -s "$(realpath "$NACRE")" "$b/nacre-$name"
		good env NACRE_TEST="$T" "$b/nacre-$name" --root "$ROOT" create --bundle "$b" "$id"
		is "$(state_of .profile)" "$name" profile
		good nacre delete --force "$id"
	done
	# The option wins.
	good env NACRE_TEST="$T" "$b/nacre-oci" --root "$ROOT" create --profile strict --bundle "$b" "$id"
	is "$(state_of .profile)" strict profile
	bad 1 'unknown profile "cosy"; valid are oci, nested, agent and strict' \
		nacre run --profile cosy --bundle "$b" "$id.2"
}

test_strict_leaves_no_capability_to_a_program_or_an_exec() {
	profile=strict
	bundle pause
	capabilities CAP_CHOWN CAP_SETUID CAP_SYS_ADMIN
	edit '.process.noNewPrivileges = false'
	create
	start
	exec_in status CapEff CapBnd CapInh CapPrm CapAmb NoNewPrivs
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 0000000000000000$'\n'1 "sets and NoNewPrivs"
	good nacre exec --cap CAP_SYS_ADMIN --cap CAP_CHOWN "$id" /payload status CapEff CapBnd
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 0000000000000000 "sets of exec --cap"
}

# The process as an engine writes it for a privileged exec.
test_exec_is_held_by_the_profile_whatever_the_engine_asks_for() {
	local before
	profile=agent
	bundle pause
	create
	start
	before=$(cat "/proc/$(pid_of)/oom_score_adj")
	jq '.process | .args = ["/payload", "status", "CapEff", "CapBnd", "CapInh", "CapPrm", "CapAmb",
			"NoNewPrivs", ":", "rlimits", ":", "cat", "/proc/self/oom_score_adj"]
		| .noNewPrivileges = false | .oomScoreAdj = -1000
		| .rlimits = [{type: "RLIMIT_CORE", soft: 4096, hard: 4096}]
		| .capabilities = (["bounding", "effective", "inheritable", "permitted", "ambient"]
			| map({(.): ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_RAW", "CAP_KILL"]}) | add)' \
		"$b/config.json" >"$b/process.json"
	good nacre exec --process "$b/process.json" "$id"
	is "$(grep Cap <<<"$out" | awk '{ print $2 }' | sort -u)" "$(printf %016x $((1 << 5)))" sets
	has_line "$out" 'NoNewPrivs:?1'
	has_line "$out" 'RLIMIT_CORE*0*0'
	is "${out##*$'\n'}" 0 "score of exec, while the container has $before"
}

test_strict_runs_nothing_from_what_can_be_written() {
	profile=strict
	bundle mount x x x
	mkdir -m 777 "$T/own" "$T/other"
	cp "$PAYLOAD" "$T/own/p"
	mount_on /mnt "$T/own" bind rbind rw
	mount_on /etc "$T/other" bind bind rw
	program /payload create /mnt/new : create /etc/new
	run_any
	has "$out" 'EROFS'
	lacks "$out" ok
	run_any --allow "workspace:$T/own"
	has "$out" 'EROFS'
	has "$out" ok
	absent "$T/other/new"
	exists "$T/own/new"
	program /mnt/p true
	run_refused '*"/mnt/p"*ermission denied*' --allow "workspace:$T/own"
	run --allow "workspace:$T/own" --allow workspace-exec
}

test_strict_joins_no_network_without_a_grant() {
	needs_unshare || return
	profile=strict
	bundle true
	in_background unshare -n sleep 60
	wait_for eval '[[ $(readlink /proc/$!/ns/net) != "$(readlink /proc/self/ns/net)" ]]'
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$!/ns/net"
	run_refused '*rule joined-network: linux.namespaces: /proc/*/ns/net is a network namespace that was made for others;*' --egress open
	run --allow join-network --egress open
	if [[ $(nacre check --format json | jq .host.egressFilter) == true ]]; then
		run
	else
		run_refused '*rule joined-network: *'
		run --allow join-network
	fi
	profile=agent
	run
}

# A user namespace in which somebody is root of the host protects nothing in /proc.
test_nested_hides_what_root_of_the_host_could_write() {
	needs_root || return
	local root path
	profile=nested
	for root in 0 100000; do
		bundle cat /proc/self/mountinfo
		edit '.linux.namespaces += [{type: "user"}] | .linux |= del(.maskedPaths, .readonlyPaths)
			| .linux.uidMappings = [{containerID: 0, hostID: $root, size: 1}]
			| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1000}]' --argjson root "$root"
		run
		is "$(grep -c ' /proc/sys ro' <<<"$out")" $((root == 0)) "root is $root"
	done
	in_background unshare --user --map-root-user sleep 60
	wait_for eval '[[ $(</proc/'"$!"'/uid_map) ]]'
	bundle cat /proc/self/mountinfo
	edit '.mounts[].options |= (. // [] | map(select(startswith("gid=") | not)))'
	for path in /proc/self/ns/user "/proc/$!/ns/user"; do
		edit '.linux.namespaces = [.linux.namespaces[] | select(.type != "user")] + [{type: "user", path: $p}]
			| .linux |= del(.maskedPaths, .readonlyPaths)' --arg p "$path"
		run
		has "$out" " /proc/sys ro"
	done
}

test_a_tmp_is_made_where_the_container_can_and_else_the_rule_says_why() {
	needs_root || return
	profile=agent
	bundle stat /tmp
	rmdir "$b/rootfs/tmp"
	edit '.mounts |= map(select(.destination != "/tmp")) | .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	run_refused 'profile agent, rule read-only-root: root.path: the image has no /tmp, *make /tmp in the image; *'
	chown 100000:100000 "$b/rootfs"
	run
	exists "$b/rootfs/tmp"
}

test_nested_leaves_root_and_programs_on_a_tmpfs() {
	profile=nested
	bundle create /file
	edit '.root.readonly = false'
	mount_on /tmp tmpfs tmpfs mode=1777
	run
	exists "$b/rootfs/file"
	rm "$b/rootfs/file"
	run_any --profile agent
	has "$out" EROFS
	program /payload cat /proc/self/mountinfo
	run
	has_line "$out" '* /tmp *nosuid,nodev* - tmpfs *'
	lacks "$(grep ' /tmp ' <<<"$out")" noexec
}

# F31: inside it looks as if nested had refused it.
test_nested_says_what_the_config_forbids() {
	profile=nested
	bundle true
	capabilities CAP_SETUID CAP_SETGID CAP_SETFCAP
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["unshare", "mount"], action: "SCMP_ACT_ERRNO"},
		{names: ["clone"], action: "SCMP_ACT_ERRNO", args:
			[{index: 0, value: 268435456, valueTwo: 268435456, op: "SCMP_CMP_MASKED_EQ"}]}]}'
	try nacre --profile nested run --bundle "$b" "$id"
	has "$err" "profile nested: unshare mount clone(CLONE_NEWUSER): refused by linux.seccomp"
	has "$err" "--security-opt seccomp=unconfined"
	[[ $who != root ]] || has "$err" "the container has no user namespace"
	lacks "$err" capabilities
	edit 'del(.linux.seccomp)'
	capabilities CAP_SETUID CAP_SETGID
	try nacre --profile nested run --bundle "$b" "$id"
	lacks "$err" linux.seccomp
	has "$err" "--cap-add SETFCAP"
	try nacre --profile agent run --bundle "$b" "$id"
	lacks "$err" nested
}

# Writable, either is a way to the host for root without any capability.
test_sysfs_and_cgroups_are_read_only_unless_granted() {
	local dir
	profile=agent
	bundle cat /proc/self/mountinfo
	edit '.mounts |= map(if .type == "sysfs" or .type == "cgroup" then .options -= ["ro"] else . end)'
	run
	for dir in /sys /sys/fs/cgroup; do
		has_line "$out" "* $dir ro,*"
	done
	run --allow cgroup-write --allow mount:/sys
	for dir in /sys /sys/fs/cgroup; do
		has_line "$out" "* $dir rw,*"
	done
}

# The mount point may have to be made in the bind that the rule makes read-only.
test_strict_makes_a_bind_read_only_after_the_mounts_inside() {
	local kind
	profile=strict
	for kind in bind rbind; do
		rm -rf "$T/outer" "$T/inner"
		mkdir -p "$T/outer" "$T/inner"
		echo inside >"$T/inner/file"
		bundle cat /mnt/deep/er/file : create /mnt/new : create /mnt/deep/er/new
		mount_on /mnt "$T/outer" bind "$kind" rw
		mount_on /mnt/deep/er "$T/inner" bind bind rw
		run_any
		is "$out" $'inside\ncreate: EROFS\ncreate: EROFS' "$kind"
		is "$(ls "$T/outer" "$T/inner")" "$T/inner:"$'\nfile\n\n'"$T/outer:"$'\ndeep' "files"
	done
}

# TYPE WORD...: the ways to write a bind of a whole tree. One that the rules took for a filesystem would
# stay writable, with the flags that the mounts below have on the host.
test_strict_knows_a_bind_however_it_is_written() {
	local kind
	profile=strict
	mkdir -p "$T/tree"
	rm -f "$T/tree/new"
	for kind in 'bind rbind rw' 'none rbind' 'rbind rw' rbind; do
		bundle create /mnt/new : cat /proc/self/mountinfo
		# shellcheck disable=SC2086 # words are wanted
		mount_on /mnt "$T/tree" $kind
		run_any
		is "${out%%$'\n'*}" 'create: EROFS' "$kind"
		has_line "$out" "* /mnt ro,nosuid,nodev,*"
		is "$(ls "$T/tree")" "" "$kind: the tree"
	done
}

# What the config itself makes read-only is so before.
test_strict_makes_no_mount_point_in_a_read_only_bind() {
	profile=strict
	mkdir -p "$T/outer" "$T/inner"
	rm -rf "$T/outer/deep"
	bundle true
	mount_on /mnt "$T/outer" bind bind ro
	mount_on /mnt/deep "$T/inner" bind bind rw
	run_refused "*create mount point /mnt/deep in the rootfs: Read-only file system"
	is "$(ls "$T/outer")" ""
}

all_tests "$@"
