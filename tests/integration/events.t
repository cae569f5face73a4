#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

running() {
	bundle "${@:-pause}"
	create
	start
}

# events OPTION...: in the background; what it prints is in $background_out.
events() {
	in_background nacre_direct events "$@" "$id"
	watcher=$!
}

lines() {
	grep -c "^{\"type\":\"$1\",\"id\":\"$id\"" "$background_out"
}

lines_are() {
	(($(lines "$1") >= $2))
}

test_stats_are_one_line() {
	running
	good nacre events --stats "$id"
	is "$(wc -l <"$out_file")" 1 "number of lines"
	has "$out" "{\"type\":\"stats\",\"id\":\"$id\",\"data\":{\"cpu\":{\"usage\":{"
	is "$(json '.data | keys_unsorted | join(" ")')" \
		"cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces"
	is "$(json '.data.pids.current')" 1
}

test_cpu_time_is_counted() {
	running
	good nacre exec "$id" /payload true
	good nacre events --stats "$id"
	[[ $(json '.data.cpu.usage.total > 0') == true ]] || wrong "no CPU time" "$out"
}

test_pressure_is_there_if_the_kernel_has_it() {
	running
	find_cgroup
	[[ -e $cg/cpu.pressure ]] || { host_lacks "this kernel has no PSI"; return; }
	good nacre events --stats "$id"
	is "$(json '.data.cpu.psi | keys_unsorted | join(" ")')" "some full"
	is "$(json '.data.cpu.psi.some | keys_unsorted | join(" ")')" "avg10 avg60 avg300 total"
}

test_huge_pages_are_listed() {
	needs_controller hugetlb || return
	running
	good nacre events --stats "$id"
	has "$(json '.data.hugetlb | keys | join(" ")')" MB
	is "$(json '.data.hugetlb | map(.failcnt) | unique | .[0]')" 0
}

test_memory_and_pids_have_their_limits() {
	needs_controller memory && needs_controller pids && needs_plain_build "64 MiB" || return
	bundle pause
	edit '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 20}}'
	create
	start
	good nacre events --stats "$id"
	is "$(json .data.memory.usage.limit)" 67108864
	is "$(json .data.pids.limit)" 20
	[[ $(json '.data.memory.usage.usage > 0 and .data.memory.raw.anon > 0') == true ]] ||
		wrong "no memory is used" "$out"
}

test_stats_come_at_the_interval_until_the_container_ends() {
	running
	events --interval 100ms
	wait_for lines_are stats 3
	good nacre kill "$id" KILL
	wait "$watcher"
	is $? 0 "exit code"
	background=()
}

test_the_default_interval_is_five_seconds() {
	running
	events
	sleep 1
	is "$(lines stats)" 0 "number of lines after a second"
	wait_for lines_are stats 1
	good nacre delete --force "$id"
	wait "$watcher"
	is $? 0 "exit code"
	background=()
}

test_a_deleted_container_ends_it() {
	running
	events --interval 1ms
	wait_for lines_are stats 10
	good nacre delete --force "$id"
	wait "$watcher"
	is $? 0 "exit code"
	lacks "$(<"$background_out")" error
	background=()
}

test_a_reader_that_is_gone_ends_it() {
	running
	NACRE_TEST=$T timeout 60 "$NACRE" --root "$ROOT" events --interval 10ms "$id" 2>"$T/err.pipe" |
		head -1 >"$T/out.pipe"
	is "$(grep -c '"stats"' "$T/out.pipe")" 1 "number of lines"
}

test_it_needs_a_container_that_runs() {
	bundle true
	bad 1 "container does not exist: $id" nacre events --stats "$id"
	create
	start
	wait_for status_is stopped
	bad 1 "container with id $id is not running" nacre events --stats "$id"
	bad 1 "container with id $id is not running" nacre events "$id"
}

test_an_interval_must_be_a_time_above_zero() {
	running
	bad 1 "events: --interval: expected a time above zero*" nacre events --interval 0s "$id"
	bad 1 "events: --interval: expected a time above zero*" nacre events --interval -1s "$id"
}

test_without_the_memory_controller_it_says_so() {
	grep -qw memory "$cg_mount/cgroup.controllers" &&
		{ host_lacks "the memory controller is there"; return; }
	running
	events --interval 100ms
	wait_for lines_are stats 1
	has "$(<"$background_out")" "no oom events: the cgroup has no memory controller"
}

test_figures_that_cannot_be_read_are_an_error() {
	needs_strace || return
	bundle pause
	create
	start
	bad 1 "*list the cgroup: Input/output error" strace -qq -o "$T/out.trace" -e trace=getdents64 \
		-e inject=getdents64:error=EIO "$NACRE" --root "$ROOT" events --stats "$id"
}

all_tests "$@"
