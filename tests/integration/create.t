#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_create_leaves_the_container_created_and_its_program_unstarted() {
	bundle create /tmp/ran : pause
	edit '.root.readonly = false'
	create
	is "$(state_of .status)" created status
	absent "$b/rootfs/tmp/ran"
	start
	wait_for test -e "$b/rootfs/tmp/ran"
	is "$(state_of .status)" running status
}

test_create_without_bundle_uses_the_working_directory() {
	bundle pause
	cd "$b" || return
	good nacre create --profile oci "$id"
	cd / || return
	is "$(state_of .bundle)" "$b" bundle
}

test_options_may_follow_the_id() {
	bundle pause
	good nacre create "$id" --bundle "$b" --profile=oci
	is "$(state_of .bundle)" "$b" bundle
}

test_config_names_another_file_of_the_bundle() {
	bundle echo other
	mv "$b/config.json" "$b/second.json"
	run --config second.json
	is "$out" other
}

test_the_pid_file_holds_the_pid_without_a_newline() {
	bundle pause
	create --pid-file "$T/out.pid"
	is "$(od -c "$T/out.pid" | head -1)" "$(printf %s "$(pid_of)" | od -c | head -1)" "pid file"
	is "$(stat -c %a "$T/out.pid")" 644 "its mode"
	# Until it runs its program only root may look at it.
	[[ $who == user ]] || is "$(readlink "/proc/$(<"$T/out.pid")/root")" / "root of the pid"
}

test_a_pid_file_that_cannot_be_written_undoes_the_container() {
	bundle pause
	bad 1 "pid file: directory of $T/none/pid: No such file or directory" \
		nacre create --profile oci --bundle "$b" --pid-file "$T/none/pid" "$id"
	nothing_left
}

test_the_program_writes_to_the_stdio_of_create() {
	bundle echo to the caller : error "and its errors"
	create
	start
	wait_for status_is stopped
	is "$(<"$created_out")" "to the caller"
	has "$(cat "$T"/err.*)" "and its errors"
}

test_a_second_container_with_the_same_id_is_refused_and_the_first_lives_on() {
	bundle pause
	create
	bad 1 "*container with given ID already exists: $id" nacre create --profile oci --bundle "$b" "$id"
	is "$(state_of .status)" created status
}

test_a_program_that_is_missing_fails_create_and_not_start() {
	bundle pause
	program no-such-program
	bad 1 '*exec: "no-such-program": executable file not found in $PATH' \
		nacre create --profile oci --bundle "$b" "$id"
	nothing_left
}

test_the_state_directory_is_for_the_caller_alone() {
	bundle pause
	create
	is "$(stat -c %a:%u "$ROOT")" "1700:$EUID" "state root"
	is "$(stat -c %a:%u "$ROOT/$id")" "700:$EUID" "state directory"
	is "$(find "$ROOT/$id" ! -perm /077 | wc -l)" "$(find "$ROOT/$id" | wc -l)" "private files"
}

test_no_new_keyring_keeps_the_session_keyring() {
	# Without a session a user's keyring is told by the uid, which differs in a user namespace.
	needs_root || return
	bundle keyring
	run --no-new-keyring
	is "$out" "$("$PAYLOAD" keyring)" "session keyring"
	run
	has "$out" "keyring: "
	differs "$out" "$("$PAYLOAD" keyring)" "session keyring"
}

test_no_pivot_makes_a_container_all_the_same() {
	bundle ls / : cat /proc/self/mountinfo
	run --no-pivot
	has_line "$out" payload
	is "$(awk '$5 !~ "^/(dev|proc|sys|$)" && NF > 8 { print $5 }' <<<"$out")" "" "other mounts"
}

test_the_profile_may_stand_before_the_command() {
	bundle status NoNewPrivs
	edit '.process.noNewPrivileges = false'
	good nacre --profile oci run --bundle "$b" "$id"
	has "$out" $'NoNewPrivs:\t0'
}

test_a_pidfd_socket_gets_a_pidfd() {
	bundle trap 10 7 : echo ready : pause
	in_background "$PEER" pidfd "$T/out.socket"
	wait_for test -S "$T/out.socket"
	try nacre run --profile oci --bundle "$b" --pidfd-socket "$T/out.socket" "$id"
	is "$rc" 7 "exit code"
}

test_a_pidfd_socket_gets_that_of_an_exec() {
	bundle pause
	create
	start
	in_background "$PEER" pidfd "$T/out.socket"
	wait_for test -S "$T/out.socket"
	try nacre exec --pidfd-socket "$T/out.socket" "$id" /payload trap 10 8 : pause
	differs "$rc" 0 "exit code"
	status_is running || wrong "the container's process got the signal"
}

test_a_pidfd_socket_that_is_not_there_undoes_the_container() {
	bundle pause
	bad 1 "pidfd socket: connect to $T/out.none: No such file or directory" \
		nacre create --profile oci --bundle "$b" --pidfd-socket "$T/out.none" "$id"
	nothing_left
}

# What the first process is given is given before it waits.
test_what_start_would_find_is_an_error_of_create() {
	bundle true
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1024, hard: 4294967296}]'
	bad 1 "*limits: process.rlimits*RLIMIT_NOFILE*" nacre create --profile oci --bundle "$b" "$id"
	nothing_left
	bundle true
	edit '.process.capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: []}'
	bad 1 "*process.capabilities.effective: CAP_KILL is not in process.capabilities.permitted*" \
		nacre create --profile oci --bundle "$b" "$id"
	nothing_left
}

test_what_waits_has_the_filters_and_capabilities_of_the_program() {
	local status
	bundle pause
	edit '.process.capabilities = ({bounding: ["CAP_KILL"]} | .effective = .bounding | .permitted = .bounding)
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
	for nnp in true false; do
		edit ".process.noNewPrivileges = $nnp"
		profile=oci create
		status=/proc/$(pid_of)/status
		is "$(sed -n 's/^CapEff:\t//p' "$status")" 0000000000000020 CapEff
		is "$(sed -n 's/^CapPrm:\t//p' "$status")" 0000000000000020 CapPrm
		is "$(sed -n 's/^Seccomp:\t//p' "$status")" 2 Seccomp
		is "$(tr -d '\0' <"${status%status}cmdline")" "" "command line"
		good nacre delete --force "$id"
	done
}

all_tests "$@"
