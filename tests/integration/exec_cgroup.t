#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an exec starts is killed as a whole, and nothing else with it.
. "$(dirname "$0")/lib.sh"

running() {
	bundle pause
	create "$@"
	start
}

own_cgroups() {
	find_cgroup
	find "$cg" -mindepth 1 -type d -name 'exec-*' | wc -l
}

processes_are() {
	(($(nacre ps -f json "$id" | jq length) == $1))
}

# In the background: an exec with two children, which outlive it unless they are killed. Its pid is
# in $exec, for which nacre must not stand behind timeout(1).
tree() {
	in_background nacre_direct exec "$@" "$id" /payload spawn 2 : pause
	exec=$!
	wait_for processes_are 4
}

# The background job that tree began ends with CODE and leaves only the container's own process.
ends_with() {
	wait "$exec"
	is $? "$1" "exit code"
	background=()
	wait_for processes_are 1
	wait_for eval '(($(own_cgroups) == 0))'
}

test_an_exec_can_have_a_cgroup_of_its_own() {
	running
	tree --own-cgroup
	is "$(own_cgroups)" 1 "number of cgroups below"
	is "$(value cgroup.procs | wc -l)" 1 "processes beside them"
}

test_under_the_agent_profile_it_is_the_default() {
	profile=agent
	running
	tree
	is "$(own_cgroups)" 1 "number of cgroups below"
}

