#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_pause_stops_every_process_and_resume_lets_them_go_on() {
	bundle spawn 2 : pause
	create
	start
	good nacre pause "$id"
	is "$(state_of .status)" paused status
	is "$(value cgroup.events | grep frozen)" "frozen 1"
	good nacre resume "$id"
	is "$(state_of .status)" running status
	is "$(value cgroup.events | grep frozen)" "frozen 0"
}

test_a_paused_program_makes_no_progress() {
	local before
	bundle true
	with_busybox || return
	program /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done'
	create
	start
	wait_for grep -q 10 "$created_out"
	good nacre pause "$id"
	before=$(wc -l <"$created_out")
	sleep 0.3
	is "$(wc -l <"$created_out")" "$before" "lines while paused"
	good nacre resume "$id"
	wait_for eval '(($(wc -l <"$created_out") > before))'
}

test_pause_twice_is_refused() {
	bundle pause
	create
	start
	good nacre pause "$id"
	bad 1 "*container not running*" nacre pause "$id"
	is "$(state_of .status)" paused status
}

test_resume_of_a_running_container_is_refused() {
	bundle pause
	create
	start
	bad 1 "*container not paused" nacre resume "$id"
}

test_a_created_container_can_be_paused() {
	bundle pause
	create
	good nacre pause "$id"
	is "$(state_of .status)" paused status
	good nacre resume "$id"
	is "$(state_of .status)" created status
	start
}

test_pause_and_resume_of_a_stopped_container_are_refused() {
	bundle true
	create
	start
	wait_for status_is stopped
	bad 1 "*container not running*" nacre pause "$id"
	bad 1 "*container not paused*" nacre resume "$id"
}

test_pause_and_resume_of_no_container_are_refused() {
	bad 1 "*container does not exist: $id" nacre pause "$id"
	bad 1 "*container does not exist: $id" nacre resume "$id"
}

all_tests "$@"
