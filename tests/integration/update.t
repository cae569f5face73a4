#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

running() {
	create "$@"
	start
}

stored() {
	jq -c ".linux.resources$1" "$ROOT/$id/config.json"
}

update() {
	good nacre update "$@" "$id"
}

# update_with JSON: on stdin
update_with() {
	echo "$1" >"$T/out.resources"
	input=$T/out.resources good nacre update -r - "$id"
}

# refused CODE PATTERN OPTION...
refused() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre update "$@" "$id"
}

huge_size() {
	find "$cg_mount" -maxdepth 3 -name 'hugetlb.*.max' -printf '%f\n' | head -1 | cut -d. -f2
}

# A container with a limit of two huge pages, the size of which is in $size.
with_huge_pages() {
	needs_controller hugetlb || return
	bundle pause
	size=$(huge_size)
	[[ -n $size ]] || size=2MB
	resources '{hugepageLimits: [{pageSize: "'"$size"'", limit: 4194304}]}'
	running
}

test_a_file_changes_limits_and_the_stored_config() {
	with_huge_pages || return
	echo '{"hugepageLimits": [{"pageSize": "'"$size"'", "limit": 8388608}]}' >"$T/out.r"
	update --resources "$T/out.r"
	is "$out$err" ""
	is "$(value "hugetlb.$size.max")" 8388608
	is "$(value "hugetlb.$size.rsvd.max")" 8388608
	is "$(stored .hugepageLimits)" '[{"pageSize":"'"$size"'","limit":8388608}]'
}

test_stdin_does_the_same_and_zero_is_a_limit_of_huge_pages() {
	with_huge_pages || return
	update_with '{"hugepageLimits": [{"pageSize": "'"$size"'", "limit": 0}]}'
	is "$(value "hugetlb.$size.max")" 0
}

test_a_failure_sets_back_what_was_written_before_it() {
	with_huge_pages || return
	echo '{"hugepageLimits": [{"pageSize": "'"$size"'", "limit": 8388608}],
		"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "many"}}' >"$T/out.r"
	refused '*cgroup.max.descendants*Invalid argument' -r "$T/out.r"
	is "$(value "hugetlb.$size.max")" 4194304
	is "$(value "hugetlb.$size.rsvd.max")" 4194304
	is "$(value cgroup.max.depth)" max
	is "$(stored .unified)" null
	is "$(stored '.hugepageLimits[0].limit')" 4194304
}

# As a newer nacre may have written it.
test_what_is_stored_and_not_known_survives_an_update() {
	local later='{nacre: .nacre.later, mount: .mounts[0].later, resources: .linux.resources.later,
		unified: .linux.resources.unified."cgroup.max.depth"}'
	bundle pause
	profile=agent running
	jq -c '.nacre.later = {a: [1e3, null]} | .mounts[0].later = "x" | .linux.resources.later = true' \
		<"$ROOT/$id/config.json" >"$T/out.config"
	cat "$T/out.config" >"$ROOT/$id/config.json"
	update_with '{"unified": {"cgroup.max.depth": "4"}}'
	is "$(jq -c "$later" "$ROOT/$id/config.json")" \
		'{"nacre":{"a":[1000,null]},"mount":"x","resources":true,"unified":"4"}'
	exec_in true
}

test_unified_files_are_merged() {
	bundle pause
	resources '{unified: {"cgroup.max.depth": "3", "cgroup.max.descendants": "9"}}'
	running
	write_value cgroup.max.descendants 5
	update_with '{"unified": {"cgroup.max.depth": "4"}}'
	is "$(value cgroup.max.depth)" 4
	is "$(value cgroup.max.descendants)" 5 "what was not asked for"
	is "$(stored .unified)" '{"cgroup.max.depth":"4","cgroup.max.descendants":"9"}'
}

test_a_missing_controller_is_named_and_nothing_is_changed() {
	bundle pause
	running
	grep -qw rdma "$cg_mount/cgroup.controllers" && { host_lacks "rdma is there"; return; }
	echo '{"unified": {"cgroup.max.depth": "4"}, "rdma": {"x": {"hcaHandles": 3}}}' >"$T/out.r"
	refused '*linux.resources.rdma\[0\]: the rdma controller is not available*' -r "$T/out.r"
	is "$(value cgroup.max.depth)" max
	is "$(stored .rdma)" null
}

