#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What died of memory says so: in the error, the events and the state. The exit status stays 137.
. "$(dirname "$0")/lib.sh"

# A container with 32 MiB and no swap.
limited() {
	needs_controller memory && needs_plain_build "32 MiB of memory" || return
	bundle "$@"
	edit '.linux.resources += {memory: {limit: 33554432, swap: 33554432}}'
}

running() {
	limited pause || return
	create
	start
}

test_run_says_that_it_died_of_memory() {
	limited memhog 100000000 || return
	bad 137 "container $id: container init was OOM-killed: its memory limit is 33554432 (linux.resources.memory.limit)" \
		nacre run --profile oci --bundle "$b" "$id"
	nothing_left
}

test_run_says_that_the_limit_is_the_profile_s() {
	limited memhog 2000000000 || return
	edit 'del(.linux.resources.memory)'
	bad 137 "*container $id: container init was OOM-killed: its memory limit is * (of profile strict; another is set by linux.resources.memory.limit)" \
		nacre run --profile strict --bundle "$b" "$id"
	bad 137 "*its memory limit is * (of profile strict; another is set by linux.resources.memory.limit)" \
		nacre run --profile strict --require resources --bundle "$b" "$id"
}

test_run_of_a_shell_says_it_as_well() {
	limited memhog 100000000 || return
	with_busybox || return
	program /bin/sh -c '/payload memhog 100000000; exit $?'
	run_any
	is "$rc" 137 "exit code"
	has_line "$err" "nacre: container $id: container init was OOM-killed*"
}

test_a_kill_is_no_death_of_memory() {
	limited echo ready : pause || return
	in_background nacre_direct run --profile oci --bundle "$b" "$id"
	wait_for grep -q ready "$background_out"
	good nacre kill "$id" KILL
	wait "${background[0]}"
	is $? 137 "exit code"
	lacks "$(<"$background_out")" OOM
	background=()
}

# Its cgroup is that of another container, which died of memory and is not deleted yet.
test_a_kill_in_a_cgroup_of_others_is_no_death_of_memory() {
	limited memhog 100000000 || return
	edit '.linux.cgroupsPath = $p' --arg p "$cg_base/parent-$tag/$id"
	create
	start
	wait_for status_is stopped
	is "$(state_of .oomKills)" 1 "what died there"
	edit '.process.args = ["/payload", "echo", "ready", ":", "pause"]'
	in_background nacre_direct run --profile oci --bundle "$b" "$id-b"
	wait_for grep -q ready "$background_out"
	good nacre kill "$id-b" KILL
	wait "${background[0]}"
	is $? 137 "exit code"
	lacks "$(<"$background_out")" OOM
	background=()
	delete
}

test_exec_says_that_it_died_of_memory() {
	running || return
	bad 137 "container $id: exec process was OOM-killed: its memory limit is 33554432 *" \
		nacre exec "$id" /payload memhog 100000000
	is "$(state_of .status)" running
	is "$(state_of .oomKills)" 1
	# One that comes later and is killed otherwise did not die of it.
	in_background nacre_direct exec --pid-file "$T/out.pid" "$id" /payload pause
	wait_for test -s "$T/out.pid"
	wait_for grep -qx payload "/proc/$(<"$T/out.pid")/comm"
	kill -KILL "$(<"$T/out.pid")"
	wait "${background[0]}"
	is $? 137 "exit code"
	lacks "$(<"$background_out")" OOM
	background=()
}

test_an_exec_killed_before_its_program_did_not_die_of_an_earlier_lack_of_memory() {
	needs_strace && running || return
	try nacre exec "$id" /payload memhog 100000000
	is "$(state_of .oomKills)" 1
	# Nobody calls it but the new process, shortly before its program.
	try strace -f -o "$T/out.trace" -e trace=capset -e inject=capset:signal=KILL \
		"$NACRE" --root "$ROOT" exec "$id" /payload true
	is "$rc" 255 "exit code"
	is "$err" "nacre: exec: init was killed by signal 9"
}

test_exec_in_a_cgroup_of_its_own_says_it_as_well() {
	running || return
	bad 137 "container $id: exec process was OOM-killed*" \
		nacre exec --own-cgroup "$id" /payload memhog 100000000
}

test_the_state_counts_also_after_the_end() {
	limited memhog 100000000 || return
	create
	is "$(state_of .oomKills)" null
	start
	wait_for status_is stopped
	is "$(state_of .oomKills)" 1
}

test_an_event_tells_of_it() {
	running || return
	in_background nacre_direct events --interval 50ms "$id"
	wait_for grep -q stats "$background_out"
	try nacre exec "$id" /payload memhog 100000000
	is "$rc" 137 "exit code"
	wait_for grep -qx "{\"type\":\"oom\",\"id\":\"$id\"}" "$background_out"
	is "$(grep -c oom "$background_out")" 1 "number of events"
}

test_an_event_tells_of_the_death_of_the_container() {
	limited sleep 1 : memhog 100000000 || return
	create
	start
	in_background nacre_direct events "$id"
	wait "${background[0]}"
	is $? 0 "exit code"
	is "$(<"$background_out")" "{\"type\":\"oom\",\"id\":\"$id\"}"
	background=()
}

# One tool of an agent's does not take the others along; with nothing to lose, strict leaves no wreck.
test_under_strict_alone_all_of_the_container_dies() {
	limited memhog 100000000 || return
	with_busybox || return
	program /bin/sh -c '/payload memhog 100000000; echo it ended with $?'
	for profile in agent strict; do
		run_any
		if [[ $profile == agent ]]; then
			is "$out" "it ended with 137"
		else
			is "$rc $out" "137 " strict
		fi
	done
	run --allow single-oom-kill
	is "$out" "it ended with 137"
	nothing_left
}

all_tests "$@"
