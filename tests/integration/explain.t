#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_explain_says_what_was_denied_and_what_nobody_counts() {
	bundle pause
	profile=agent create
	good nacre explain "$id"
	has_line "$out" "container $id, profile agent"
	has "$out" 'WHAT NOBODY COUNTS'
	has "$out" 'system calls '
	good nacre explain --format json "$id"
	documented "explain Fl -format"
	is "$(json '[.id, .profile] | join(" ")')" "$id agent" "id and profile"
	is "$(json '.notCounted | length')" 3 "blind spots"
}

test_a_limit_that_this_host_cannot_enforce_is_named() {
	local pids=false
	bundle pause
	profile=agent create
	good nacre explain --format json "$id"
	find_cgroup
	[[ -e $cg/pids.max ]] || pids=true
	is "$(json '.notEnforced | index("pids.max") != null')" "$pids" "pids.max"
	profile=oci
	good nacre delete --force "$id"
	create
	good nacre explain --format json "$id"
	is "$(json '.notEnforced | length')" 0 "under oci"
}

test_refused_forks_are_counted() {
	needs_controller pids || return
	bundle pause
	edit '.linux.resources.pids.limit = 5'
	create
	start
	try nacre exec "$id" /payload forkbomb 20
	good nacre explain --format json "$id"
	is "$(json '.denied[] | select(.counter == "pids.events") | .count > 0')" true "refused forks"
}

test_refused_devices_are_counted() {
	local denied='.denied[] | select(.rule == "devices") | .count'
	needs_device_filter && needs_mknod || return
	bundle mknod /dev/mem c 1 1 : mknod /dev/allowed c 1 3 : pause
	capabilities CAP_MKNOD
	create
	good nacre explain --format json "$id"
	is "$(json "$denied")" 0 "before the start"
	start
	wait_for eval 'nacre explain "$id" | grep -q "^2 *opens of devices refused (rule devices; device:PATH)$"'
	good nacre explain --format json "$id"
	is "$(json "$denied")" 2 "one to read, one to write"
}

# Records of the kernel's audit; where auditd runs it takes them away.
test_calls_in_the_kernels_log_are_told() {
	needs_root || return
	[[ -r /dev/kmsg && ! -e /run/auditd.pid && $(readlink /proc/self/ns/pid) == "pid:[4026531836]" ]] || {
		host_lacks "the kernel's log with its audit records"
		return
	}
	bundle spawn 1 : call getcpu : pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["getcpu"], action: "SCMP_ACT_LOG"}]}'
	create
	good nacre explain --format json "$id"
	is "$(json '.kernelLog.error')" null error
	is "$(json '.kernelLog.records | map(select(.ended | not)) | length')" 0 "before the start"
	start
	wait_for eval 'nacre explain "$id" | grep -q "^1 *getcpu: logged$"'
	good nacre explain --format json "$id"
	documented "explain Fl -format"
	is "$(json '.kernelLog.records[] | select(.syscall == "getcpu" and .ended == false) | .action')" \
		logged action
}

test_who_may_not_read_the_kernels_log_is_told() {
	needs_unshare || return
	bundle pause
	create
	mkdir -p "$T/dev"
	good unshare -rm bash -c 'mount --bind "$0" /dev && exec "$@"' "$T/dev" \
		"$NACRE" --root "$ROOT" explain "$id"
	has_line "$out" 'not readable: open /dev/kmsg: *'
}

test_no_container_cannot_be_explained() {
	bad 1 "container does not exist: $id" nacre explain "$id"
}

all_tests "$@"
