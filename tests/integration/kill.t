#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_kill_without_a_signal_sends_term() {
	bundle trap 15 44 : echo ready : pause
	in_background nacre_direct run --profile oci --bundle "$b" "$id"
	wait_for grep -q ready "$background_out"
	good nacre kill "$id"
	wait "${background[0]}"
	is $? 44 "exit code"
}

test_signals_have_numbers_and_names_with_and_without_sig() {
	local name
	for name in 10 USR1 SIGUSR1; do
		bundle trap 10 0 : echo ready : pause
		create
		start
		wait_for grep -q ready "$created_out"
		good nacre kill "$id" "$name"
		wait_for status_is stopped
		delete
	done
}

test_a_real_time_signal_has_a_name() {
	bundle trap 35 0 : echo ready : pause
	create
	start
	wait_for grep -q ready "$created_out"
	good nacre kill "$id" SIGRTMIN+1
	wait_for status_is stopped
}

test_an_unknown_signal_is_refused() {
	local name
	bundle pause
	create
	start
	for name in NONSENSE SIG 0x9 9x -1 65 "" SIGRTMIN+99 99999999999; do
		bad 1 "unknown signal \"$name\"" nacre kill "$id" -- "$name"
	done
	is "$(state_of .status)" running status
}

test_a_created_container_can_be_killed() {
	bundle pause
	create
	kill_now
}

test_kill_of_a_stopped_container_is_an_error_but_not_with_all() {
	bundle true
	create
	start
	wait_for status_is stopped
	bad 1 "*container not running" nacre kill "$id" TERM
	good nacre kill --all "$id" KILL
	good nacre kill -a "$id" 9
}

test_kill_of_no_container_is_an_error() {
	bad 1 "*container does not exist: $id" nacre kill "$id" KILL
}

test_all_reaches_every_process() {
	bundle trap 10 0 : spawn 3 : pause
	create
	start
	wait_for eval '(($(nacre ps --format json "$id" | jq length) == 4))'
	good nacre kill --all "$id" USR1
	wait_for status_is stopped
	delete
	nothing_left
}

# Without a pid namespace nothing else would end the others.
test_kill_in_the_host_pid_namespace_ends_all() {
	needs_host_procfs || return
	bundle spawn 3 : pause
	without_namespace pid
	create
	start
	wait_for eval '(($(nacre ps --format json "$id" | jq length) == 4))'
	good nacre kill "$id" KILL
	wait_for status_is stopped
	is "$(processes_left)" "" "processes"
	delete
}

test_kill_ends_a_paused_container() {
	bundle pause
	create
	start
	good nacre pause "$id"
	good nacre kill "$id" KILL
	wait_for status_is stopped
	delete
}

test_a_regular_expression_kills_all_that_match_it() {
	local name
	bundle pause
	for name in a b c; do
		good nacre create --profile oci --bundle "$b" "$id-$name"
	done
	good nacre kill --regex "^$id-[ab]" KILL
	wait_for eval '[[ $(state_of .status "$id-b") == stopped ]]'
	wait_for eval '[[ $(state_of .status "$id-a") == stopped ]]'
	is "$(state_of .status "$id-c")" created status
	good nacre delete --force --regex "$id"
}

test_without_pid_namespace_kill_reaches_what_outlived_the_first_process() {
	needs_host_procfs || return
	bundle spawn 10 : pause
	without_namespace pid
	create
	start
	wait_for eval '(($(nacre ps --format json "$id" | jq length) > 1))'
	kill -9 "$(pid_of)"
	wait_for status_is stopped
	bad 1 "*container not running" nacre kill "$id" TERM
	good nacre kill "$id" KILL
	# One that is ending loses its environment, by which processes_left knows it, before its cgroup.
	wait_for eval '(($(nacre ps --format json "$id" | jq length) == 0))'
	is "$(processes_left)" ""
	bad 1 "*container not running" nacre kill "$id" KILL
}

test_a_created_container_ends_by_the_signals_that_ask_for_it() {
	local name
	bundle pause
	for name in TERM INT; do
		create
		good nacre kill "$id" "$name"
		wait_for status_is stopped
		delete
	done
}

# init is slowed down: its handlers must be there before anybody can know of the container.
test_a_signal_right_after_create_is_not_lost() {
	needs_strace || return
	# newuidmap is traced as well, and not setuid then.
	[[ $who != user ]] || lacks_privilege "strace of a setuid program" || return
	bundle pause
	# strace goes on beside init, and ends with it.
	good strace -DD -f -qq -o /dev/null -e trace=rt_sigaction \
		-e inject=rt_sigaction:delay_enter=5000 "$NACRE" --root "$ROOT" create --bundle "$b" "$id"
	good nacre kill "$id" TERM
	wait_for status_is stopped
}

# As the pid of a listed process that has ended may by then be another's: what is in no cgroup of the
# container when it would be signalled is not.
test_all_leaves_alone_what_has_left_since_the_list() {
	local pid other rc_all alive=yes
	needs_root "processes are moved by hand" || return
	needs_strace || return
	bundle pause
	create
	start
	find_cgroup
	other=${cg%/*}/left-$id
	mkdir "$other" || wrong "no cgroup"
	sleep 60 >/dev/null 2>&1 &
	pid=$!
	echo "$pid" >"$cg/cgroup.procs"
	in_background strace -qq -o "$T/out.trace" -e trace=openat,pidfd_open \
		-e inject=pidfd_open:delay_enter=2000000 "$NACRE" --root "$ROOT" kill --all "$id" TERM
	wait_for grep -q cgroup.procs "$T/out.trace"
	echo "$pid" >"$other/cgroup.procs"
	wait "${background[0]}"
	rc_all=$?
	! has_ended "$pid" || alive=no
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	rmdir "$other"
	is "$rc_all" 0 "exit code: $(<"$background_out")"
	is "$alive" yes "the process that left lives"
	good nacre delete --force "$id"
}

# Deeper than there are fds.
test_all_reaches_cgroups_of_any_depth() {
	local i pid
	needs_root "cgroups are made by hand" || return
	needs_program prlimit || return
	bundle pause
	create
	start
	find_cgroup
	(
		cd "$cg" || exit
		for ((i = 0; i < 300; i++)); do
			mkdir nest beside 2>/dev/null && cd -P nest || exit
		done
		sleep 60 &
		echo $! >cgroup.procs && echo $! >"$T/out.pid"
	) </dev/null >/dev/null 2>&1
	pid=$(<"$T/out.pid")
	[[ -d /proc/$pid ]] || wrong "no process in the deepest cgroup"
	good prlimit --nofile=64:64 "$NACRE" --root "$ROOT" ps --format json "$id"
	is "$(json "index($pid) != null")" true "ps has $pid"
	good prlimit --nofile=64:64 "$NACRE" --root "$ROOT" kill --all "$id" TERM
	wait_for test ! -d "/proc/$pid"
	good nacre kill --all "$id" KILL
	good nacre delete --force "$id"
	nothing_left
}

# What is killed at once is not looked for first: a list can fail, and takes its time.
test_all_are_killed_without_a_look_at_the_list() {
	needs_strace || return
	bundle spawn 5 : pause
	create
	start
	good strace -qq -o "$T/out.trace" -e trace=getdents64,openat \
		-e inject=getdents64:error=ENOMEM "$NACRE" --root "$ROOT" kill --all "$id" KILL
	wait_for status_is stopped
}

all_tests "$@"
