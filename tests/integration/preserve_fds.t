#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_no_other_fd_reaches_the_program() {
	bundle fds
	run 7<"$T" 9</etc/passwd
	is "$(wc -l <<<"$out")" 3 "number of open files"
}

# The command that makes a container is given a directory of the host as fd 7, without O_CLOEXEC.
test_no_fd_of_the_caller_stays_in_init_after_create() {
	local pid
	needs_root || return # init is undumpable: its files are root's to see
	bundle fds
	create 7<"$T"
	pid=$(pid_of) || exit
	differs "$(find "/proc/$pid/fd" -type l)" "" "files of init"
	is "$(find "/proc/$pid/fd" -lname "$T")" "" "files of the caller in init"
	start
	wait_for status_is stopped
	is "$(wc -l <"$created_out")" 3 "number of open files"
}

# About to execute the program, it holds no file that leads to the fd of the caller.
closed_it() {
	local pid
	while read -r pid; do
		[[ $pid == "${first:-}" ]] && continue
		[[ $(readlink "/proc/$pid/exe") != /payload ]] || continue
		[[ -n $(find "/proc/$pid/fd" -type l) && -z $(find "/proc/$pid/fd" -lname "$T") ]] && return
	done < <(cat "$cg_mount"/*"$id"*/cgroup.procs)
	return 1
}

# held_up ARG...: nacre, whose init takes two seconds to execute the program
held_up() {
	in_background env "NACRE_TEST=$T" strace -f -qq -o "$T/out.trace" -e trace=execve \
		-e inject=execve:delay_enter=2000000 "$NACRE" --root "$ROOT" "$@"
}

test_no_fd_of_the_caller_stays_in_init_before_run_and_exec_execute_the_program() {
	local first=''
	needs_root && needs_strace || return
	bundle pause
	held_up run --profile oci --bundle "$b" "$id" 7<"$T"
	wait_for closed_it
	wait_for status_is running
	first=$(pid_of) || exit
	held_up exec "$id" /payload pause 7<"$T"
	wait_for closed_it
	good nacre delete --force "$id"
}

test_no_fd_of_the_caller_reaches_what_exec_starts() {
	bundle pause
	create
	start
	good nacre exec "$id" /payload fds 7<"$T" 9</etc/passwd
	is "$(wc -l <<<"$out")" 3 "number of open files"
}

test_preserved_fds_reach_it_by_the_same_number() {
	bundle cat /proc/self/fd/3 /proc/self/fd/4 : fds
	echo three >"$T/out.three"
	echo four >"$T/out.four"
	run --preserve-fds 2 3<"$T/out.three" 4<"$T/out.four" 5</etc/passwd
	has_line "$out" three
	has_line "$out" four
	is "$(grep -c ^fd <<<"$out")" 5 "number of open files"
}

test_they_survive_create_and_start() {
	bundle cat /proc/self/fd/3
	echo kept >"$T/out.three"
	create --preserve-fds 1 3<"$T/out.three"
	start
	wait_for status_is stopped
	is "$(<"$created_out")" kept
}

test_a_number_of_fds_that_are_not_open_is_refused() {
	bundle true
	run_refused "--preserve-fds: fd 4 is not open, and 2 were to be preserved" \
		--preserve-fds 2 3</etc/passwd
	run_refused 'run: --preserve-fds: expected a number *, found "x"*' --preserve-fds x
	run_refused 'run: --preserve-fds: expected a number *, found "-1"*' --preserve-fds=-1
}

test_activation_sockets_are_passed_on() {
	bundle env LISTEN_FDS LISTEN_PID : cat /proc/self/fd/3
	echo activated >"$T/out.three"
	# shellcheck disable=SC2016 # for the inner shell, whose pid nacre takes over
	good bash -c 'LISTEN_FDS=1 LISTEN_PID=$$ NACRE_TEST=$1 exec "$2" --root "$3" run \
		--profile oci --bundle "$4" "$5"' - "$T" "$NACRE" "$ROOT" "$b" "$id" 3<"$T/out.three"
	has_line "$out" LISTEN_FDS=1
	has_line "$out" LISTEN_PID=1
	has_line "$out" activated
}

test_activation_of_another_process_is_not() {
	bundle env LISTEN_FDS
	LISTEN_FDS=1 LISTEN_PID=1 run 3</etc/passwd
	is "$out" "LISTEN_FDS=(unset)"
}

all_tests "$@"
