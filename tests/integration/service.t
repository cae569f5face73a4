#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET: nacre as the command of a unit with Type=notify.
. "$(dirname "$0")/lib.sh"

manager() {
	export NOTIFY_SOCKET=$T/out.manager
	rm -f "$NOTIFY_SOCKET"
	in_background "$PEER" manager "$NOTIFY_SOCKET"
	told=$background_out
	wait_for test -S "$NOTIFY_SOCKET"
}

without_manager() {
	unset NOTIFY_SOCKET
}

test_start_returns_when_the_program_is_ready_and_tells_the_manager() {
	bundle sleep 0.3 : notify $'STATUS=up\nREADY=1\nMAINPID=1' : pause
	manager
	create
	is "$(<"$told")" "" "told by create"
	start
	without_manager
	is "$(<"$told")" "READY=1
MAINPID=$(pid_of)
received: BARRIER=1" "told"
	good nacre delete --force "$id"
	nothing_left
}

test_a_detached_run_does_so_too() {
	bundle notify READY=1 : pause
	manager
	good nacre run --detach --profile agent --bundle "$b" "$id"
	without_manager
	is "$(<"$told")" "READY=1
MAINPID=$(pid_of)
received: BARRIER=1" "told"
}

test_in_the_foreground_the_command_is_the_main_process() {
	bundle notify WATCHDOG=1 : notify READY=1 : sleep 1 : notify READY=1 : exit 3
	manager
	run_any
	without_manager
	is "$rc" 3 "exit code"
	is "$out" $'notify: ok\nnotify: ok\nnotify: ECONNREFUSED' "answers"
	is "$(sed 's/=[0-9][0-9]*$/=N/' "$told")" $'READY=N\nMAINPID=N' "told"
	nothing_left
}

# The last close of a connection may take as long as its sender wants (SO_LINGER), and the one that comes
# with a message is last closed by its reader.
test_a_message_with_a_file_that_is_slow_to_close_is_timed_out() {
	bundle notify_slowly X=1 : pause
	manager
	LIMIT=20 bad 124 "*timed out: killed after 2.000 s*" \
		nacre run --profile agent --bundle "$b" --timeout 2s "$id"
	without_manager
	is "$out" "notify: ok"
	nothing_left
}

test_a_program_that_ends_without_being_ready_is_not_waited_for() {
	bundle notify READY=10 : exit 4
	manager
	create
	start
	without_manager
	is "$(<"$told")" "" "told"
}

test_it_works_in_a_user_namespace_and_as_another_user() {
	bundle notify READY=1 : pause
	with_user_namespace
	edit '.process.user = {uid: 1000, gid: 1000}'
	manager
	good nacre run --detach --profile oci --bundle "$b" "$id"
	without_manager
	has "$(<"$told")" READY=1
}

test_an_exec_is_not_told_of_the_manager() {
	bundle pause
	manager
	create
	without_manager
	start
	try nacre exec "$id" /payload env NOTIFY_SOCKET
	lacks "$out" notify.sock
}

test_without_a_manager_there_is_no_socket() {
	local value
	for value in "" relative vsock:2:1; do
		bundle env NOTIFY_SOCKET : stat /run/notify
		NOTIFY_SOCKET=$value run_any
		lacks "$out" notify.sock
		has "$out" ENOENT
	done
}

test_a_manager_that_is_gone_is_an_error() {
	bundle notify READY=1 : pause
	export NOTIFY_SOCKET=$T/out.none
	create
	bad 1 "NOTIFY_SOCKET: connect to $T/out.none: No such file or directory" nacre start "$id"
	without_manager
	is "$(state_of .status)" running status
}

all_tests "$@"
