#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_the_container_is_in_a_cgroup_of_its_own() {
	bundle pause
	create
	start
	is "$(value cgroup.procs)" "$(pid_of)" "processes"
	differs "$(cgroup_of "$(pid_of)")" "$(cgroup_of self)" "cgroup"
}

test_an_absolute_path_lies_below_the_mount() {
	bundle pause
	edit '.linux.cgroupsPath = $p' --arg p "$cg_base/parent-$tag/deep/$id"
	create
	is "$(cgroup_of "$(pid_of)")" "$cg_base/parent-$tag/deep/$id"
	delete
	absent "$cg_mount$cg_base/parent-$tag/deep/$id"
	rmdir "$cg_mount$cg_base/parent-$tag/deep" "$cg_mount$cg_base/parent-$tag"
}

test_a_relative_path_lies_below_the_parent_of_our_own() {
	bundle pause
	edit '.linux.cgroupsPath = $p' --arg p "parent-$tag/$id"
	create
	has "$(cgroup_of "$(pid_of)")" "/parent-$tag/$id"
	delete
	find "$cg_mount" -depth -type d -name "parent-$tag" -exec rmdir {} \;
	nothing_left
}

test_a_path_that_climbs_is_refused() {
	bundle true
	edit '.linux.cgroupsPath = $p' --arg p "$cg_base/parent-$tag/../../$id"
	run_refused '*linux.cgroupsPath*..*'
}

test_a_cgroup_with_processes_is_refused_and_left_alone() {
	mkdir "$cg_mount$cg_base/parent-$tag"
	sleep 60 &
	background+=($!)
	echo $! >"$cg_mount$cg_base/parent-$tag/cgroup.procs"
	bundle true
	edit '.linux.cgroupsPath = $p' --arg p "$cg_base/parent-$tag"
	bad 1 "*container's cgroup is not empty: 1 process(es) found*" \
		nacre run --profile oci --bundle "$b" "$id"
	kill -0 $! || wrong "the process was killed"
	end_background
	exists "$cg_mount$cg_base/parent-$tag"
	rmdir "$cg_mount$cg_base/parent-$tag"
	nothing_left
}

test_a_frozen_cgroup_is_refused() {
	mkdir "$cg_mount$cg_base/parent-$tag"
	echo 1 >"$cg_mount$cg_base/parent-$tag/cgroup.freeze"
	bundle true
	edit '.linux.cgroupsPath = $p' --arg p "$cg_base/parent-$tag"
	bad 1 "*container's cgroup unexpectedly frozen*" nacre run --profile oci --bundle "$b" "$id"
	rmdir "$cg_mount$cg_base/parent-$tag" 2>/dev/null
	nothing_left
}

test_unified_values_are_written_as_they_are() {
	bundle pause
	resources '{unified: {"cgroup.max.descendants": "7", "cgroup.max.depth": "3"}}'
	create
	is "$(value cgroup.max.descendants)" 7
	is "$(value cgroup.max.depth)" 3
}

test_unified_keys_cannot_leave_the_cgroup() {
	bundle true
	resources '{unified: {"../cgroup.max.depth": "3"}}'
	run_refused '*linux.resources.unified*'
	resources '{unified: {"no.such.file": "3"}}'
	run_refused '*no.such.file*'
}

test_zero_values_and_empty_objects_mean_unset() {
	bundle echo fine
	resources '{memory: {}, cpu: {shares: 0}, blockIO: {weight: 0}, pids: {}, network: {},
		hugepageLimits: [], rdma: {}, unified: {}}'
	run
	is "$out" fine
	is "$err" ""
	resources '{blockIO: {}}'
	run
}

# With the controller the value is in the file, and without it the error names the controller.
limit() {
	local controller=$1 filter=$2 file=$3 want=$4
	bundle true
	resources "$filter"
	if grep -qw "$controller" "$cg_mount/cgroup.controllers"; then
		create
		is "$(value "$file")" "$want" "$file"
		delete
	else
		run_refused "*$controller*"
	fi
}

