#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_run_passes_output_and_leaves_nothing() {
	bundle echo hello world
	run
	is "$out" "hello world"
	is "$err" "" stderr
	nothing_left
}

test_run_returns_the_exit_code_of_the_program() {
	bundle exit 42
	run_any
	is "$rc" 42 "exit code"
	is "$err" "" stderr
	nothing_left
}

test_run_returns_128_and_the_signal_that_ended_it() {
	bundle echo ready : pause
	in_background run_in_background
	wait_for grep -q ready "$background_out"
	good nacre kill "$id" KILL
	wait "${background[0]}"
	is $? 137 "exit code"
	nothing_left
}

run_in_background() {
	nacre_direct run --profile "$profile" --bundle "$b" "$@" "$id"
}

# Also a memory of it: the kernel would go back to these CPUs when a cpuset changes.
test_run_leaves_the_cpus_of_its_caller() {
	local all one
	some_cpus || return
	bundle status Cpus_allowed_list
	try nacre_on_one run --profile "$profile" --bundle "$b" "$id"
	is "$out" "Cpus_allowed_list:"$'\t'"$all"
	nothing_left
}

test_run_forwards_signals() {
	bundle trap 15 33 : echo ready : pause
	in_background run_in_background
	wait_for grep -q ready "$background_out"
	kill -TERM "${background[0]}"
	wait "${background[0]}"
	is $? 33 "exit code"
	nothing_left
}

test_run_passes_stdin() {
	bundle readline
	echo "through the pipe" >"$T/out.input"
	input=$T/out.input run
	is "$out" "read: through the pipe"
}

# Its ".." leads out, as in CVE-2024-21626.
test_a_directory_is_no_stdio() {
	bundle true
	input=$T run_refused '*stdio 0 is a directory, which leads to all files of the host: redirect it to a file*'
	bundle pause
	create
	start
	input=$T try nacre exec "$id" /payload true
	has "$err" "stdio 0 is a directory"
}

test_a_detached_run_goes_on() {
	bundle echo detached : pause
	try nacre run --detach --profile oci --bundle "$b" --pid-file "$T/out.pid" "$id"
	is "$rc" 0 "exit code"
	is "$(state_of .status)" running status
	is "$(pid_of)" "$(<"$T/out.pid")" pid
	wait_for grep -q detached "$out_file"
}

test_keep_leaves_the_stopped_container() {
	bundle exit 3
	run_any --keep
	is "$rc" 3 "exit code"
	is "$(state_of .status)" stopped status
	is "$(state_of .pid)" 0 pid
	delete
	nothing_left
}

test_the_container_ends_with_its_first_process() {
	bundle spawn 5 : sleep 0.1 : echo ready : exit 0
	run
	is "$out" ready
	nothing_left
}

test_it_is_pid_1_of_its_own_tree() {
	bundle status Pid PPid : readlink /proc/self
	run
	has "$out" $'Pid:\t1'
	has "$out" $'PPid:\t0'
	has_line "$out" "/proc/self -> 1"
}

test_a_relative_bundle_works() {
	bundle echo relative
	cd "$T" || return
	good nacre run --profile oci --bundle "${b##*/}" "$id"
	cd / || return
	is "$out" relative
}

test_the_environment_is_that_of_the_config_and_nothing_else() {
	bundle env
	edit '.process.env = ["PATH=/bin", "A=1", "A=2", "EMPTY="]'
	SECRET=of-the-host run
	is "$(sort <<<"$out")" $'A=2\nEMPTY=\nHOME=/root\nPATH=/bin' environment
}

test_home_comes_from_the_passwd_file_of_the_container() {
	bundle env HOME
	edit '.process.env = ["HOME="] | .process.user.uid = 1000'
	run
	is "$out" HOME=/home/user
}

test_ids_groups_and_umask_are_those_of_the_config() {
	bundle id
	edit '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 1002], umask: 63}'
	run
	has_line "$out" "uid=1000 gid=1001 umask=0077 groups=5,1002*"
}

test_a_missing_cwd_is_made_in_a_read_only_root() {
	bundle cwd
	edit '.process.cwd = "/made/here" | .root.readonly = true'
	run
	is "$out" /made/here
}

