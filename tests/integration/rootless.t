#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an unprivileged user can expect: as.sh user rootless.t
. "$(dirname "$0")/lib.sh"

if [[ $who != user ]]; then
	echo "1..0 # SKIP this is for as.sh user"
	exit
fi

# own_map: only the caller's ids, as nacre spec --rootless writes it
own_map() {
	edit '.linux.uidMappings |= [{containerID: 0, hostID: $u, size: 1}]
		| .linux.gidMappings |= [{containerID: 0, hostID: $g, size: 1}]' \
		--argjson u "$EUID" --argjson g "$(id -g)"
	edit '.mounts[].options |= (. // [] | map(select(startswith("gid=") | not)))'
}

# root_is_subordinate: nobody in the container is the caller
root_is_subordinate() {
	edit '.linux.uidMappings = [.linux.uidMappings[1] | .containerID = 0]
		| .linux.gidMappings = [.linux.gidMappings[1] | .containerID = 0]'
	chmod -R a+rX "$b/rootfs"
}

test_spec_and_run_are_all_it_takes() {
	mkdir -p "$T/b/rootfs/bin"
	cp "$PAYLOAD" "$T/b/rootfs/bin/sh"
	b=$T/b
	good nacre spec --rootless --bundle "$b"
	edit '.process.terminal = false | .process.args = ["sh", "id", ":", "cat", "/proc/net/dev", ":",
		"cat", "/proc/self/uid_map"]'
	profile=agent
	run
	lacks "$err" error
	has "$out" "uid=0 gid=0"
	has_line "$out" "* lo:*"
	has_line "$out" " *0* $EUID *1"
	is "$(grep -c : <<<"$out")" 1 "network devices"
}

test_the_config_for_oci_is_that_of_runc_in_the_host_s_network() {
	mkdir "$T/b"
	good nacre --profile oci spec --rootless --bundle "$T/b"
	is "$(jq -c '[.linux.namespaces[].type] | sort' "$T/b/config.json")" \
		'["cgroup","ipc","mount","pid","user","uts"]' namespaces
	is "$(jq -r '.mounts[] | select(.destination == "/sys").source' "$T/b/config.json")" /sys sysfs
}

test_the_host_s_sys_is_bound_read_only_in_the_host_s_network() {
	bundle readlink /proc/self/ns/net : stat /sys/class : cat /proc/self/mountinfo
	without_namespace network
	run_any
	has "$out" "$(readlink /proc/self/ns/net)"
	has "$out" "/sys/class: d"
	is "$(awk '$5 == "/sys" { print $6 }' <<<"$out" | cut -d, -f1)" ro "/sys"
}

test_the_state_is_below_the_runtime_directory() {
	bundle pause
	mkdir -m 700 "$T/runtime"
	XDG_RUNTIME_DIR=$T/runtime good timeout 60 "$NACRE" --profile oci run -d --bundle "$b" "$id"
	is "$(stat -c %a:%u "$T/runtime/nacre")" "1700:$EUID" "state root"
	exists "$T/runtime/nacre/$id/record"
	XDG_RUNTIME_DIR=$T/runtime good "$NACRE" delete --force "$id"
	rm -r "$T/runtime"
	XDG_RUNTIME_DIR=here USER=tester bad 1 '*XDG_RUNTIME_DIR is no absolute path: "here"*' "$NACRE" list
}

test_all_mapped_ids_can_be_used() {
	bundle id : cat /proc/self/setgroups : stat /tmp/mine
	edit '.process.user = {uid: 33, gid: 34, additionalGids: [5, 6]}'
	run_any
	has "$out" "uid=33 gid=34"
	has "$out" "groups=5,6"
	has "$out" allow
}

test_the_own_id_needs_no_helper_and_gives_up_setgroups() {
	bundle id : cat /proc/self/setgroups /proc/self/uid_map
	own_map
	run
	has "$out" "uid=0 gid=0"
	has "$out" deny
	edit '.process.user.additionalGids = [0]'
	run_refused '*process.user.additionalGids: setgroups of 1 groups (is it denied in this user namespace?)*'
}

test_the_missing_line_of_subuid_is_told() {
	bundle true
	edit '.linux.uidMappings[1] = {containerID: 1, hostID: 5000000, size: 7}'
	run_refused "*linux.uidMappings\[1]: /etc/subuid gives user tester no right to 5000000*\"tester:5000000:7\"*"
	bundle true
	edit '.linux.gidMappings[1] = {containerID: 1, hostID: 5000000, size: 7}'
	run_refused "*linux.gidMappings\[1]: /etc/subgid gives user tester no right to 5000000*\"tester:5000000:7\"*"
}

test_a_bundle_in_a_private_home_is_reached_for_a_root_who_cannot() {
	bundle id : cat /mnt/file : stat /mnt/file
	root_is_subordinate
	mkdir -m 700 "$T/b.home"
	mkdir "$T/b.home/data"
	echo private >"$T/b.home/data/file"
	mount_on /mnt "$T/b.home/data" bind rbind ro
	mv "$b" "$T/b.home/bundle"
	b=$T/b.home/bundle
	run
	has "$out" "uid=0 gid=0"
	has_line "$out" private
	has_line "$out" "/mnt/file: f 0644 65534:65534 *"
}

