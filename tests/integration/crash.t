#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# Kill -9 at any point leaves something that `delete --force` removes completely. strace ends nacre
# before its Nth system call, without nacre's help; ptrace does not see init, which runs on alone.
needs_strace() {
	needs_program strace || return
	strace -o /dev/null true 2>/dev/null && return
	skip "strace may not trace here"
	return 1
}

# killed_at CALLS NUMBER COMMAND...: whether it was killed
killed_at() {
	local calls=$1 number=$2
	shift 2
	NACRE_TEST=$T timeout 60 strace -qq -o "$T/out.trace" -e "trace=$calls" \
		-e "inject=$calls:signal=KILL:when=$number" "$NACRE" --root "$ROOT" "$@" \
		</dev/null >"$T/out.log" 2>&1
	grep -q 'killed by SIGKILL' "$T/out.trace"
}

cleaned_up() {
	good nacre list
	good nacre delete --force "$id"
	nothing_left
	[[ -z $failed ]] || note "killed at system call $number: $(tail -3 "$T/out.trace")"
	[[ -z $failed ]]
}

# A bundle that makes use of most rows of the table.
rich_bundle() {
	bundle pause
	mount_on /mnt "$b/rootfs/etc" bind rbind ro
	edit '.hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}],
			poststart: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}
		| .linux.sysctl = {"kernel.msgmax": "4096"}
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
}

every_call() {
	local number step=${1:-1} n=0
	shift
	for ((number = 1; ; number += step)); do
		killed_at all "$number" "$@" || break
		((n++))
		cleaned_up || return
	done
	((n > ${least:-30})) || wrong "only $n kills: $(tail -3 "$T/out.trace") $(<"$T/out.log")"
}

test_killed_after_each_step_of_create() {
	needs_strace || return
	local number steps=0
	rich_bundle
	touch "$T/out.steps"
	# each line of --debug is one write: after a step
	for ((number = 1; ; number++)); do
		killed_at write "$number" --debug create --profile oci --bundle "$b" --pid-file "$T/out.pid" \
			"$id" || break
		cleaned_up || return
		((steps++))
	done
	((steps > 15)) || wrong "only $steps steps: $(<"$T/out.log")"
	good nacre state "$id"
}

test_killed_at_every_system_call_of_create() {
	needs_strace || return
	rich_bundle
	every_call "${STRIDE:-1}" create --profile oci --bundle "$b" "$id"
}

test_killed_at_every_system_call_of_create_in_a_user_namespace() {
	needs_strace || return
	bundle pause
	with_user_namespace
	every_call "${STRIDE:-3}" create --profile oci --bundle "$b" "$id"
}

test_killed_at_every_system_call_of_run() {
	needs_strace || return
	local number n=0
	bundle sleep 0.05
	edit '.hooks.poststop = [{path: "/bin/true"}]'
	every_call "${STRIDE:-2}" run --profile oci --bundle "$b" "$id"
}

test_killed_at_every_system_call_of_start() {
	needs_strace || return
	local number n=0
	rich_bundle
	for ((number = 1; ; number += ${STRIDE:-1})); do
		create
		killed_at all "$number" start "$id" || break
		((n++))
		cleaned_up || return
	done
	((n > 20)) || wrong "only $n kills"
}

test_killed_at_every_system_call_of_delete() {
	needs_strace || return
	local number n=0
	rich_bundle
	for ((number = 1; ; number += ${STRIDE:-1})); do
		create
		killed_at all "$number" delete --force "$id" || break
		((n++))
		cleaned_up || return
	done
	((n > 20)) || wrong "only $n kills"
}

test_killed_at_every_system_call_of_exec() {
	needs_strace || return
	local number n=0
	bundle pause
	create
	start
	for ((number = 1; ; number += ${STRIDE:-2})); do
		killed_at all "$number" exec "$id" /payload sleep 0.02 || break
		((n++))
		is "$(state_of .status)" running "status after kill at call $number" || return
	done
	((n > 20)) || wrong "only $n kills"
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 1))'
}

test_killed_while_paused() {
	needs_strace || return
	local number n=0
	bundle pause
	for ((number = 1; ; number += ${STRIDE:-1})); do
		create
		start
		killed_at all "$number" pause "$id" || break
		((n++))
		cleaned_up || return
	done
	((n > 10)) || wrong "only $n kills"
}

# Without strace as well: an engine that is killed takes nacre along (PDEATHSIG).
test_killed_at_any_time() {
	local i
	rich_bundle
	for i in {1..60}; do
		NACRE_TEST=$T "$NACRE" --root "$ROOT" create --profile oci --bundle "$b" "$id" \
			</dev/null >/dev/null 2>&1 &
		sleep "0.00$((RANDOM % 10))$((RANDOM % 10))"
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		number=random
		cleaned_up || return
	done
}

test_init_killed_in_every_stage_is_reported_and_undone() {
	local stage
	for stage in prestart createRuntime createContainer; do
		bundle pause
		edit '.hooks[$stage] = [{path: "/bin/sh", args: ["sh", "-c",
			"pid=$(sed \"s/.*\\\"pid\\\": *\\([0-9]*\\).*/\\1/\"); kill -9 $pid; sleep 0.1"]}]' \
			--arg stage "$stage"
		[[ $stage == createContainer ]] &&
			edit '.hooks[$stage][0].args[2] = "kill -9 $PPID; sleep 0.1"' --arg stage "$stage"
		run_refused "*init*"
	done
}

test_a_create_that_cannot_fork_or_allocate_leaves_nothing() {
	needs_strace || return
	local number call error
	rich_bundle
	for call in clone3:EAGAIN mkdirat:ENOSPC openat:EMFILE write:ENOSPC fsopen:ENOMEM \
		mount_setattr:EPERM socketpair:EMFILE socket:EMFILE renameat:ENOSPC mmap:ENOMEM bpf:EPERM; do
		error=${call#*:} call=${call%:*}
		for ((number = 1; number < 40; number++)); do
			NACRE_TEST=$T timeout 60 strace -f -qq -o "$T/out.trace" -e "trace=$call" \
				-e "inject=$call:error=$error:when=$number" "$NACRE" --root "$ROOT" \
				create --profile oci --bundle "$b" "$id" </dev/null >"$T/out.log" 2>&1
			rc=$?
			grep -q INJECTED "$T/out.trace" || break
			if ((rc)); then
				((rc < 124)) || wrong "$call $error $number: ended with $rc" "$(<"$T/out.log")"
				[[ -s $T/out.log ]] || wrong "$call $error $number: no error text"
				nothing_left
				[[ -z $failed ]] || { note "$call $error $number"; return; }
			fi
			good nacre delete --force "$id"
		done
		good nacre delete --force "$id"
	done
}

all_tests "$@"