test_under_the_oci_profile_it_is_not() {
	running
	tree
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_a_detached_exec_or_one_with_a_named_cgroup_has_none_by_default() {
	profile=agent
	running
	good nacre exec --detach "$id" /payload pause
	good nacre exec --cgroup / "$id" /payload true
	is "$(own_cgroups)" 0 "number of cgroups below"
	good nacre exec --detach --own-cgroup "$id" /payload pause
	is "$(own_cgroups)" 1 "number of cgroups below"
}

test_what_was_started_dies_with_a_killed_exec() {
	running
	tree --own-cgroup
	kill -TERM "$exec"
	ends_with 143
}

test_what_was_started_outlives_an_exec_that_ends() {
	running
	good nacre exec --own-cgroup "$id" /payload spawn 2
	processes_are 3 || wrong "the processes did not stay"
	is "$(own_cgroups)" 1 "number of cgroups below"
}

test_an_abandoned_cgroup_is_removed_by_the_next_exec() {
	local i
	running
	for i in 1 2 3; do
		good nacre exec --detach --own-cgroup "$id" /payload true
	done
	wait_for processes_are 1
	good nacre exec --own-cgroup "$id" /payload true
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_a_timeout_kills_all_of_an_exec() {
	local begin=$SECONDS
	running
	bad 124 "container $id: timed out: killed after 0.300 s with all that it started" \
		nacre exec --timeout 300ms "$id" /payload spawn 2 : pause
	processes_are 1 || wrong "processes are left"
	is "$(own_cgroups)" 0 "number of cgroups below"
	is "$(state_of .status)" running "status of the container"
	((SECONDS - begin < 10)) || wrong "it took $((SECONDS - begin)) s"
}

# The parent gets the status of a traced process only after the tracer, which may never ask for it.
test_a_timeout_ends_an_exec_whose_status_a_tracer_keeps() {
	bundle trace
	create
	start
	bad 124 "container $id: timed out: killed after 4.000 s*" \
		nacre exec --timeout 4s "$id" /payload sleep 2 : exit 3
	grep -q traced "$created_out" || wrong "nobody was traced"
	good nacre delete --force "$id"
}

# The calls of nacre take their time, for which the new process waits. Before its program, which has the
# ids of the container, only a tracer with the capability on the host may halt it.
test_an_exec_that_a_tracer_halts_before_it_begins_is_given_up() {
	needs_root && needs_strace || return
	local i
	bundle halt
	edit '.process.capabilities = ({"bounding": ["CAP_SYS_PTRACE"]} | .effective = .bounding | .permitted = .bounding)'
	create
	start
	rc=0
	# The tracer may only begin.
	for ((i = 0; i < 50 && rc == 0; i++)); do
		try timeout -k 5 60 strace -qq -o /dev/null -e inject=all:delay_exit=5000 \
			"$NACRE" --root "$ROOT" exec --timeout 20s "$id" /payload true
	done
	is "$rc" 255 "exit code"
	has "$err" "init was stopped by a signal, and is killed"
	good nacre delete --force "$id"
}

test_a_timeout_that_is_not_reached_changes_nothing() {
	running
	try nacre exec --timeout 1h "$id" /payload echo in time : exit 3
	is "$rc" 3 "exit code"
	is "$out" "in time"
	is "$err" "" stderr
}

test_a_program_that_ignores_signals_is_timed_out_as_well() {
	running
	bad 124 "*timed out*" nacre exec --timeout 200ms "$id" /payload trap 15 : pause : pause
}

test_a_paused_exec_is_timed_out_as_well() {
	running
	in_background nacre_direct exec --timeout 1s "$id" /payload spawn 2 : pause
	exec=$!
	wait_for processes_are 4
	good nacre pause "$id"
	ends_with 124
	good nacre resume "$id"
}

test_a_timeout_kills_a_run_container() {
	bundle spawn 2 : pause
	bad 124 "container $id: timed out: killed after 0.300 s with all that it started" \
		nacre run --profile oci --bundle "$b" --timeout 300ms "$id"
	nothing_left
}

test_a_timeout_kills_a_run_container_without_a_pid_namespace() {
	needs_host_procfs || return
	bundle spawn 2 : pause
	without_namespace pid
	bad 124 "*timed out*" nacre run --profile oci --bundle "$b" --timeout 300ms --keep "$id"
	is "$(state_of .status)" stopped
	wait_for processes_are 0
}

test_a_timeout_must_be_a_time() {
	local time
	running
	for time in 0 0s 5 -1s 1d s 1.s .5s "1s " 1h1 3000000h; do
		bad 1 "exec: --timeout: expected a time above zero*\"$time\"*" \
			nacre exec "--timeout=$time" "$id" /payload true
	done
	bad 255 "exec: --timeout excludes --detach: no process would wait" \
		nacre exec --timeout 1s --detach "$id" /payload true
	bad 1 "run: --timeout excludes --detach: no process would wait" \
		nacre run --bundle "$b" --timeout 1s --detach "$id-2"
}

test_kill_on_exit_outlives_a_killed_nacre() {
	running
	tree --kill-on-exit
	kill -KILL "$exec"
	ends_with 137
}

test_kill_on_exit_ends_with_the_caller() {
	running
	# A shell that is killed between nacre and this one.
	in_background bash -c '"$@" & echo $! >"$0"; wait' "$T/out.exec" \
		env NACRE_TEST="$T" "$NACRE" --root "$ROOT" exec --kill-on-exit "$id" \
		/payload spawn 2 : pause
	exec=$!
	wait_for processes_are 4
	kill -KILL "$exec"
	ends_with 137
	wait_for eval '! kill -0 "$(<"$T/out.exec")"'
}

test_kill_on_exit_takes_what_is_left_at_a_usual_end() {
	running
	good nacre exec --kill-on-exit "$id" /payload spawn 2
	processes_are 1 || wrong "processes are left"
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_the_watcher_ends_with_the_exec_and_holds_no_stdio() {
	running
	good nacre exec --kill-on-exit "$id" /payload echo over
	is "$out" over
	tree --kill-on-exit
	is "$(pgrep -cf "$NACRE --root $ROOT exec")" 2 "nacre and its watcher"
	kill -TERM "$exec"
	ends_with 143
	wait_for eval '! pgrep -f "$NACRE --root $ROOT exec"'
}

test_kill_on_exit_cannot_be_detached() {
	running
	bad 255 "*--kill-on-exit: a detached command ends at once" \
		nacre exec --kill-on-exit --detach "$id" /payload true
}

test_a_cgroup_that_takes_none_below_it_is_an_error_only_if_asked() {
	profile=agent
	running
	write_value cgroup.max.descendants 0
	bad 255 "*make one below it (cgroup.max.descendants or cgroup.max.depth forbid one more)*" \
		nacre exec --own-cgroup "$id" /payload true
	good nacre exec "$id" /payload echo shared
	is "$out" shared
	has "$err" "exec shares the container's cgroup"
}

test_no_error_of_a_moment_takes_the_cgroup_of_an_exec_away() {
	needs_strace || return
	profile=agent
	running
	try env NACRE_TEST="$T" strace -qq -o "$T/out.trace" -e trace=mkdirat -e inject=mkdirat:error=ENOMEM \
		"$NACRE" --root "$ROOT" exec "$id" /payload echo shared
	is "$rc $out" "255 "
	has "$err" "make one below it: Cannot allocate memory"
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_a_threaded_container_shares_its_cgroup() {
	profile=agent
	running
	find_cgroup
	mkdir "$cg/threads"
	echo threaded >"$cg/threads/cgroup.type" ||
		{ host_lacks "this kernel makes no cgroup threaded here"; return; }
	good nacre exec "$id" /payload echo shared
	is "$out" shared
	bad 255 "*--own-cgroup: the container has threaded cgroups*" \
		nacre exec --own-cgroup "$id" /payload true
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_a_failed_exec_leaves_no_cgroup() {
	running
	try nacre exec --own-cgroup "$id" /nothing
	is "$rc" 255 "exit code"
	try nacre exec --kill-on-exit "$id" /nothing
	is "$rc" 255 "exit code"
	is "$(own_cgroups)" 0 "number of cgroups below"
}

test_fifty_at_once_leave_no_cgroup() {
	local i
	running
	for ((i = 0; i < 50; i++)); do
		in_background nacre exec --own-cgroup "$id" /payload true
	done
	for i in "${background[@]}"; do
		wait "$i" || wrong "one of fifty failed" "$(cat "$T"/out.*)"
	done
	background=()
	is "$(own_cgroups)" 0 "number of cgroups below"
}

all_tests "$@"
