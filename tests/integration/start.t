#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_start_runs_the_program_and_returns() {
	bundle echo started : pause
	create
	start
	is "$(state_of .status)" running status
	wait_for grep -q started "$created_out"
}

test_start_twice_is_refused() {
	bundle pause
	create
	start
	bad 1 "*cannot start an already running container" nacre start "$id"
	is "$(state_of .status)" running status
}

test_start_of_a_stopped_container_is_refused() {
	bundle true
	create
	start
	wait_for status_is stopped
	bad 1 "*cannot start a container that has stopped" nacre start "$id"
}

test_start_of_a_container_whose_init_was_killed_is_refused() {
	bundle pause
	create
	kill -9 "$(pid_of)"
	wait_for status_is stopped
	bad 1 "*cannot start a container that has stopped" nacre start "$id"
}

test_start_of_no_container_is_refused() {
	bad 1 "*container does not exist: $id" nacre start "$id"
}

test_two_starts_at_once_start_it_once() {
	local i
	bundle echo once : pause
	create
	for i in 1 2 3 4; do
		in_background nacre start "$id"
	done
	wait_for grep -q once "$created_out"
	wait "${background[@]}"
	is "$(grep -c once "$created_out")" 1 "number of starts"
	is "$(cat "$T"/out.* | grep -c 'already running')" 3 "number of refusals"
}

test_a_program_that_cannot_be_executed_fails_start() {
	bundle true
	printf 'not a program' >"$b/rootfs/bad"
	chmod 755 "$b/rootfs/bad"
	program /bad
	create
	bad 1 'exec: exec /bad: exec format error' nacre start "$id"
	wait_for status_is stopped
}

test_create_may_end_long_before_start() {
	bundle echo late
	create
	is "$(ps -o ppid= -p "$(pid_of)" | tr -d ' ')" "$(reaper)" "parent of init"
	start
	wait_for grep -q late "$created_out"
}

# Orphans go to the nearest subreaper above us, or to pid 1.
reaper() {
	local pid
	pid=$(sh -c 'sleep 60 >/dev/null & echo $!')
	ps -o ppid= -p "$pid" | tr -d ' '
	kill "$pid"
}

# looked_into PID: by a root that has no CAP_SYS_PTRACE, as nacre had none. What the kernel then asks is
# whether the process is dumpable.
looked_into() {
	setpriv --bounding-set -sys_ptrace readlink "/proc/$1/cwd" >/dev/null 2>&1
}

# CVE-2016-9962, from create to the last hook.
test_init_cannot_be_looked_into_before_it_is_the_program() {
	local pid
	needs_root || return
	bundle pause
	edit '.root.readonly = false | .hooks.startContainer = [{path: "/payload",
		args: ["payload", "create", "/tmp/reached", ":", "sleep", "1"]}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
	NACRE_TEST=$T good setpriv --bounding-set -sys_ptrace "$NACRE" --root "$ROOT" create --profile oci \
		--bundle "$b" "$id"
	pid=$(pid_of) || exit
	! looked_into "$pid" || wrong "init after create can be looked into"
	in_background nacre start "$id"
	wait_for test -e "$b/rootfs/tmp/reached"
	! looked_into "$pid" || wrong "init in a startContainer hook can be looked into"
	wait_for looked_into "$pid"
	is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "/payload pause " "what can be looked into"
}

# Owned by root of the host is what is not dumpable: proc(5).
test_init_in_a_user_namespace_cannot_be_looked_into_before_it_is_the_program() {
	local pid
	needs_root || return
	bundle pause
	with_user_namespace
	create
	pid=$(pid_of) || exit
	is "$(stat -c %u "/proc/$pid/fd")" 0 "owner of /proc/PID/fd after create"
	start
	wait_for eval '[[ $(stat -c %u "/proc/'"$pid"'/fd") == "$(host_root)" ]]'
}

test_start_of_a_stopped_process_waits_for_its_continuation() {
	bundle pause
	create
	good nacre kill "$id" STOP
	bad 1 "*cannot start a container whose process is stopped by a signal: let it go on ?kill $id CONT?" \
		nacre start "$id"
	is "$(state_of .status)" created status
	good nacre kill "$id" CONT
	start
	is "$(state_of .status)" running status
}

# hook STAGE COMMAND: the only hook, run by sh
hook() {
	edit '.hooks = {"\($stage)": [{path: "/bin/sh", args: ["sh", "-c", $command]}]}' \
		--arg stage "$1" --arg command "$2"
}

test_a_timeout_ends_what_hangs_before_the_program_runs() {
	local stage
	for stage in prestart createRuntime createContainer; do
		bundle pause
		hook "$stage" 'exec sleep 60'
		bad 1 "*timeout of the command*" nacre create --profile oci --timeout 300ms --bundle "$b" "$id"
		nothing_left
		bad 124 "container $id: timed out before it ran: *" \
			nacre run --profile oci --timeout 300ms --bundle "$b" "$id"
		nothing_left
	done
	bundle pause
	hook poststart 'exec sleep 60'
	create
	bad 1 "*timeout of the command*" nacre start --timeout 300ms "$id"
	nothing_left
	bad 124 "container $id: timed out before it ran: *" \
		nacre run --profile oci --timeout 300ms --bundle "$b" "$id"
	nothing_left
}

# Whoever may signal it: a hook does, here.
test_an_init_that_is_stopped_is_not_waited_for() {
	bundle pause
	hook createRuntime 'kill -STOP "$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/")"'
	bad 1 "*init was stopped by a signal, and is killed" nacre run --profile oci --bundle "$b" "$id"
	nothing_left
}

all_tests "$@"
