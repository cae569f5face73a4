#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_the_default_devices_are_there() {
	local device
	bundle stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
	run
	for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		has_line "$out" "/dev/${device%%:*}: c 0666 $host_owner * rdev=${device#*:}"
	done
}

test_the_default_devices_work() {
	bundle write /dev/null x : write /dev/full x : open /dev/zero /dev/urandom
	run_any
	is "$out" $'write: ok\nwrite: ENOSPC\nopen: ok\nopen: ok'
}

test_the_usual_links_are_there() {
	bundle readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx
	run
	is "$out" "/dev/fd -> /proc/self/fd
/dev/stdin -> /proc/self/fd/0
/dev/stdout -> /proc/self/fd/1
/dev/stderr -> /proc/self/fd/2
/dev/ptmx -> pts/ptmx"
}

test_a_device_of_the_config_is_made_as_asked() {
	needs_mknod || return
	bundle stat /dev/own /dev/deep/er /dev/pipe
	edit '.linux.devices = [
		{path: "/dev/own", type: "c", major: 1, minor: 3, fileMode: 432, uid: 10, gid: 11},
		{path: "/dev/deep/er", type: "b", major: 7, minor: 200, fileMode: 384},
		{path: "/dev/pipe", type: "p", fileMode: 420}]'
	run
	has_line "$out" "/dev/own: c 0660 10:11 * rdev=1:3"
	has_line "$out" "/dev/deep/er: b 0600 0:0 * rdev=7:200"
	has_line "$out" "/dev/pipe: p 0644 0:0 *"
}

test_a_device_that_was_not_allowed_cannot_be_opened() {
	needs_mknod || return
	bundle mknod /dev/mem c 1 1 : mknod /dev/allowed c 1 3
	capabilities CAP_MKNOD
	run_any
	is "$out" "mknod: ok
read: EPERM
write: EPERM
mknod: ok
read: ok
write: ok"
}

test_a_rule_allows_reading_alone() {
	needs_mknod || return
	bundle mknod /dev/kmsg c 1 11
	capabilities CAP_MKNOD CAP_SYSLOG
	edit '.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 11, access: "mrr"}]'
	run_any
	is "$out" $'mknod: ok\nread: ok\nwrite: EPERM'
}

# runc passes over the letter, so the rule would deny less than is written there.
test_a_denial_with_an_unknown_letter_denies_all_access() {
	needs_mknod || return
	bundle mknod /dev/kmsg c 1 11
	capabilities CAP_MKNOD CAP_SYSLOG
	edit '.linux.resources.devices += [
		{allow: true, type: "c", major: 1, access: "rwm"},
		{allow: false, type: "c", major: 1, minor: 11, access: "ra"}]'
	run_any
	is "$out" $'mknod: ok\nread: EPERM\nwrite: EPERM'
	has "$err" 'devices[2].access: "ra" has letters other than r, w and m: all access is denied'
	edit '.linux.resources.devices[2].allow = true'
	run_refused '*: linux.resources.devices?2?.access: "ra" has letters other than r, w and m'
}

test_a_later_rule_wins() {
	needs_mknod || return
	bundle mknod /dev/kmsg c 1 11
	capabilities CAP_MKNOD CAP_SYSLOG
	edit '.linux.resources.devices += [
		{allow: true, type: "c", major: 1, access: "rwm"},
		{allow: false, type: "c", major: 1, minor: 11, access: "r"}]'
	run_any
	is "$out" $'mknod: ok\nread: EPERM\nwrite: ok'
}

test_a_wildcard_is_of_its_type_and_access_alone() {
	needs_mknod || return
	bundle mknod /dev/kmsg c 1 11 : mknod /dev/block b 1 11 : mknod /dev/fuse2 c 10 229
	capabilities CAP_MKNOD CAP_SYSLOG
	edit '.linux.resources.devices += [{allow: true, type: "c", major: 1, access: "r"}]'
	run_any
	is "$out" $'mknod: ok\nread: ok\nwrite: EPERM
mknod: ok\nread: EPERM\nwrite: EPERM
mknod: ok\nread: EPERM\nwrite: EPERM'
	edit '.linux.resources.devices += [{allow: true, access: "rw"}]'
	run_any
	has "$out" $'mknod: ok\nread: ok\nwrite: ok\nmknod: ok'
	lacks "$out" EPERM
}

test_without_mknod_no_node_can_be_made() {
	bundle mknod /tmp/mem c 1 1
	edit '.root.readonly = false'
	run_any
	is "$out" "mknod: EPERM"
}

