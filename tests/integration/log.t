#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_an_error_goes_to_the_log_and_to_stderr() {
	bad 1 "*container does not exist: $id" nacre --log "$T/out.log" state "$id"
	is "$(wc -l <"$T/out.log")" 1 "number of lines"
	has "$(<"$T/out.log")" "level=error msg=\"container does not exist: $id\""
}

test_an_error_goes_to_the_log_alone() {
	try nacre --log "$T/out.log" --log-only state "$id"
	is "$rc" 1 status
	is "$err" "" stderr
	has "$(<"$T/out.log")" "level=error msg=\"container does not exist: $id\""
}

test_the_json_log_is_a_stream_of_objects() {
	bad 1 "*container does not exist: $id" nacre --log "$T/out.log" --log-format json state "$id"
	is "$(jq -r .level "$T/out.log")" error level
	is "$(jq -r .msg "$T/out.log")" "container does not exist: $id" msg
	date -d "$(jq -r .time "$T/out.log")" >/dev/null || wrong "time" "$(<"$T/out.log")"
}

test_the_log_is_appended_to() {
	echo '{"level":"info","msg":"mine"}' >"$T/out.log"
	try nacre --log "$T/out.log" --log-format json state "$id"
	is "$(jq -s length "$T/out.log")" 2 "number of objects"
}

test_a_successful_command_leaves_the_log_empty() {
	bundle echo ran
	good nacre --log "$T/out.log" run --profile oci --bundle "$b" "$id"
	is "$out" ran
	is "$(<"$T/out.log")" ""
}

test_debug_names_every_step_with_its_microseconds() {
	local step
	bundle true
	good nacre --debug --log "$T/out.log" run --profile oci --bundle "$b" "$id"
	for step in "state directory" cgroup spawn mounts devices "pivot root" files; do
		grep -q "$step.*[0-9] us" "$T/out.log" || wrong "no line for: $step" "$(<"$T/out.log")"
	done
}

test_errors_of_init_are_those_of_the_command() {
	bundle pause
	mount_on /mnt /no/such/source bind bind
	bad 1 '*mounts\[7]: /no/such/source*: open the source: No such file or directory' \
		nacre --log "$T/out.log" --log-format json create --profile oci --bundle "$b" "$id"
	is "nacre: $(jq -r 'select(.level == "error").msg' "$T/out.log")" "$err" "log and stderr"
}

test_a_log_that_cannot_be_opened_is_an_error() {
	bad 1 "--log: open $T/none/log: No such file or directory" nacre --log "$T/none/log" list
}

test_bad_formats_and_levels_are_refused() {
	bad 1 '--log-format: expected text|json, found "xml"*' nacre --log-format xml list
	bad 1 '--log-level: expected *, found "loud"*' nacre --log-level loud list
}

test_control_characters_of_a_name_cannot_reach_the_terminal() {
	bundle true
	program $'\e[31mred\n"quoted"'
	try nacre run --profile oci --bundle "$b" "$id"
	is "$rc" 1 "exit code"
	lacks "$err" $'\e'
	is "$(wc -l <<<"$err")" 1 "number of lines"
	try nacre --log "$T/out.log" --log-format json run --profile oci --bundle "$b" "$id"
	has "$(jq -r .msg "$T/out.log")" '"quoted"'
}

all_tests "$@"
