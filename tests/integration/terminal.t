#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# in_terminal COMMAND: on a new terminal of 24 by 80; its output is in $out, without carriage returns.
in_terminal() {
	((calls++))
	out_file=$T/out.$calls
	NACRE_TEST=$T timeout -k 5 60 "$PEER" pty 24 80 "$NACRE" --root "$ROOT" "$@" \
		<"${input:-/dev/null}" >"$out_file" 2>&1
	rc=$?
	out=$(tr -d '\r\0' <"$out_file")
}

with_terminal() {
	edit '.process.terminal = true'
}

test_run_gives_the_program_a_terminal_with_the_size_of_ours() {
	bundle tty : exit 6
	with_terminal
	in_terminal run --profile oci --bundle "$b" "$id"
	is "$rc" 6 "exit code"
	has_line "$out" "tty 0: /dev/pts/0"
	has_line "$out" "tty 2: /dev/pts/0"
	has_line "$out" "rows=24 columns=80"
	has_line "$out" "session leader: yes, foreground: yes"
}

# tcflow(3) stops it for all that write to the terminal, until it is let go on in the same way.
test_a_program_that_stops_the_output_of_our_terminal_is_timed_out() {
	bundle echo ready : stop_output : pause
	in_terminal run --profile oci --bundle "$b" --timeout 1s "$id"
	is "$rc" 124 "exit code"
	has_line "$out" ready
	has "$out" "container $id: timed out: killed after 1.000 s"
	nothing_left
}

# F33
test_what_was_refused_is_told_to_a_terminal() {
	needs_device_filter && needs_mknod || return
	bundle mknod /dev/mem c 1 1
	capabilities CAP_MKNOD
	in_terminal run --profile oci --bundle "$b" "$id"
	has "$out" "container $id, profile oci, refused:"
	has "$out" "opens of devices refused (config.json has to list the device: linux.devices)"
}

test_console_size_of_the_config_is_used_without_a_terminal_of_ours() {
	bundle tty
	with_terminal
	edit '.process.consoleSize = {height: 10, width: 20}'
	run
	has "$out" "rows=10 columns=20"
}

test_what_is_typed_reaches_the_program() {
	bundle readline : tty
	with_terminal
	printf 'typed\n' >"$T/out.input"
	input=$T/out.input in_terminal run --profile oci --bundle "$b" "$id"
	has_line "$out" "read: typed"
}

# What comes through a pipe ends; the terminal does not. Each reader has to be told all the same.
test_the_end_of_a_pipe_reaches_a_program_that_makes_its_terminal_raw_later() {
	bundle raw 0.2 : exit 4
	with_terminal
	LIMIT=20 try nacre run --profile oci --bundle "$b" "$id"
	is "$rc" 4 "exit code"
	has_line "$out" "byte 4"
}

test_the_end_of_a_pipe_reaches_one_reader_after_the_other() {
	bundle eof 1 : sleep 0.1 : eof 2 : exit 5
	with_terminal
	echo typed >"$T/out.input"
	input=$T/out.input LIMIT=20 try nacre run --profile oci --bundle "$b" "$id"
	is "$rc" 5 "exit code"
	has_line "$out" typed
}

test_a_shell_with_a_terminal_ends_with_its_script() {
	local i
	bundle true
	with_terminal
	with_busybox || return
	program /bin/sh
	edit '.process.env += ["PS1=> "]'
	printf 'echo $((41 + 1))\ncat\necho $((42 + 1))' >"$T/out.input"
	for i in 1 2 3 4 5; do
		input=$T/out.input LIMIT=20 try nacre run --profile oci --bundle "$b" "$id"
		is "$rc" 0 "exit code"
		has_line "$out" 42
	done
}

test_control_c_reaches_the_program_and_not_nacre() {
	bundle trap 2 21 : echo ready : pause
	with_terminal
	mkfifo "$T/out.keys"
	in_background_terminal run --profile oci --bundle "$b" "$id"
	exec 8>"$T/out.keys"
	wait_for grep -q ready "$background_out"
	printf '\003' >&8
	wait "${background[0]}"
	is $? 21 "exit code"
	exec 8>&-
	background=()
}