test_a_limit_is_written_or_its_controller_is_named() {
	limit memory '{memory: {limit: 100003840}}' memory.max 100003840
	limit memory '{memory: {limit: 100003840, swap: 200007680}}' memory.swap.max 100003840
	limit memory '{memory: {limit: 100003840, swap: 100003840}}' memory.swap.max 0
	limit memory '{memory: {limit: 100003840, reservation: 50003968}}' memory.low 50003968
	limit pids '{pids: {limit: 77}}' pids.max 77
	limit cpu '{cpu: {shares: 1024}}' cpu.weight 100
	limit cpu '{cpu: {shares: 2}}' cpu.weight 1
	limit cpu '{cpu: {shares: 262144}}' cpu.weight 10000
	limit cpu '{cpu: {quota: 50000, period: 200000}}' cpu.max "50000 200000"
	limit cpu '{cpu: {quota: 50000}}' cpu.max "50000 100000"
	limit cpu '{cpu: {idle: 1}}' cpu.idle 1
	limit cpuset '{cpu: {cpus: "0", mems: "0"}}' cpuset.cpus 0
	limit io '{blockIO: {weight: 100}}' io.weight "default 910"
}

test_unlimited_needs_no_controller() {
	bundle echo fine
	resources '{memory: {limit: -1, swap: -1}, pids: {limit: -1}, cpu: {quota: -1}}'
	run
	is "$out" fine
}

test_a_huge_page_limit_is_written() {
	needs_controller hugetlb || return
	local size
	size=$(find "$cg_mount" -maxdepth 2 -name 'hugetlb.*.max' -printf '%f\n' | head -1 | cut -d. -f2)
	[[ -n $size ]] || size=2MB
	bundle pause
	resources '{hugepageLimits: [{pageSize: "'"$size"'", limit: 4194304}]}'
	create
	is "$(value "hugetlb.$size.max")" 4194304
	is "$(value "hugetlb.$size.rsvd.max")" 4194304
}

test_a_fork_bomb_stops_at_the_limit() {
	needs_controller pids || return
	bundle forkbomb 500
	resources '{pids: {limit: 20}}'
	run
	has "$out" "forkbomb: 19 of 500: EAGAIN"
}

test_too_much_memory_is_the_end() {
	needs_controller memory || return
	needs_plain_build "20 MiB of memory" || return
	bundle memhog 100000000
	resources '{memory: {limit: 20971520, swap: 20971520}}'
	run_any
	is "$rc" 137 "exit code"
	nothing_left
}

test_a_limit_too_low_to_begin_is_said_to_be() {
	needs_controller memory || return
	bundle true
	resources '{memory: {limit: 4096, swap: 4096}}'
	try nacre run --profile oci --bundle "$b" "$id"
	differs "$rc" 0 "exit code"
	has "$err" "memory limit"
	nothing_left
}

test_it_runs_within_half_a_mebibyte() {
	needs_controller memory || return
	needs_plain_build "512 KiB of memory" || return
	bundle echo fits
	resources '{memory: {limit: 524288, swap: 524288}}'
	run
	is "$out" fits
}

test_the_cgroup_can_be_delegated() {
	bundle create /sys/fs/cgroup/x : true
	with_user_namespace
	edit '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
	create
	find_cgroup
	is "$(stat -c %u "$cg/cgroup.procs")" "$(host_root)" "owner of cgroup.procs"
	is "$(stat -c %u "$cg")" "$(host_root)" "owner of the cgroup"
}

test_without_delegation_it_stays_with_root() {
	bundle pause
	create
	find_cgroup
	is "$(stat -c %u "$cg/cgroup.procs")" "$(id -u)" "owner of cgroup.procs"
}

test_the_program_cannot_write_to_its_cgroup() {
	bundle write /sys/fs/cgroup/cgroup.procs 1 : write /sys/fs/cgroup/cgroup.freeze 1
	capabilities CAP_SYS_ADMIN CAP_DAC_OVERRIDE
	run_any
	is "$out" $'write: EROFS\nwrite: EROFS'
}

all_tests "$@"
