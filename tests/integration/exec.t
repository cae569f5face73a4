#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

running() {
	bundle "${@:-pause}"
	create
	start
}

test_exec_runs_in_the_container_and_passes_output_and_code() {
	running
	try nacre exec "$id" /payload echo inside : exit 17
	is "$rc" 17 "exit code"
	is "$out" inside
	is "$err" "" stderr
}

test_exec_joins_every_namespace() {
	local type
	running
	for type in mnt pid net ipc uts cgroup; do
		exec_in readlink "/proc/1/ns/$type" "/proc/self/ns/$type"
		is "$(awk '{ print $3 }' <<<"$out" | uniq | wc -l)" 1 "$type: number of namespaces"
		differs "$(awk '{ print $3; exit }' <<<"$out")" "$(readlink "/proc/self/ns/$type")" "$type"
	done
}

test_exec_lands_in_the_cgroup() {
	running
	in_background nacre exec "$id" /payload pause
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 2))'
	is "$(nacre ps -f json "$id" | jq -r '.[]' | while read -r pid; do cgroup_of "$pid"; done |
		sort -u | wc -l)" 1 "number of cgroups"
}

test_options_of_the_program_are_left_alone() {
	running
	good nacre exec "$id" /payload echo --user -e --cwd=x
	is "$out" "--user -e --cwd=x"
}

test_a_missing_cwd_is_not_made() {
	bundle pause
	edit '.root.readonly = false'
	create
	[[ $who != user ]] || start
	bad 255 "find the program: process.cwd: chdir /not/there: no such file or directory" \
		nacre exec --cwd /not/there "$id" /payload true
	absent "$b/rootfs/not"
}

# What does not exist has a "..", as in mounts[].destination.
test_a_cwd_may_go_up_from_what_is_missing() {
	bundle cwd : pause
	edit '.process.cwd = "/missing/../bin" | .root.readonly = false'
	create
	start
	wait_for grep -qx /bin "$created_out"
	good nacre exec --cwd /missing/other/../../tmp "$id" /payload cwd
	is "$out" /tmp
	absent "$b/rootfs/missing"
	good nacre delete --force "$id"
	edit '.process.cwd = "/missing/../new/../bin/../made"'
	create
	absent "$b/rootfs/missing"
	[[ -d $b/rootfs/made ]] || wrong "cwd is not made"
}

test_cwd_env_user_and_groups_can_be_set() {
	running
	good nacre exec --cwd /tmp -e A=1 --env B=2 --user 1000:1001 -g 5 --additional-gids 6 "$id" \
		/payload cwd : env A B : id
	has_line "$out" /tmp
	has_line "$out" A=1
	has_line "$out" B=2
	has_line "$out" "uid=1000 gid=1001 * groups=*5,6"
}

# As with runc: an id that is not given stays, and a group more is one more.
test_what_is_not_given_of_the_user_stays() {
	bundle pause
	edit '.process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	create
	start
	good nacre exec --user 1000 "$id" /payload id
	is "$out" "uid=1000 gid=6 umask=0022 groups=7"
	good nacre exec --user 1000:0 "$id" /payload id
	is "$out" "uid=1000 gid=0 umask=0022 groups=7"
	good nacre exec -g 8 -g 9 "$id" /payload id
	is "$out" "uid=5 gid=6 umask=0022 groups=7,8,9"
}

test_user_takes_numbers_only() {
	local user
	running
	for user in user 1000:user 1x "" : 1000: -1 4294967296 4294967295 +5 "1 " 0x10; do
		try nacre exec --user "$user" "$id" /payload id
		differs "$rc" 0 "exit code for user \"$user\""
		lacks "$out" uid=
	done
	# CVE-2026-30892: a uid alone must not become 0:0
	good nacre exec --user 1 "$id" /payload id
	has "$out" "uid=1 gid=0"
}

test_cap_adds_one_capability() {
	running
	good nacre exec "$id" /payload status CapEff
	without=$out
	good nacre exec --cap CAP_NET_RAW "$id" /payload status CapEff CapInh CapAmb
	differs "$(head -1 <<<"$out")" "$without" capabilities
	has "$out" $'CapInh:\t0000000000000000'
	has "$out" $'CapAmb:\t0000000000000000'
}

test_no_new_privs_can_be_set() {
	bundle pause
	edit '.process.noNewPrivileges = false'
	create
	start
	exec_in status NoNewPrivs
	has "$out" $'NoNewPrivs:\t0'
	good nacre exec --no-new-privs "$id" /payload status NoNewPrivs
	has "$out" $'NoNewPrivs:\t1'
}