test_devices_are_bound_in_a_user_namespace() {
	bundle stat /dev/null /dev/zero : write /dev/null x
	with_user_namespace
	run
	has_line "$out" "/dev/null: c 0666 * rdev=1:3"
	has_line "$out" "write: ok"
}

test_what_is_bound_in_a_user_namespace_runs_no_program() {
	bundle cat /proc/self/mountinfo
	with_user_namespace
	# With a mode root of the host makes the tmpfs itself, with nodes in it.
	edit '(.mounts[] | select(.destination == "/dev").options) |= map(select(startswith("mode=") | not))'
	run
	has_line "$out" "* /dev/null *nosuid*noexec*"
	has_line "$out" "* /dev/tty *nosuid*noexec*"
}

test_root_gives_a_user_namespace_nodes_of_its_own() {
	needs_mknod || return
	bundle stat /dev /dev/null /dev/dri /dev/dri/card /dev/shm/card : write /dev/null x : mknod /dev/mem c 1 1 \
		: cat /proc/self/mountinfo
	with_user_namespace
	edit '.process.capabilities[] += ["CAP_MKNOD"] | .linux.devices = [
		{path: "/dev/dri/card", type: "c", major: 1, minor: 3, fileMode: 402, uid: 10, gid: 11},
		{path: "/dev/shm/card", type: "c", major: 1, minor: 5, fileMode: 438}]'
	run_any
	has_line "$out" "/dev: d 0755 0:0 *"
	has_line "$out" "/dev/null: c 0666 0:0 * rdev=1:3"
	has_line "$out" "/dev/dri: d 0755 0:0 *"
	has_line "$out" "/dev/dri/card: c 0622 10:11 * rdev=1:3"
	has_line "$out" "/dev/shm/card: c 0666 0:0 * rdev=1:5" # below another mount: bound
	has_line "$out" "write: ok"
	has_line "$out" "mknod: EPERM"
	has_line "$out" "* /dev/shm/card *"
	lacks "$out" " /dev/null "
	lacks "$out" " /dev/dri/card "
}

test_configured_devices_have_their_mode_and_owner_in_a_user_namespace() {
	needs_mknod || return
	bundle stat /dev/foo /opt/bar : write /dev/foo x
	with_user_namespace
	edit '.root.readonly = false | .linux.devices = [
		{path: "/dev/foo", type: "c", major: 1, minor: 3, fileMode: 402, uid: 10, gid: 11},
		{path: "/opt/bar/", type: "b", major: 7, minor: 200, fileMode: 384}]'
	run
	has_line "$out" "/dev/foo: c 0622 10:11 * rdev=1:3"
	has_line "$out" "/opt/bar: b 0600 0:0 * rdev=7:200"
	has_line "$out" "write: ok"
	is "$(find "$b/rootfs" -type c -o -type b)" "" "nodes in the rootfs"
	edit '.linux.devices[0].uid = 70000'
	run_refused "device nodes: linux.devices\[0]: device /dev/foo: uid 70000 is not mapped"
}

test_a_device_path_outside_dev_stays_in_the_root() {
	needs_mknod || return
	bundle stat /opt/null
	edit '.root.readonly = false | .linux.devices = [
		{path: "/opt/null", type: "c", major: 1, minor: 3, fileMode: 438}]'
	run
	has_line "$out" "/opt/null: c 0666 0:0 * rdev=1:3"
}

test_without_a_mount_on_dev_nothing_is_left_in_the_rootfs_but_nodes() {
	bundle stat /dev/null
	edit '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
	run
	has_line "$out" "/dev/null: c 0666 *"
}

test_a_device_without_a_number_or_with_a_bad_type_is_refused() {
	bundle true
	edit '.linux.devices = [{path: "/dev/x", type: "c"}]'
	run_refused '*linux.devices\[0]*'
	edit '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 1}]'
	run_refused '*linux.devices\[0].type*'
	edit '.linux.devices = [{path: "dev/x", type: "c", major: 1, minor: 1}]'
	run_refused '*linux.devices\[0].path*'
}

test_the_filter_holds_for_exec() {
	needs_mknod || return
	bundle pause
	capabilities CAP_MKNOD
	create
	start
	try nacre exec "$id" /payload mknod /dev/mem c 1 1
	is "$out" $'mknod: ok\nread: EPERM\nwrite: EPERM'
}

test_ptmx_in_the_config_stays_the_link_to_the_devpts_of_the_container() {
	bundle stat /dev/ptmx
	edit '.linux.devices += [{path: "/dev/ptmx", type: "c", major: 5, minor: 2}]'
	run
	has "$out" "/dev/ptmx: l "
}

all_tests "$@"