test_a_missing_cwd_is_made_and_entered() {
	bundle cwd
	edit '.process.cwd = "/tmp/made/here" | .root.readonly = false'
	run
	is "$out" /tmp/made/here
}

test_a_program_without_a_slash_is_found_in_the_path_of_the_container() {
	bundle true
	mkdir "$b/rootfs/else"
	mv "$b/rootfs/payload" "$b/rootfs/else/tool"
	program tool echo found
	edit '.process.env = ["PATH=/none:/else"]'
	run
	is "$out" found
}

test_arguments_pass_unchanged() {
	bundle echo "two  spaces" '$HOME' "tab	" "*" "" end
	run
	is "$out" "two  spaces \$HOME tab	 *  end"
}

test_a_thousand_arguments_pass() {
	local -a many
	mapfile -t many < <(seq 1000)
	bundle echo "${many[@]}"
	run
	is "$out" "${many[*]}"
}

test_oom_score_and_personality_are_set() {
	bundle cat /proc/self/oom_score_adj : sched
	edit '.process.oomScoreAdj = 321 | .linux.personality = {domain: "LINUX32"}'
	run
	has_line "$out" 321
	has "$out" "personality=8"
}

test_scheduler_and_io_priority_are_set() {
	bundle sched
	edit '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}
		| .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run
	has "$out" "policy=3 nice=7"
	has "$out" "ioprio=$((2 << 13 | 6))"
}

test_hostname_and_domainname_are_set() {
	bundle uname
	edit '.hostname = "inside" | .domainname = "example.org"'
	run
	has "$out" "host=inside domain=example.org"
	differs "$(hostname)" inside "name of the host"
}

test_a_hundred_runs_in_a_row_leave_nothing() {
	local i
	bundle echo ran
	for ((i = 0; i < 100; i++)); do
		run
		is "$out" ran
	done
	nothing_left
}

test_ten_containers_run_at_once() {
	local i
	bundle sleep 0.2 : echo finished
	for i in {0..9}; do
		in_background nacre run --profile oci --bundle "$b" "$id-$i"
	done
	for i in "${background[@]}"; do
		wait "$i" || wrong "one of ten failed" "$(cat "$T"/out.*)"
	done
	background=()
	is "$(cat "$T"/out.* | grep -c '^finished$')" 10 "programs that finished"
	nothing_left
}

# 1,400 services of a Kubernetes namespace give as much. What execve(2) takes is for the kernel to say.
test_a_large_config_and_process_run() {
	local more='["PATH=/bin"] + [range(10000) | "SERVICE_\(.)_PORT=tcp://10.0.0.1:80/" + "x" * 70]'
	bundle env SERVICE_9999_PORT
	edit ".process.env = $more"
	(($(stat -c %s "$b/config.json") > 1048576)) || wrong "config.json is small"
	profile=agent run
	has "$out" "tcp://10.0.0.1:80/x"
	edit '.process.args = ["/payload", "pause"]'
	create
	start
	jq ".process | .args = [\"/payload\", \"env\", \"SERVICE_9999_PORT\"] | .env = $more" \
		<"$b/config.json" >"$T/process.json"
	good nacre exec --process "$T/process.json" "$id"
	has "$out" "tcp://10.0.0.1:80/x"
	good nacre delete --force "$id"
	edit '.process.env = [range(200000) | "SERVICE_\(.)_PORT=tcp://10.0.0.1:80/" + "x" * 70]'
	run_refused "*read config.json: larger than 16777216 bytes"
}

# Its parent is its tracer then, which is nacre: each signal would stop it.
test_a_program_that_asks_to_be_traced_gets_its_signals() {
	bundle trap 15 44 : call ptrace : echo ready : pause
	in_background nacre_direct run --profile oci --bundle "$b" "$id"
	wait_for grep -q ready "$background_out"
	good nacre kill "$id" TERM
	wait "${background[0]}"
	is $? 44 "exit code"
	background=()
	bundle pause
	create
	start
	in_background nacre_direct exec "$id" /payload trap 15 44 : call ptrace : echo ready : pause
	wait_for grep -q ready "$background_out"
	kill "${background[0]}"
	wait "${background[0]}"
	is $? 44 "exit code of exec"
	background=()
}

all_tests "$@"