test_the_process_comes_from_a_file() {
	running
	cat >"$T/out.process" <<-END
		{"args": ["/payload", "id", ":", "cwd", ":", "env", "X"], "cwd": "/tmp",
		 "env": ["X=from a file"], "user": {"uid": 7, "gid": 8}}
	END
	good nacre exec --process "$T/out.process" "$id"
	has_line "$out" "uid=7 gid=8*"
	has_line "$out" /tmp
	has_line "$out" "X=from a file"
}

# As with runc.
test_what_a_process_of_a_file_lacks_is_the_containers() {
	local of_container
	bundle pause
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 111, hard: 222}]
		| .process.capabilities |= {bounding, effective, permitted}'
	create
	start
	good nacre exec "$id" /payload status CapEff
	differs "$out" $'CapEff:\t0000000000000000'
	of_container=$out
	echo '{"args": ["/payload", "status", "CapEff", ":", "rlimits"], "cwd": "/"}' >"$T/out.process"
	good nacre exec --process "$T/out.process" "$id"
	has_line "$out" "$of_container"
	has_line "$out" "RLIMIT_NOFILE 111 222"
	echo '{"args": ["/payload", "status", "CapEff"], "cwd": "/", "capabilities": {}}' >"$T/out.process"
	good nacre exec --process "$T/out.process" "$id"
	is "$out" $'CapEff:\t0000000000000000'
}

test_a_broken_process_file_is_refused() {
	running
	echo '{"args": ["/payload"], "cwd": 3}' >"$T/out.process"
	bad 255 "*out.process:1: *cwd: expected *, found 3*" nacre exec --process "$T/out.process" "$id"
	bad 255 "*$T/out.none*No such file or directory" nacre exec --process "$T/out.none" "$id"
	bad 255 "--process $T/out.process: --cwd cannot be given beside it: put it into the file" \
		nacre exec --process "$T/out.process" --cwd / "$id"
}

test_a_detached_exec_returns_at_once_and_writes_its_pid() {
	running
	good nacre exec --detach --pid-file "$T/out.pid" "$id" /payload pause
	is "$(tr '\0' ' ' <"/proc/$(<"$T/out.pid")/cmdline")" "/payload pause " "command line"
	is "$(nacre ps -f json "$id" | jq length)" 2 "number of processes"
}

test_stdin_is_passed() {
	running
	echo to exec >"$T/out.input"
	input=$T/out.input exec_in readline
	is "$out" "read: to exec"
}

test_a_program_that_is_missing_gives_255_and_the_known_text() {
	running
	bad 255 '*exec: "nothing": executable file not found in $PATH' nacre exec "$id" nothing
	bad 255 '*exec: "/nothing": *o such file or directory' nacre exec "$id" /nothing
	bad 255 '*exec: "/tmp": *s a directory*' nacre exec "$id" /tmp
	bad 255 '*exec: "/etc/passwd": *ermission denied' nacre exec "$id" /etc/passwd
	is "$(nacre ps -f json "$id" | jq length)" 1 "number of processes"
}

test_exec_without_a_command_is_refused() {
	running
	bad 255 "exec: a command after the ID is missing, or --process FILE" nacre exec "$id"
}

test_exec_needs_a_running_container() {
	bundle true
	bad 255 "*container does not exist: $id" nacre exec "$id" /payload true
	create
	start
	wait_for status_is stopped
	bad 255 "*cannot exec in a stopped container" nacre exec "$id" /payload true
}

test_exec_works_in_a_created_container() {
	bundle pause
	create
	if [[ $who == user ]]; then
		bad 255 "stat /proc/*/root (only root can exec before the container's program runs)*" \
			nacre exec "$id" /payload echo early
		return
	fi
	exec_in echo early
	is "$out" early
	is "$(state_of .status)" created status
}

test_a_paused_container_takes_exec_only_on_demand() {
	running
	good nacre pause "$id"
	bad 255 "*cannot exec in a paused container (use --ignore-paused to override)" \
		nacre exec "$id" /payload true
	in_background nacre exec --ignore-paused "$id" /payload echo thawed
	sleep 0.2
	lacks "$(<"$background_out")" thawed
	good nacre resume "$id"
	wait_for grep -q thawed "$background_out"
}

test_a_sub_cgroup_can_be_named() {
	running
	find_cgroup
	mkdir "$cg/below"
	good nacre exec --detach --pid-file "$T/out.pid" --cgroup below "$id" /payload pause
	is "$cg_mount$(cgroup_of "$(<"$T/out.pid")")" "$cg/below" cgroup
	bad 255 "*bad sub cgroup path*" nacre exec --cgroup ../outside "$id" /payload true
}