test_a_source_that_the_caller_cannot_reach_is_an_error() {
	bundle true
	mkdir "$T/b.closed"
	mount_on /mnt "$T/b.closed/file" bind rbind
	chmod 0 "$T/b.closed"
	run_refused "*mounts\[[0-9]*]: $T/b.closed/file: open the source: *"
	rmdir "$T/b.closed"
}

test_exec_ps_kill_and_list_work() {
	bundle pause
	run -d
	exec_in id : readlink /proc/self/ns/pid /proc/self/ns/user : status PPid
	has "$out" "uid=0 gid=0"
	has "$out" "$(readlink "/proc/$(pid_of)/ns/user")"
	has "$out" $'PPid:\t0'
	good nacre exec --user 33:34 "$id" /payload id
	has "$out" "uid=33 gid=34"
	good nacre ps --format json "$id"
	is "$out" "[$(pid_of)]"
	good nacre list --quiet
	is "$out" "$id"
	is "$(state_of .owner)" "$EUID" owner
	good nacre pause "$id"
	status_is paused || wrong "is not paused"
	good nacre resume "$id"
	kill_now
	delete
}

test_exec_gets_a_terminal() {
	bundle pause
	run -d
	good "$PEER" pty 24 80 env NACRE_TEST="$T" "$NACRE" --root "$ROOT" exec -t "$id" /payload tty
	has "$out" /dev/pts/
}

# --- without a cgroup ---

test_without_a_cgroup_it_runs_and_says_so_once() {
	bundle ls /sys/fs/cgroup
	good no_cgroup nacre run --bundle "$b" "$id"
	is "$(grep -c . <<<"$err")" 1 "lines of warning"
	has "$err" "warning: the container has no cgroup, so there are no limits, no device filter (rules resources and devices are not enforced) and no pause: "
	has "$err" "Permission denied (cgroups of one's own come from: systemd-run --user --scope"
	is "$out" "" "files of /sys/fs/cgroup"
}

test_without_a_cgroup_its_mount_is_empty_even_if_writable() {
	bundle ls /sys/fs/cgroup
	edit '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
	good no_cgroup nacre run --profile oci --bundle "$b" "$id"
	is "$out" ""
}

test_without_a_cgroup_a_limit_is_refused() {
	bundle true
	edit '.linux.resources.pids.limit = 5'
	bad 1 "linux.resources.pids.limit needs a cgroup, and there is none: *" \
		no_cgroup nacre run --profile oci --bundle "$b" "$id"
	nothing_left
	edit 'del(.linux.resources.pids) | .linux.cgroupsPath = "/some/where"'
	bad 1 "*cgroup /some/where: make /some*Permission denied" \
		no_cgroup nacre run --profile oci --bundle "$b" "$id"
	nothing_left
}

test_without_a_cgroup_rootless_false_is_refused() {
	bundle true
	bad 1 "cgroup *: Permission denied" \
		no_cgroup nacre --rootless false run --profile oci --bundle "$b" "$id"
	nothing_left
	good no_cgroup nacre --rootless true run --profile oci --bundle "$b" "$id"
}

test_a_container_without_a_cgroup_is_managed_all_the_same() {
	local pids
	bundle spawn pause : pause
	good no_cgroup nacre run --profile oci -d --bundle "$b" "$id"
	exec_in id
	has "$out" "uid=0"
	good nacre ps --format json "$id"
	has "$out" "[$(pid_of)"
	bad 255 "*container \"$id\" has no cgroup" nacre exec --cgroup x "$id" /payload true
	bad 1 "container \"$id\" has no cgroup" nacre pause "$id"
	good nacre kill --all "$id" KILL
	wait_for status_is stopped
	delete
}

test_no_cgroup_can_be_asked_for() {
	bundle cat /proc/self/cgroup
	good nacre --cgroup-manager disabled run --profile oci --bundle "$b" "$id"
	is "$err" ""
	bad 1 "linux.resources.* needs a cgroup, and there is none: --cgroup-manager disabled" \
		nacre --cgroup-manager disabled run --bundle "$b" "$id"
	nothing_left
}

# --- corner cases of limits ---

test_an_oom_score_can_be_raised_and_kept_and_not_lowered() {
	local own
	own=$(</proc/self/oom_score_adj)
	bundle cat /proc/self/oom_score_adj
	edit '.process.oomScoreAdj = 321'
	run
	is "$out" 321
	edit ".process.oomScoreAdj = $own"
	run
	is "$out" "$own"
	edit '.process.oomScoreAdj = -999'
	run_refused '*process.oomScoreAdj: write -999*to lower it needs CAP_SYS_RESOURCE*Permission denied'
}

test_a_hard_limit_can_be_lowered_and_kept_and_not_raised() {
	local hard
	hard=$(ulimit -Hn)
	bundle rlimits NOFILE
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: $h}]' --argjson h "$hard"
	run
	has "$out" 64
	edit '.process.rlimits[0].hard += 1'
	run_refused "*RLIMIT_NOFILE soft 64*needs CAP_SYS_RESOURCE*"
}

test_a_root_file_system_without_a_user_namespace_is_refused() {
	bundle true
	edit '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	run_refused '*clone3: Operation not permitted: needs CAP_SYS_ADMIN, or a user namespace*nacre spec --rootless writes'
}

all_tests "$@"
