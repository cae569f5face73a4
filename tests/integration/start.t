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
	sh -c 'sleep 1 >/dev/null & echo $!' | (
		read -r pid
		sleep 0.1
		ps -o ppid= -p "$pid" | tr -d ' '
	)
}

all_tests "$@"