test_no_fd_of_the_runtime_is_passed() {
	running
	exec_in fds
	is "$(wc -l <<<"$out")" 3 "number of open files"
}

test_preserved_fds_are_passed() {
	running
	echo preserved >"$T/out.fd"
	good nacre exec --preserve-fds 1 "$id" /payload cat /proc/self/fd/3 3<"$T/out.fd"
	is "$out" preserved
}

test_the_seccomp_filter_of_the_container_holds() {
	bundle pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'
	create
	start
	try nacre exec "$id" /payload call getcpu
	is "$out" "getcpu: EBADFD"
}

test_rlimits_of_the_config_hold() {
	bundle pause
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 111, hard: 222}]'
	create
	start
	exec_in rlimits
	has_line "$out" "RLIMIT_NOFILE 111 222"
}

test_cpu_affinity_is_that_of_the_config() {
	bundle pause
	edit '.process.execCPUAffinity = {initial: "0", final: "0"}'
	create
	start
	good nacre exec "$id" /payload sched
	has "$out" "cpus=1 "
}

# The caller's own affinity is left; what the config says of exec is said after that.
test_exec_leaves_the_cpus_of_its_caller() {
	local all one affinity
	some_cpus || return
	for affinity in null '{initial: $one}' '{final: $one}'; do
		bundle pause
		edit ".process.execCPUAffinity = $affinity" --arg one "$one"
		create
		start
		try nacre_on_one exec "$id" /payload status Cpus_allowed_list
		[[ $affinity == null ]] || all=$one
		is "$out" "Cpus_allowed_list:"$'\t'"$all"
		good nacre delete --force "$id"
	done
}

test_twenty_at_once() {
	local i
	running
	for ((i = 0; i < 20; i++)); do
		in_background nacre exec "$id" /payload exit 0
	done
	for i in "${background[@]}"; do
		wait "$i" || wrong "one of twenty failed" "$(cat "$T"/out.*)"
	done
	background=()
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 1))'
}

test_exec_dies_with_the_container() {
	running
	in_background nacre exec "$id" /payload pause
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 2))'
	good nacre kill "$id" KILL
	wait "${background[0]}"
	is $? 137 "exit code"
	background=()
}

test_the_process_can_come_through_a_pipe() {
	running
	good nacre exec --process <(echo '{"args": ["/payload", "cwd"], "cwd": "/tmp"}') "$id"
	has_line "$out" /tmp
	echo '{"args": ["/payload", "cwd"], "cwd": "/"}' >"$T/out.process"
	ln -s out.process "$T/out.link"
	good nacre exec --process "$T/out.link" "$id"
	has_line "$out" /
}

test_exec_follows_init_where_its_first_cgroup_is_gone() {
	needs_all_cgroups || return
	local other=$cg_mount/other-$tag
	running
	find_cgroup
	mkdir "$other"
	pid_of >"$other/cgroup.procs"
	rmdir "$cg"
	bad 255 "open cgroup ${cg#"$cg_mount"}/below: No such file or directory" \
		nacre exec --cgroup below "$id" /payload true
	good nacre exec --detach --pid-file "$T/out.pid" "$id" /payload pause
	is "$cg_mount$(cgroup_of "$(<"$T/out.pid")")" "$other" "cgroup"
	kill -9 "$(pid_of)"
	wait_for status_is stopped
	delete
	wait_for rmdir "$other"
}

# Whatever of it is gone first.
test_exec_that_races_the_end_says_so() {
	local i
	for ((i = 0; i < 10; i++)); do
		running
		in_background sh -c "sleep 0.0$i; kill -9 $(pid_of)"
		try nacre exec "$id" /payload sleep 30
		wait
		background=()
		if ((rc == 255)); then
			[[ $err == *"cannot exec in a stopped container"* || $err == *"container is not running"* ]] ||
				wrong "exec of a container that ends" "$err"
		else
			is "$rc" 137 "exit code of what died with it"
		fi
		good nacre delete --force "$id"
	done
}

# fork(2) takes them back, and the process that joins makes another.
test_a_scheduler_that_fork_resets_is_set() {
	local scheduler
	needs_root || return
	bundle pause
	create
	start
	for scheduler in '1 "policy": "SCHED_FIFO", "priority": 5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]' \
		'6 "policy": "SCHED_DEADLINE", "runtime": 42000, "deadline": 1000000, "period": 1000000'; do
		echo "{\"args\": [\"/payload\", \"sched\"], \"cwd\": \"/\", \"scheduler\": {${scheduler#* }}}" >"$T/out.process"
		good nacre exec --process "$T/out.process" "$id"
		has "$out" "policy=${scheduler%% *} "
	done
}

all_tests "$@"
