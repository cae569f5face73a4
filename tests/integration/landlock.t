#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Landlock under strict: what the mechanism does is tested in tests/live/test_landlock.c; here that it is
# there, in both ways into a container.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

needs_landlock() {
	local abi
	abi=$(nacre check --format json | jq .host.landlockAbi)
	[[ $abi =~ ^[0-9]+$ ]] || wrong "nacre check does not tell the ABI of Landlock: \"$abi\""
	((abi >= 4)) && return
	host_lacks "Landlock ABI 4 is absent: $abi"
	return 1
}

# Seen by what mount flags and namespaces do not forbid: TCP, and a mount of the host that became
# writable behind the config's back.
landlock_bundle() {
	needs_landlock || return 1
	profile=strict
	bundle "$@"
	mkdir -p "$b/rootfs/workspace" "$T/b.data"
	edit '.mounts += [{destination: "/workspace", type: "bind", source: $s, options: ["bind", "rw"]}]' \
		--arg s "$T/b.data"
}

# Rules of egress hold in place of ports: by the filter, or in this network of its own by the relay.
test_a_program_writes_below_writable_mounts() {
	landlock_bundle create /workspace/a text : create /tmp/a text : cat /workspace/a : write /dev/null x : bind 0
	run_any --allow "workspace:$T/b.data"
	is "$out" $'create: ok\ncreate: ok\ntextwrite: ok\nbind: ok'
}

test_without_the_profile_tcp_can_be_used() {
	landlock_bundle bind 0
	profile=agent
	run
	is "$out" "bind: ok"
}

test_exec_is_restricted_too() {
	landlock_bundle pause
	create --allow "workspace:$T/b.data"
	start
	try nacre exec "$id" /payload create /workspace/b text : bind 0
	is "$out" $'create: ok\nbind: ok'
}

test_a_mount_that_becomes_writable_stays_closed() {
	needs_unshare || return
	local pid
	landlock_bundle pause
	create
	start
	pid=$(pid_of)
	good nsenter -t "$pid" -m /payload mount none none /workspace 0x1020 # MS_REMOUNT | MS_BIND
	good nacre exec "$id" /payload cat /proc/self/mountinfo
	has_line "$out" "* /workspace rw,*"
	try nacre exec "$id" /payload create /workspace/c text
	is "$out" "create: EACCES"
}

test_it_can_be_required() {
	landlock_bundle bind 0
	run_any --require landlock
	is "$out" "bind: ok"
}

all_tests "$@"
