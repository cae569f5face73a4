#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What limits of blockIO do, on a loop device of our own.
. "$(dirname "$0")/lib.sh"

# io_bundle VERB...: with the device as /dev/disk
io_bundle() {
	bundle "$@"
	edit '.linux.devices = [{path: "/dev/disk", type: "b", major: $a, minor: $i}]
		| .linux.resources.devices += [{allow: true, type: "b", major: $a, minor: $i, access: "rw"}]' \
		--argjson a "${number%:*}" --argjson i "${number#*:}"
}

# Milliseconds that a run takes, in $took.
timed() {
	local begin=${EPOCHREALTIME/./}
	run
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

# slowed VERB SIZE COUNT FIELD RATE MILLISECONDS: so much longer with the limit
slowed() {
	local took without
	io_bundle "$1" /dev/disk "$2" "$3"
	timed
	without=$took
	block_io "{$4: [{major: \$a, minor: \$i, rate: $5}]}"
	timed
	is "$out" "$1: ok"
	((took > without + $6)) || wrong "$4: $took ms, and $without without"
}

test_bytes_and_operations_are_throttled() {
	needs_loop_device || return
	slowed out 262144 12 throttleWriteBpsDevice 1048576 1500
	slowed in 262144 12 throttleReadBpsDevice 1048576 1500
	slowed out 4096 30 throttleWriteIOPSDevice 10 1500
	slowed in 4096 30 throttleReadIOPSDevice 10 1500
}

# A device that takes 8 MB/s, so that the weights decide: see iocost in the kernel's cgroup-v2.rst.
costly() {
	echo "$number ctrl=user model=linear rbps=8000000 rseqiops=2000 rrandiops=2000 wbps=8000000 \
wseqiops=2000 wrandiops=2000" >"$cg_mount/io.cost.model" &&
		echo "$number enable=1 ctrl=user rpct=0 wpct=0 min=100.00 max=100.00" >"$cg_mount/io.cost.qos"
}

needs_iocost() {
	[[ -e $cg_mount/io.cost.qos ]] && costly 2>/dev/null && return
	host_lacks "the kernel has no iocost"
	return 1
}

# Bytes that NAME has written.
written() {
	sed -n "s/^$number .*wbytes=\([0-9]*\).*/\1/p" "$cg_mount$1/io.stat"
}

competitor() {
	io_bundle out /dev/disk 65536 1000
	block_io "$2"
	good nacre create --profile oci --bundle "$b" "$id-$1"
}

test_a_weight_is_a_ratio() {
	needs_loop_device && needs_iocost || return
	local heavy light a b_
	# 100 and 1000 become io.weight 910 and 10000.
	competitor a '{weight: 1000}'
	competitor b '{weightDevice: [{major: $a, minor: $i, weight: 100}]}'
	a=$(cgroup_of "$(pid_of "$id-a")") b_=$(cgroup_of "$(pid_of "$id-b")")
	good nacre start "$id-a"
	good nacre start "$id-b"
	sleep 4
	heavy=$(written "$a") light=$(written "$b_")
	echo "$number enable=0" >"$cg_mount/io.cost.qos"
	((heavy > light * 3)) || wrong "$heavy to $light bytes"
	differs "${light:-0}" 0 "what the light one wrote"
}

test_bfq_has_the_weight_as_it_is() {
	needs_loop_device || return
	bundle pause
	block_io '{weight: 300}'
	create
	find_cgroup
	[[ -e $cg/io.bfq.weight ]] || { host_lacks "the kernel has no BFQ"; return; }
	has "$(<"$cg/io.bfq.weight")" "300"
	[[ ! -e $cg/io.weight ]] || has "$(<"$cg/io.weight")" "2930"
}

test_bfq_keeps_the_weights_of_devices() {
	needs_bfq || return
	bundle pause
	block_io '{weight: 300, weightDevice: [{major: $a, minor: $i, weight: 400}]}'
	create
	find_cgroup
	has_line "$(<"$cg/io.bfq.weight")" "$number 400"
	good nacre update --blkio-weight 111 "$id"
	is "$(<"$cg/io.bfq.weight")" "default 111"$'\n'"$number 400"
}

test_values_out_of_range_are_refused() {
	needs_loop_device || return
	bundle true
	block_io '{weight: 9}'
	run_refused '*linux.resources.blockIO.weight: 9 is out of range, 10 to 1000*'
	block_io '{weight: 1001}'
	run_refused '*linux.resources.blockIO.weight: 1001 is out of range, 10 to 1000*'
	block_io '{throttleReadBpsDevice: [{major: 99, minor: 99, rate: 1000}]}'
	run_refused '*linux.resources.blockIO.throttleReadBpsDevice*99:99*'
}

all_tests "$@"
