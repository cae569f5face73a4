#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An upgrade while containers are there: what an older binary of nacre made, this one manages. OLD is
# that binary; without it nothing is tested:
#
#	OLD=/path/to/older/nacre tests/integration/upgrade.t
. "$(dirname "$0")/lib.sh"

needs_old() {
	[[ -n ${OLD:-} ]] && return
	host_lacks "OLD names no older binary of nacre"
	return 1
}
file_needs=needs_old

old() {
	NACRE_TEST=$T timeout -k 5 60 "$OLD" --root "$ROOT" "$@"
}

# old_run PROFILE [OPTION...]
old_run() {
	good old run --profile "$1" --detach --bundle "$b" "${@:2}" "$id"
}

# old_create PROFILE [OPTION...]: what the container writes is then in $created_out
old_create() {
	good old create --profile "$1" --bundle "$b" "${@:2}" "$id"
	created_out=$out_file
	is "$(state_of .status)" created status
}

manage() {
	good nacre list --format json
	is "$(json '.[] | [.id, .status] | join(" ")')" "$id running" list
	is "$(state_of .status)" running status
	good nacre ps --format json "$id"
	is "$(json 'tostring')" "[$(state_of .pid)]" ps
	good nacre exec "$id" /payload echo within
	is "$out" within exec
	good nacre events --stats "$id"
	good nacre explain "$id"
	echo '{"unified": {"cgroup.max.depth": "6"}}' >"$T/out.r"
	good nacre update -r "$T/out.r" "$id"
	is "$(value cgroup.max.depth)" 6 "what update set"
	good nacre pause "$id"
	is "$(state_of .status)" paused status
	good nacre resume "$id"
	bad 1 "cannot delete container $id that is not stopped: running" nacre delete "$id"
	kill_now
	delete
	nothing_left
}

for_each_profile() {
	for profile in oci agent strict; do
		"$@"
	done
}

run_by_old() {
	bundle pause
	old_run "$profile"
	manage
}

test_run_by_the_older_managed_by_this() {
	for_each_profile run_by_old
}

created_by_old() {
	bundle call getgid : pause
	old_create "$profile"
	# an init of before START_VERSION 5 is not confined yet
	try nacre exec "$id" /payload true
	((rc == 0)) || has "$err" "was created by an older nacre and waits for its start"
	start
	manage
	has "$(<"$created_out")" "getgid: ok"
}

test_created_by_the_older_started_by_this() {
	for_each_profile created_by_old
}

test_created_by_the_older_deleted_by_this() {
	bundle pause
	old_create agent
	delete
	nothing_left
}

# A bundle that makes use of most rows of start.
rich_bundle() {
	bundle call getcpu : pause
	edit '.hooks = ({createRuntime: 1, poststart: 1, poststop: 1}
			| with_entries(.value = [{path: "/bin/sh", args: ["sh", "-c", "echo \(.key) >>\($f)"]}]))
		| .hooks.createContainer = [{path: "/bin/true"}]
		| .hooks.startContainer = [{path: "/payload", args: ["/payload", "true"]}]
		| .linux.sysctl = {"kernel.msgmax": "4096"} | .process.oomScoreAdj = 100
		| .process.rlimits = [{type: "RLIMIT_NOFILE", hard: 99, soft: 98}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 42}]}' \
		--arg f "$T/out.hooks"
}

# created_rich [FILTER]
created_rich() {
	rm -f "$T/out.hooks"
	rich_bundle
	"$@"
	old_create oci
	start
	wait_for grep -q getcpu "$created_out"
	is "$(<"$created_out")" "getcpu: ENOMSG" "the container's output"
	manage
	is "$(tr '\n' ' ' <"$T/out.hooks")" "createRuntime poststart poststop " hooks
}

test_every_row_of_start() {
	created_rich true
}

test_every_row_of_start_in_a_user_namespace() {
	created_rich with_user_namespace
}

test_every_row_of_start_without_no_new_privileges() {
	created_rich edit '.process.noNewPrivileges = false'
}

# privileged BOOL: the rows of a filter that is loaded last, and those of one that is loaded first
listener() {
	bundle call getcpu : pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $p, listenerMetadata: "meta data",
			syscalls: [{names: ["getcpu"], action: "SCMP_ACT_NOTIFY"}]}
		| .process.noNewPrivileges = $n' --arg p "$T/out.socket" --argjson n "$1"
	rm -f "$T/out.socket"
	in_background "$PEER" notify "$T/out.socket" 42
	wait_for test -S "$T/out.socket"
	old_create oci
	start
	wait_for grep -q getcpu "$created_out"
	is "$(<"$created_out")" "getcpu: ENOMSG" "the container's output"
	kill_now
	delete
	end_background
}

test_a_seccomp_listener() {
	listener true
	listener false
}

counted() {
	grep -q userfaultfd "$ROOT/$id/denials"
}

test_denials_are_traced_and_explained() {
	needs_root || return
	bundle call userfaultfd : pause
	old_create agent --trace-denials
	start
	wait_for counted
	try nacre exec "$id" /payload call bpf
	good nacre explain "$id"
	has "$out" "userfaultfd: EPERM: "
	has "$out" "bpf: EPERM: loads programs into the kernel"
	good nacre delete --force "$id"
	bundle call userfaultfd : pause
	old_run agent --trace-denials
	wait_for counted
	good nacre explain "$id"
	# Where the list of that one is another, the reason is not known here.
	has "$out" "userfaultfd: EPERM: "
	good nacre delete --force "$id"
	nothing_left
}

test_a_terminal() {
	bundle tty : pause
	edit '.process.terminal = true'
	rm -f "$T/out.socket"
	in_background "$PEER" console "$T/out.socket"
	wait_for test -S "$T/out.socket"
	old_create oci --console-socket "$T/out.socket"
	start
	manage
}

# The other way round, a step back: what the older one cannot do it says, and leaves all as it was.
test_created_by_this_refused_by_the_older() {
	local command
	bundle pause
	profile=agent create
	for command in "state $id" "start $id" "exec $id /payload true" "kill $id KILL" "delete $id"; do
		# shellcheck disable=SC2086
		try old $command
		((rc == 0)) && continue
		is "$(wc -l <<<"$err")" 1 "lines of the error of ${command%% *}"
		has "$err" "container \"$id\""
	done
	[[ -d $ROOT/$id ]] || return 0
	is "$(state_of .status)" created status
	start
	manage
	profile=agent create
	try old delete --force "$id"
	# One that knows of no pipe removes all but its name, and says that.
	if ((rc)); then
		is "$(grep -v '^nacre: warning: ' <<<"$err")" \
			"nacre: undo state directory: remove the state of container \"$id\": Directory not empty"
		good nacre delete --force "$id"
	fi
	nothing_left
}

all_tests "$@"
