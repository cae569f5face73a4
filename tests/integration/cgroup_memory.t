#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a limit of memory, huge pages or processes does to who exceeds it.
. "$(dirname "$0")/lib.sh"

needs_swap() {
	(($(wc -l </proc/swaps) > 1)) && return
	host_lacks "this host has no swap"
	return 1
}

# events KEY: of memory.events, of the cgroup in $cg
events() {
	sed -n "s/^$1 //p" "$cg/memory.events"
}

started() {
	create
	find_cgroup
	start
}

test_what_exceeds_the_limit_is_killed_and_counted() {
	needs_controller memory || return
	bundle memhog 60000000
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	started
	wait_for status_is stopped
	is "$(events oom_kill)" 1 "oom_kill"
	lacks "$(<"$created_out")" "memhog: ok"
}

test_what_stays_below_the_limit_lives() {
	needs_controller memory || return
	bundle memhog 20000000
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	run
	is "$out" "memhog: ok"
}

test_others_in_the_container_die_with_it_if_asked() {
	needs_controller memory || return
	bundle spawn 3 : memhog 60000000
	resources '{memory: {limit: 33554432, swap: 33554432}, unified: {"memory.oom.group": "1"}}'
	without_namespace pid
	started
	wait_for status_is stopped
	is "$(events oom_group_kill)" 1 "oom_group_kill"
	is "$(<"$cg/cgroup.procs")" "" "processes"
}

test_swap_is_what_is_above_the_limit_of_memory() {
	needs_controller memory && needs_swap || return
	bundle memhog 50000000
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	run_any
	is "$rc" 137 "exit code without swap"
	bundle memhog 50000000 : pause
	resources '{memory: {limit: 33554432, swap: 67108864}}'
	started
	wait_for grep -q ok "$created_out"
	differs "$(<"$cg/memory.swap.current")" 0 "memory.swap.current"
	kill_now
	bundle memhog 90000000
	resources '{memory: {limit: 33554432, swap: 67108864}}'
	try nacre run --profile oci --bundle "$b" "$id-b"
	is "$rc" 137 "exit code beyond both"
}

# squeeze RESERVATION: two in one parent that holds less than both read. What is left of the page cache
# of the first, which has the reservation, is in $kept. Holes of a file are charged to who reads them.
squeeze() {
	local reservation=$1 read_by_a
	bundle fetch /file : pause
	truncate -s 25000000 "$b/rootfs/file"
	edit '.linux.cgroupsPath = $p' --arg p "/parent-$tag/$id-a"
	resources "{memory: {reservation: $reservation}}"
	good nacre create --profile oci --bundle "$b" "$id-a"
	read_by_a=$out_file
	echo 40000000 >"$cg_mount/parent-$tag/memory.max"
	good nacre start "$id-a"
	wait_for grep -q ok "$read_by_a"
	cg=$cg_mount/parent-$tag/$id-a
	bundle fetch /file
	truncate -s 80000000 "$b/rootfs/file"
	edit '.linux.cgroupsPath = $p' --arg p "/parent-$tag/$id-b"
	good nacre run --profile oci --bundle "$b" "$id-b"
	kept=$(sed -n 's/^file //p' "$cg/memory.stat")
	good nacre delete --force "$id-a"
	rmdir "$cg_mount/parent-$tag"
}

test_a_reservation_is_kept_from_the_neighbours() {
	needs_controller memory || return
	local kept without
	squeeze 0
	without=$kept
	squeeze 30000000
	((kept > 22000000 && without < 20000000)) || wrong "$kept, and $without without"
}

test_processes_end_at_the_limit() {
	needs_controller pids || return
	bundle forkbomb 500
	resources '{pids: {limit: 20}}'
	started
	wait_for status_is stopped
	has "$(<"$created_out")" "forkbomb: 19 of 500: EAGAIN"
	has "$(<"$cg/pids.events")" "max 1"
}

test_a_limit_of_no_processes_is_one() {
	needs_controller pids || return
	bundle forkbomb 500
	resources '{pids: {limit: 0}}'
	started
	wait_for status_is stopped
	is "$(<"$cg/pids.max")" 1
	has "$(<"$created_out")" "forkbomb: 0 of 500: EAGAIN"
}

test_the_limit_of_processes_holds_for_exec() {
	needs_controller pids || return
	bundle pause
	resources '{pids: {limit: 20}}'
	started
	try nacre exec "$id" /payload forkbomb 500
	has "$out" "forkbomb: 18 of 500: EAGAIN"
}

test_huge_pages_end_at_the_limit() {
	needs_controller hugetlb || return
	local kib
	kib=$(sed -n 's/^Hugepagesize: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	(($(sed -n 's/^HugePages_Free: *//p' /proc/meminfo) >= 4)) ||
		{ host_lacks "no huge pages are set aside (vm.nr_hugepages)"; return; }
	bundle hugehog $((kib * 1024 * 3)) : hugehog $((kib * 1024 * 2))
	resources '{hugepageLimits: [{pageSize: "'$((kib / 1024))'MB", limit: '$((kib * 1024 * 2))'}]}'
	run_any
	is "$out" $'hugehog: ENOMEM\nhugehog: ok'
}

test_values_out_of_range_are_refused() {
	needs_controller memory || return
	bundle true
	resources '{memory: {limit: 33554432, swap: 1000}}'
	run_refused '*linux.resources.memory.swap: *'
	resources '{memory: {swap: 33554432, limit: 0}}'
	run_refused '*linux.resources.memory.swap: unable to set swap limit without memory limit*'
	resources '{memory: {limit: -2}}'
	run_refused '*linux.resources.memory.limit: *'
	resources '{memory: {}, pids: {limit: -2}}'
	run_refused '*linux.resources.pids.limit: *'
	resources '{pids: {}, hugepageLimits: [{pageSize: "3MB", limit: 0}]}'
	run_refused '*linux.resources.hugepageLimits*'
	resources '{hugepageLimits: [], unified: {"memory.high": "much"}}'
	run_refused '*linux.resources.unified*memory.high*'
}

test_a_device_for_rdma_that_is_not_there_is_refused() {
	needs_controller rdma || return
	bundle true
	resources '{rdma: {"mlx5_9": {hcaHandles: 3, hcaObjects: 100}}}'
	run_refused '*linux.resources.rdma*'
}

test_a_unified_value_has_the_last_word() {
	needs_controller pids || return
	bundle forkbomb 500
	resources '{pids: {limit: 100}, unified: {"pids.max": "10"}}'
	run
	has "$out" "forkbomb: 9 of 500: EAGAIN"
}

all_tests "$@"