in_background_terminal() {
	((calls++))
	background_out=$T/out.$calls
	NACRE_TEST=$T "$PEER" pty 24 80 "$NACRE" --root "$ROOT" "$@" <"$T/out.keys" >"$background_out" 2>&1 &
	background+=($!)
}

test_a_new_window_size_is_passed_on() {
	bundle trap 28 0 : echo ready : readline : tty
	with_terminal
	edit '.process.args[2] = "23"'
	mkfifo "$T/out.keys"
	in_background_terminal run --profile oci --bundle "$b" "$id"
	exec 8>"$T/out.keys"
	wait_for grep -q ready "$background_out"
	kill -USR1 "${background[0]}"
	sleep 1
	echo >&8
	wait_for grep -q "rows=33 columns=101" "$background_out"
	exec 8>&-
	wait "${background[0]}"
	background=()
}

test_the_terminal_of_the_caller_is_restored() {
	needs_program stty || return
	bundle tty
	with_terminal
	((calls++))
	NACRE_TEST=$T timeout 60 "$PEER" pty 24 80 bash -c 'stty -a >"$1.before"
		"$2" --root "$3" run --profile oci --bundle "$4" "$5"; stty -a >"$1.after"' - \
		"$T/out.stty" "$NACRE" "$ROOT" "$b" "$id" </dev/null >"$T/out.$calls" 2>&1
	has "$(<"$T/out.$calls")" "rows=24 columns=80"
	is "$(<"$T/out.stty.after")" "$(<"$T/out.stty.before")" "settings"
}

test_a_lot_of_output_comes_through_whole() {
	bundle true
	with_terminal
	with_busybox || return
	program /bin/sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo $i; done'
	in_terminal run --profile oci --bundle "$b" "$id"
	is "$(tail -1 <<<"$out")" 20000 "last line"
	is "$(wc -l <<<"$out")" 20000 "number of lines"
}

# Who reads the output of create to its end must not wait for the program's.
test_create_keeps_nothing_of_its_caller_where_there_is_a_terminal() {
	bundle tty
	with_terminal
	in_background "$PEER" console "$T/out.socket"
	wait_for test -S "$T/out.socket"
	nacre create --profile oci --bundle "$b" --console-socket "$T/out.socket" "$id" </dev/null 2>&1 |
		timeout 60 cat
	is "${PIPESTATUS[*]}" "0 0" "exit codes"
	status_is created || wrong "not created"
	start
	wait_for grep -q "foreground: yes" "$background_out"
	wait_for status_is stopped
}

test_a_console_socket_gets_the_terminal() {
	bundle tty : readline
	with_terminal
	edit '.process.consoleSize = {height: 30, width: 90}'
	mkfifo "$T/out.keys"
	((calls++))
	background_out=$T/out.$calls
	"$PEER" console "$T/out.socket" <"$T/out.keys" >"$background_out" 2>&1 &
	background+=($!)
	exec 8>"$T/out.keys"
	wait_for test -S "$T/out.socket"
	create --console-socket "$T/out.socket"
	start
	wait_for grep -q "rows=30 columns=90" "$background_out"
	has "$(<"$background_out")" "received: /dev/pts/0"
	has "$(<"$background_out")" "foreground: yes"
	echo answer >&8
	wait_for grep -q "read: answer" "$background_out"
	wait_for status_is stopped
	exec 8>&-
}

test_exec_gets_a_terminal() {
	bundle pause
	create
	start
	in_terminal exec --tty "$id" /payload tty : exit 3
	is "$rc" 3 "exit code"
	has_line "$out" "tty 0: /dev/pts/0"
	has_line "$out" "rows=24 columns=80"
	has_line "$out" "session leader: yes, foreground: yes"
}

test_a_detached_exec_sends_its_terminal() {
	bundle pause
	create
	start
	in_background "$PEER" console "$T/out.socket"
	wait_for test -S "$T/out.socket"
	good nacre exec --tty --detach --console-socket "$T/out.socket" "$id" /payload tty
	wait_for grep -q "session leader: yes, foreground: yes" "$background_out"
}

test_dev_console_is_the_terminal() {
	bundle stat /dev/console /dev/pts/0 : write /dev/console "to the console"
	with_terminal
	run
	has "$out" "to the console"
	has "$out" "/dev/console: c 0620"
}