test_an_empty_update_changes_nothing() {
	bundle pause
	running
	before=$(stored '')
	update
	update_with '{"memory": {}, "cpu": {"shares": 0, "quota": 0}, "pids": {}, "blockIO": {"weight": 0},
		"devices": [], "unified": {}}'
	is "$(stored ' | del(.memory, .cpu, .blockIO)')" "$(jq -c 'del(.memory, .cpu, .blockIO)' <<<"$before")"
}

test_what_is_wrong_is_told() {
	bundle pause
	running
	refused 'invalid value for memory: "lots"' --memory lots
	refused 'invalid value for memory-swap: "-2"' --memory-swap -2
	refused 'invalid value for pids-limit: "1.5"' --pids-limit 1.5
	refused 'invalid value for cpu-period: "010"' --cpu-period 010
	refused 'invalid value for cpuset-cpus: "0\"x"' --cpuset-cpus '0"x'
	refused '*options:1: cpu.period: *-1*' --cpu-period -1
	refused '*linux.resources.cpu.idle: 2 is neither 0 nor 1' --cpu-idle 2
	refused '*linux.resources.blockIO.weight: 5 is out of range, 10 to 1000' --blkio-weight 5
	refused 'open /nothing: No such file or directory' --resources /nothing
	refused '*the container has no linux.intelRdt' --l3-cache-schema L3:0=f
	refused "--resources -: --memory cannot be given beside it: put it into the file" \
		--resources - --memory 1g
	refused 'stdin:1: *' --resources -
	echo '{"memory": {"limit": "1g"}}' >"$T/out.r"
	refused "$T/out.r:1: memory.limit: expected an integer, found \"1g\"" --resources "$T/out.r"
	echo '{"unified": {"cgroup.procs": "0"}}' >"$T/out.r"
	refused '*unified*cgroup.procs*is not a file of a cgroup that sets a limit' -r "$T/out.r"
	is "$(state_of .status)" running
}

# No number is as large: the error names the member of linux.resources that the option stands for.
test_every_number_has_its_place_in_the_resources() {
	local option place n=0
	bundle pause
	running
	while read -r option place; do
		refused "*options:1: $place: *" "--$option" 99999999999999999999
		n=$((n + 1))
	done <<-'END'
		pids-limit pids.limit
		cpu-period cpu.period
		cpu-quota cpu.quota
		cpu-burst cpu.burst
		cpu-share cpu.shares
		cpu-idle cpu.idle
		cpu-rt-period cpu.realtimePeriod
		cpu-rt-runtime cpu.realtimeRuntime
		blkio-weight blockIO.weight
	END
	is "$(nacre help update | grep -cE '^ +--[a-z-]+ (N|USEC|0\|1) ')" $((n - 2)) "options that take a number"
}

test_it_needs_a_container_that_runs() {
	bundle true
	refused "container does not exist: $id" --memory 1g
	running
	wait_for status_is stopped
	refused "container not running" --memory 1g
}

test_v1_knobs_are_ignored_with_a_warning() {
	bundle pause
	running
	update --kernel-memory 10M --kernel-memory-tcp 10M --cpu-rt-period 1000 --cpu-rt-runtime 100
	has "$err" "linux.resources.memory.kernel is ignored"
	has "$err" "linux.resources.cpu.realtimePeriod is ignored"
}

test_a_created_and_a_paused_container_can_be_changed() {
	bundle pause
	create
	update_with '{"unified": {"cgroup.max.depth": "4"}}'
	is "$(value cgroup.max.depth)" 4
	start
	good nacre pause "$id"
	update_with '{"unified": {"cgroup.max.depth": "5"}}'
	is "$(value cgroup.max.depth)" 5
	is "$(state_of .status)" paused
	good nacre resume "$id"
}

test_device_rules_take_the_place_of_the_old_ones() {
	needs_device_filter || return
	bundle pause
	edit '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]
		| .linux.resources.devices = [{allow: false, access: "rwm"}]'
	capabilities CAP_SYSLOG CAP_SYS_ADMIN
	running
	try nacre exec "$id" /payload open /dev/kmsg
	has "$out" EPERM
	update_with '{"devices": [{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}'
	exec_in open /dev/kmsg
	is "$(stored '.devices | length')" 2
	update_with '{"devices": [{"allow": false, "access": "rwm"}]}'
	try nacre exec "$id" /payload open /dev/kmsg
	has "$out" EPERM
	update_with '{"unified": {"cgroup.max.depth": "5"}}'
	try nacre exec "$id" /payload open /dev/kmsg
	has "$out" EPERM
}

