#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many containers at once with the cgroup driver of systemd.
. "$(dirname "$0")/../systemd/lib.sh"

# One limit for each controller that this host has.
bystander_limits='memory {memory: {limit: 100003840}}
pids {pids: {limit: 77}}
cpu {cpu: {quota: 30000}}
hugetlb {hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'

# A container that nothing of what follows may change.
start_bystander() {
	local controller filter
	bundle pause
	in_unit
	while read -r controller filter; do
		! grep -qw "$controller" "$cg_mount/cgroup.controllers" || resources "$filter"
	done <<<"$bystander_limits"
	with_one_device
	create_unit
	start
}

limits_in_effect() {
	find_cgroup
	grep -s . "$cg"/{memory,pids,cpu,hugetlb.2MB}.max
}

one_life() {
	nacre_direct --systemd-cgroup run --profile oci --bundle "$b" "$id-$1"
}

test_200_scopes_at_once_leave_none() {
	local i before jobs=()
	start_bystander
	before=$(limits_in_effect)
	has "$before" hugetlb.2MB.max:4194304
	lacks "$before" :max
	bundle true
	edit '.linux.cgroupsPath = null'
	for ((i = 0; i < 200; i++)); do
		one_life "$i" >"$T/out.one$i" 2>&1 </dev/null &
		jobs+=($!)
		if ((i % 20 == 10)); then
			systemctl daemon-reload
			is "$(limits_in_effect)" "$before" "limits of another container"
			devices_are_as_configured
		fi
		# systemd takes one after another, and each waits for it 30 s at most.
		while (($(jobs -r | wc -l) > 16)); do wait -n; done
	done
	for ((i = 0; i < 200; i++)); do
		wait "${jobs[i]}" || wrong "container $i: $(<"$T/out.one$i")"
	done
	is "$(limits_in_effect)" "$before" "limits of another container"
	devices_are_as_configured
	delete_forced
	no_unit_left
}

all_tests "$@"
