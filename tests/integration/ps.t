#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_json_is_an_array_of_host_pids() {
	bundle spawn 2 : pause
	create
	start
	wait_for eval '(($(nacre ps --format json "$id" | jq length) == 3))'
	good nacre ps --format json "$id"
	is "$(json 'map(type) | unique | join(" ")')" number types
	[[ $(json .[]) == *$(pid_of)* ]] || wrong "the first process is missing" "$out"
}

test_the_table_has_the_lines_of_ps() {
	needs_program ps || return
	bundle pause
	create
	start
	good nacre ps "$id"
	has_line "$out" "UID *PID *PPID *"
	has_line "$out" "*$(pid_of) */payload pause"
	is "$(wc -l <<<"$out")" 2 "number of lines"
}

test_options_after_the_id_are_for_ps() {
	needs_program ps || return
	bundle pause
	create
	start
	good nacre ps "$id" -e -o pid,comm
	has_line "$out" "*PID COMMAND"
	has_line "$out" "*$(pid_of) payload"
}

test_ps_output_without_a_pid_column_is_refused() {
	needs_program ps || return
	bundle pause
	create
	start
	bad 1 "ps: no column PID in its output: choose one that shows it" nacre ps "$id" -e -o comm
}

test_a_created_container_has_one_process() {
	bundle pause
	create
	good nacre ps -f json "$id"
	is "$(json length)" 1 "number of processes"
}

test_a_stopped_container_has_none() {
	bundle true
	create
	start
	wait_for status_is stopped
	good nacre ps -f json "$id"
	is "$out" "[]"
}

test_ps_of_no_container_is_an_error() {
	bad 1 "*container does not exist: $id" nacre ps "$id"
}

all_tests "$@"