test_the_profile_holds() {
	profile=agent
	bundle pause
	running
	# Without the controllers the limits of the profile are left out, with a warning.
	update --pids-limit -1
	has "$err" "profile agent, rule resources: linux.resources.pids.limit: -1 -> 512"
	is "$(stored .pids.limit)" 512
	update_with '{"devices": [{"allow": true, "access": "rwm"}]}'
	has "$err" "profile agent, rule devices: linux.resources.devices"
	lacks "$(stored .devices)" '{"allow":true,"access":"rwm"}'
	update_with '{"unified": {"pids.max": "max"}}'
	has "$err" "rule resources: linux.resources.unified.pids.max"
	is "$(stored '.unified."pids.max"')" null
}

test_a_grant_of_create_holds_as_well() {
	profile=agent
	bundle pause
	running --allow unlimited:pids
	update --pids-limit -1
	lacks "$err" "rule resources"
	is "$(stored .pids.limit)" -1
}

test_two_updates_at_once_follow_each_other() {
	local i
	bundle pause
	running
	for i in 1 2 3 4 5 6 7 8; do
		echo '{"unified": {"cgroup.max.depth": "'"$i"'"}}' >"$T/out.r$i"
		in_background nacre update -r "$T/out.r$i" "$id"
	done
	for i in "${background[@]}"; do
		wait "$i" || wrong "one of eight failed" "$(cat "$T"/out.*)"
	done
	background=()
	is "$(stored '.unified."cgroup.max.depth"')" "\"$(value cgroup.max.depth)\""
}

# --- with controllers ---

limited() {
	bundle pause
	resources '{memory: {limit: 33554432, reservation: 25165824}, pids: {limit: 20},
		cpu: {shares: 100, quota: 500000, period: 1000000}}'
	running
}

test_memory_and_swap() {
	needs_controller memory && needs_controller pids && needs_controller cpu || return
	limited
	update --memory 64M
	is "$(value memory.max)" 67108864
	is "$(value memory.low)" 25165824
	update --memory-reservation 33554432
	is "$(value memory.low)" 33554432
	is "$(value memory.max)" 67108864
	find_cgroup
	[[ -e $cg/memory.swap.max ]] || return
	update --memory 50M --memory-swap 92M
	is "$(value memory.swap.max)" $((42 * 1024 * 1024))
	update --memory 60M
	is "$(value memory.swap.max)" $((42 * 1024 * 1024)) "swap, when memory alone changes"
	is "$(stored .memory.swap)" $((102 * 1024 * 1024))
	refused '*memory+swap limit * should be >= memory limit*' --memory-swap 1M
	update --memory-swap -1
	is "$(value memory.swap.max)" max
	update --memory 50M --memory-swap 50M
	is "$(value memory.swap.max)" 0
	update --memory -1
	is "$(value memory.max)" max
	is "$(value memory.swap.max)" max
}

test_a_memory_limit_below_the_usage_can_be_rejected() {
	needs_controller memory || return
	bundle pause
	running
	echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' >"$T/out.r"
	refused 'rejecting memory limit 4096 <= usage *' -r "$T/out.r"
	echo '{"memory": {"limit": 4096, "swap": 8192, "checkBeforeUpdate": true}}' >"$T/out.r"
	refused 'rejecting memory+swap limit 8192 <= usage *' -r "$T/out.r"
	is "$(value memory.max)" max
	is "$(state_of .status)" running
}

test_pids() {
	needs_controller pids || return
	bundle pause
	resources '{pids: {limit: 20}}'
	running
	update --pids-limit 10
	is "$(value pids.max)" 10
	update --pids-limit -1
	is "$(value pids.max)" max
	update --pids-limit 0
	is "$(value pids.max)" 1
	try nacre exec "$id" /payload true
	differs "$rc" 0 "exit code of one process too many"
}

