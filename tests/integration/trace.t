#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# --trace-denials: what nacre's own filter refuses is told, and refused all the same.
traced() {
	: >"$T/audit"
	try nacre run --trace-denials --audit "$T/audit" --bundle "$b" "$@" "$id"
}

# denied FILTER: of the first refused call in the record.
denied() {
	jq -rs "map(select(.event == \"denied\")) | $1" "$T/audit"
}

test_a_refused_call_is_recorded_with_reason_and_grant() {
	local answer
	bundle call bpf
	try nacre run --bundle "$b" "$id"
	answer=$out
	traced
	is "$out" "$answer" "what the program sees"
	is "$(denied '.[0] | [.id, .syscall, .errno, .rule, .allowedBy] | join(" ")')" \
		"$id bpf EPERM own-seccomp-filter syscall:bpf" denial
	has "$(denied '.[0].reason')" CVE
	is "$(denied '.[0].command')" payload command
	is "$(denied '.[0].arguments | length')" 6 arguments
	is "$(denied '.[0].pid > 1')" true "pid on the host"
}

test_an_argument_that_is_refused_names_what_to_fill_in() {
	bundle socket 38
	traced
	is "$(denied '.[0] | [.syscall, .allowedBy, .arguments[0]] | join(" ")')" \
		"socket socket:AF_NAME 0x26" denial
}

test_allowed_calls_leave_no_line() {
	bundle call getgid : call getppid : true
	traced
	is "$rc" 0 "exit code"
	is "$(denied length)" 0 denials
	is "$(jq -r .event "$T/audit" | tr '\n' ' ')" "create start exit delete " events
}

test_every_process_of_the_container_is_traced() {
	bundle spawn 3 : call bpf
	traced
	is "$(denied 'length >= 1')" true denials
}

test_lines_are_limited_and_counted() {
	local i many=()
	for ((i = 0; i < 300; i++)); do many+=(call bpf :); done
	bundle "${many[@]}" true
	traced
	is "$(denied 'length < 300 and length >= 50')" true "lines are fewer than calls"
	is "$(grep -c EPERM <<<"$out")" 300 "refused calls"
}

test_the_filter_holds_when_nobody_answers() {
	bundle readline : call bpf : call userfaultfd
	mkfifo "$T/in"
	: >"$T/audit"
	nacre_direct run --trace-denials --audit "$T/audit" --bundle "$b" --keep "$id" \
		<>"$T/in" >"$T/said" 2>&1 &
	wait_for status_is running
	# Not by a signal that it would pass on.
	kill -9 $!
	wait $! 2>/dev/null
	echo go >"$T/in"
	wait_for grep -q userfaultfd "$T/said"
	lacks "$(cat "$T/said")" ': ok'
	rm "$T/in"
}

test_it_needs_the_foreground_a_filter_and_an_audit_file() {
	bundle true
	bad 1 'run: --trace-denials: nobody would answer with --detach' \
		nacre run --detach --trace-denials --audit "$T/audit" --bundle "$b" "$id"
	bad 1 '--trace-denials: needs --audit FILE*' nacre run --trace-denials --bundle "$b" "$id"
	bad 1 '--trace-denials: needs *' \
		nacre run --profile oci --trace-denials --audit "$T/audit" --bundle "$b" "$id"
	nothing_left
}

all_tests "$@"
