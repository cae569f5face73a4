#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_every_limit_is_set() {
	bundle rlimits
	edit '.process.rlimits = [
		{type: "RLIMIT_AS", soft: 4000000000, hard: 5000000000},
		{type: "RLIMIT_CORE", soft: 0, hard: 4096},
		{type: "RLIMIT_CPU", soft: 100, hard: 200},
		{type: "RLIMIT_DATA", soft: 3000000000, hard: 3000000001},
		{type: "RLIMIT_FSIZE", soft: 1000000000, hard: 2000000000},
		{type: "RLIMIT_LOCKS", soft: 11, hard: 12},
		{type: "RLIMIT_MEMLOCK", soft: 4096, hard: 8192},
		{type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 2000},
		{type: "RLIMIT_NICE", soft: 0, hard: 0},
		{type: "RLIMIT_NOFILE", soft: 300, hard: 400},
		{type: "RLIMIT_NPROC", soft: 500, hard: 600},
		{type: "RLIMIT_RSS", soft: 700, hard: 800},
		{type: "RLIMIT_RTPRIO", soft: 0, hard: 0},
		{type: "RLIMIT_RTTIME", soft: 900, hard: 1000},
		{type: "RLIMIT_SIGPENDING", soft: 50, hard: 60},
		{type: "RLIMIT_STACK", soft: 1048576, hard: 2097152}]'
	run
	while read -r type soft hard; do
		has_line "$out" "$type $soft $hard"
	done < <(jq -r '.process.rlimits[] | "\(.type) \(.soft) \(.hard)"' "$b/config.json")
}

test_unlimited_is_the_largest_number() {
	local most=18446744073709551615
	bundle rlimits
	edit '.process.rlimits = []'
	# jq would round the numbers
	sed -i "s/\"rlimits\": \[\]/\"rlimits\": [{\"type\": \"RLIMIT_CPU\", \"soft\": $most, \"hard\": $most}]/" \
		"$b/config.json"
	run
	has_line "$out" "RLIMIT_CPU -1 -1"
}

test_a_duplicate_or_unknown_limit_is_refused() {
	bundle true
	edit '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1, hard: 1},
		{type: "RLIMIT_CPU", soft: 2, hard: 2}]'
	run_refused '*process.rlimits\[1].type: *RLIMIT_CPU*'
	edit '.process.rlimits = [{type: "RLIMIT_FOO", soft: 1, hard: 1}]'
	run_refused '*process.rlimits\[0].type: *RLIMIT_FOO*'
	edit '.process.rlimits = [{type: "RLIMIT_CPU", soft: 2, hard: 1}]'
	run_refused '*process.rlimits\[0].soft: *'
}

test_a_limit_above_the_hard_one_needs_the_capability() {
	bundle rlimits
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1048576, hard: 1048576}]'
	if (($(ulimit -Hn) >= 1048576)) || [[ $who == root ]] && (($(capability_mask) >> 24 & 1)); then
		run
		has_line "$out" "RLIMIT_NOFILE 1048576 1048576"
	else
		run_refused "*RLIMIT_NOFILE*1048576*Operation not permitted*"
	fi
}

test_limits_hold_in_a_user_namespace() {
	bundle rlimits
	with_user_namespace
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}]'
	run
	has_line "$out" "RLIMIT_NOFILE 77 88"
}

# As the pods of an engine that makes the namespace under other ids.
test_limits_are_lowered_in_a_user_namespace_of_another() {
	local without=(setpriv --bounding-set -sys_resource)
	foreign_user_namespace || return
	bundle rlimits
	edit '.linux.namespaces += [{type: "user", path: $p}]
		| .process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_NOFILE", soft: 77, hard: 88}]' \
		--arg p "$foreign"
	good "${without[@]}" "$NACRE" --root "$ROOT" run --profile "$profile" --bundle "$b" "$id"
	has_line "$out" "RLIMIT_CORE 0 0"
	has_line "$out" "RLIMIT_NOFILE 77 88"
	profile=agent
	edit 'del(.process.rlimits)'
	good "${without[@]}" "$NACRE" --root "$ROOT" run --profile "$profile" --bundle "$b" "$id"
	has_line "$out" "RLIMIT_CORE 0 0"
	edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 4000000, hard: 4000000}]'
	bad 1 "*process.rlimits\[0]: RLIMIT_NOFILE soft 4000000 *needs CAP_SYS_RESOURCE on the host*" \
		"${without[@]}" "$NACRE" --root "$ROOT" run --profile "$profile" --bundle "$b" "$id"
}

# Who has other ids is out of reach for the prlimit(2) of a root without CAP_SYS_RESOURCE.
test_an_exec_as_another_user_is_limited() {
	needs_root || return
	bundle pause
	edit '.process.rlimits = [{type: "RLIMIT_NPROC", soft: 500, hard: 600}, {type: "RLIMIT_NOFILE", soft: 77, hard: 88}]'
	create
	start
	good setpriv --bounding-set -sys_resource "$NACRE" --root "$ROOT" exec --user 1000:1000 "$id" /payload rlimits
	has_line "$out" "RLIMIT_NPROC 500 600"
	has_line "$out" "RLIMIT_NOFILE 77 88"
	good nacre exec --user 1000:1000 "$id" /payload rlimits
	has_line "$out" "RLIMIT_NPROC 500 600"
}

all_tests "$@"