test_cpu_quota_and_period_are_one() {
	needs_controller cpu || return
	bundle pause
	resources '{cpu: {shares: 100, quota: 500000, period: 1000000}}'
	running
	update --cpu-period 900000
	is "$(value cpu.max)" "500000 900000"
	update --cpu-quota 600000
	is "$(value cpu.max)" "600000 900000"
	update --cpu-burst 500000
	is "$(value cpu.max.burst)" 500000
	update --cpu-burst 0
	is "$(value cpu.max.burst)" 0
	update --cpu-quota -1
	is "$(value cpu.max)" "max 900000"
	update --cpu-share 1024
	is "$(value cpu.weight)" 100
	refused '*linux.resources.cpu.*: write "max 5" to cpu.max: Invalid argument' --cpu-period 5
	is "$(value cpu.max)" "max 900000"
}

test_cpu_idle_and_back() {
	needs_controller cpu || return
	bundle pause
	resources '{cpu: {shares: 2048}}'
	running
	find_cgroup
	[[ -e $cg/cpu.idle ]] || { host_lacks "this kernel has no cpu.idle"; return; }
	local weight
	weight=$(value cpu.weight)
	update --cpu-idle 1
	is "$(value cpu.idle)" 1
	update --cpu-period 200000
	is "$(value cpu.idle)" 1 "idle after another change"
	update --cpu-idle 0
	is "$(value cpu.idle)" 0
	is "$(value cpu.weight)" "$weight" "the weight of before"
	update --cpu-idle 1
	update --cpu-share 1024
	is "$(value cpu.idle) $(value cpu.weight)" "0 100" "idle and weight, when a weight is given"
	update --cpu-idle 1 --cpu-share 4096
	has "$err" "unable to apply both shares and idle"
	is "$(value cpu.idle)" 1
	update --cpu-idle 0
	echo '{"cpu": {"idle": 1}, "unified": {"cgroup.max.depth": "none"}}' >"$T/out.r"
	weight=$(value cpu.weight)
	refused '*cgroup.max.depth*' -r "$T/out.r"
	is "$(value cpu.idle) $(value cpu.weight)" "0 $weight" "idle and weight after a failure"
}

test_cpuset() {
	needs_controller cpuset || return
	bundle pause
	running
	update --cpuset-cpus 0 --cpuset-mems 0
	is "$(value cpuset.cpus) $(value cpuset.mems)" "0 0"
	echo '{"cpu": {"mems": "0"}, "unified": {"cpuset.cpus": "0", "cgroup.max.depth": "none"}}' \
		>"$T/out.r"
	refused '*cgroup.max.depth*' -r "$T/out.r"
	is "$(value cpuset.cpus)" 0
}

test_a_failed_update_takes_a_cpuset_back_that_was_not_set() {
	needs_controller cpuset || return
	local effective
	bundle pause
	running
	effective=$(value cpuset.cpus.effective)
	[[ $effective == *[-,]* ]] || { host_lacks "there is one CPU only"; return; }
	echo '{"cpu": {"cpus": "0"}, "unified": {"cgroup.max.depth": "none"}}' >"$T/out.r"
	refused '*cgroup.max.depth*' -r "$T/out.r"
	is "$(value cpuset.cpus.effective)" "$effective"
}

test_io_limits_of_devices() {
	needs_controller io || return
	local device
	device=$(lsblk -dno MAJ:MIN 2>/dev/null | head -1 | tr -d ' ')
	[[ -n $device ]] || { host_lacks "there is no block device"; return; }
	bundle pause
	resources '{blockIO: {throttleReadBpsDevice:
		[{major: '"${device%:*}"', minor: '"${device#*:}"', rate: 485760}]}}'
	running
	update_with '{"blockIO": {"throttleWriteBpsDevice":
		[{"major": '"${device%:*}"', "minor": '"${device#*:}"', "rate": 9437184}]}}'
	is "$(value io.max)" "$device rbps=485760 wbps=9437184 riops=max wiops=max"
	echo '{"blockIO": {"throttleReadBpsDevice": [{"major": '"${device%:*}"', "minor": '"${device#*:}"', "rate": 77777}]},
		"unified": {"cgroup.max.depth": "none"}}' >"$T/out.r"
	refused '*cgroup.max.depth*' -r "$T/out.r"
	is "$(value io.max)" "$device rbps=485760 wbps=9437184 riops=max wiops=max"
}

all_tests "$@"