test_the_terminal_belongs_to_the_user() {
	bundle stat /dev/pts/0 : write /dev/tty mine
	with_terminal
	edit '.process.user = {uid: 1000, gid: 1000}'
	run
	has "$out" "/dev/pts/0: c 0620 1000:"
	has "$out" mine
}

test_a_terminal_works_in_a_user_namespace() {
	bundle tty
	with_terminal
	with_user_namespace
	run
	has "$out" "tty 0: /dev/pts/0"
}

test_create_with_a_terminal_needs_a_console_socket() {
	bundle tty
	with_terminal
	bad 1 "cannot allocate tty if runc will detach without setting console socket" \
		nacre create --profile oci --bundle "$b" "$id"
	bad 1 "cannot allocate tty if runc will detach without setting console socket" \
		nacre run --detach --profile oci --bundle "$b" "$id"
	nothing_left
}

test_a_console_socket_without_a_terminal_is_refused() {
	bundle true
	bad 1 "cannot use console socket if runc will not detach or allocate tty" \
		nacre create --profile oci --bundle "$b" --console-socket "$T/out.none" "$id"
	nothing_left
}

test_a_console_socket_that_is_not_there_is_an_error() {
	bundle true
	with_terminal
	bad 1 "*$T/out.none*No such file or directory" \
		nacre create --profile oci --bundle "$b" --console-socket "$T/out.none" "$id"
	nothing_left
}

test_a_console_socket_that_can_take_no_terminal_is_an_error() {
	bundle pause
	create
	start
	bundle true
	with_terminal
	mkfifo "$T/out.fifo"
	in_background "$PEER" manager "$T/out.datagrams"
	wait_for test -S "$T/out.datagrams"
	local socket why
	for socket in "$b/config.json" "$T/out.fifo" /dev/null "$T/out.datagrams"; do
		why="console socket: connect to $socket: Socket operation on non-socket"
		[[ $socket != *datagrams ]] || why="console socket: connect to $socket: Protocol wrong type for socket"
		bad 1 "$why" nacre create --profile oci --bundle "$b" --console-socket "$socket" "$id.2"
		bad 1 "$why" nacre run --detach --profile oci --bundle "$b" --console-socket "$socket" "$id.2"
		bad 255 "$why" nacre exec --tty --detach --console-socket "$socket" "$id" /payload true
		is "$(state_left)" "$ROOT/$id" "state"
	done
}

# The queue of the socket is full. connect(2) alone would wait for ever, and delete for the command.
test_nothing_waits_for_ever_for_a_socket_that_accepts_nobody() {
	local i plain why="connect to $T/out.socket: Connection timed out"
	bundle pause
	create
	start
	plain=$b
	bundle pause
	with_terminal
	in_background "$PEER" full "$T/out.socket"
	wait_for test -S "$T/out.socket"
	in_background nacre create --profile oci --bundle "$plain" --pidfd-socket "$T/out.socket" "$id.2"
	in_background nacre create --profile oci --bundle "$b" --console-socket "$T/out.socket" "$id.3"
	in_background nacre run --detach --profile oci --bundle "$b" --console-socket "$T/out.socket" "$id.4"
	in_background nacre exec --tty --detach --console-socket "$T/out.socket" "$id" /payload true
	for i in 1 2 3 4; do
		wait "${background[i]}"
		is "$?" "$((i < 4 ? 1 : 255))" "exit code of command $i"
	done
	is "$(for ((i = calls - 3; i <= calls; i++)); do cat "$T/out.$i"; done)" \
		"$(printf "nacre: %s socket: $why\n" pidfd console console console)" errors
	is "$(state_left)" "$ROOT/$id" "state"
}

# A screen wants both; in a file or a variable of a script the carriage return is in the way.
test_output_that_goes_to_no_terminal_has_plain_newlines() {
	bundle echo one : echo two
	with_terminal
	run
	is "$(od -c <<<"$out")" "$(printf 'one\ntwo\n' | od -c)" "output"
	bundle pause
	create
	start
	good nacre exec --tty "$id" /payload echo three
	is "$(od -c <<<"$out")" "$(echo three | od -c)" "output"
}

all_tests "$@"
