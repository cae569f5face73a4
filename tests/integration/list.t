#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# As state and list name who made it.
owner() {
	((EUID)) && echo "$EUID" || echo root
}

test_an_empty_list_has_a_header() {
	mkdir -p "$ROOT"
	good nacre list
	is "$out" "ID          PID         STATUS      BUNDLE      CREATED     OWNER"
	good nacre list --format json
	[[ $out == null || $out == "[]" ]] || wrong "not an empty array" "$out"
	good nacre list -q
	is "$out" ""
}

test_the_table_shows_each_container() {
	bundle pause
	create
	good nacre list
	has_line "$out" "ID *PID *STATUS *BUNDLE *CREATED *OWNER"
	has_line "$out" "$id *$(pid_of) *created *$b *$(owner)"
}

test_json_is_one_line_with_keys_in_the_usual_order() {
	bundle pause
	create
	good nacre list --format json
	is "$(wc -l <<<"$out")" 1 "number of lines"
	is "$(json '.[0] | keys_unsorted | .[0:7] | join(" ")')" \
		"ociVersion id pid status bundle rootfs created" keys
	is "$(json '.[0].owner')" "$(owner)" owner
}

test_quiet_prints_the_ids() {
	bundle pause
	good nacre create --profile oci -b "$b" "$id-b"
	good nacre create --profile oci -b "$b" "$id-a"
	good nacre list --quiet
	is "$out" "$id-a"$'\n'"$id-b"
	good nacre list -q -f json
	is "$out" "$id-a"$'\n'"$id-b"
}

test_stopped_containers_are_listed_with_pid_0() {
	bundle true
	create
	start
	wait_for status_is stopped
	good nacre list
	has_line "$out" "$id *0 *stopped *"
}

test_an_unknown_format_is_refused() {
	bad 1 'list: --format: expected table|json, found "xml": see nacre help list' \
		nacre list --format xml
}

test_a_container_that_is_being_made_does_not_disturb() {
	bundle pause
	edit '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "1"]}]'
	in_background nacre create --profile oci --bundle "$b" "$id"
	wait_for test -e "$ROOT/$id"
	good nacre list -f json
	is "$(json '.[0].status')" creating status
	wait "${background[0]}"
	background=()
}

# Before it has a record, its lock is all that is known of it: also whose it is.
test_of_a_creation_the_owner_is_known() {
	needs_root "a file is given away" || return
	mkdir -p "$ROOT/$id"
	install -m 600 -o 4321 /dev/null "$ROOT/$id/lock"
	good nacre list -f json
	is "$(json '.[0] | .status + " " + .owner')" "creating 4321" "status and owner"
	good nacre delete --force "$id"
}

# More than one thread lists at a time: records of one container, as if there were so many.
test_many_are_listed_by_id_and_a_broken_record_is_a_warning() {
	local i
	bundle pause
	create
	for i in {100..399}; do
		mkdir "$ROOT/x$i"
		sed "s/\"$id\"/\"x$i\"/" "$ROOT/$id/record" >"$ROOT/x$i/record"
	done
	for i in x101 x398; do
		echo '{' >"$ROOT/$i/record"
	done
	mkdir "$ROOT/x400" # of nobody
	good nacre list -q
	is "$(grep '^x' <<<"$out")" "$(printf 'x%s\n' {100..399})" "ids, no state of which is read"
	is "$err" "" "what is said of them"
	good nacre list
	is "$(sed -n 's/^\(x[0-9]*\) .*/\1/p' <<<"$out")" "$(printf 'x%s\n' 100 {102..397} 399)" ids
	has "$err" 'container "x101"'
	has "$err" 'container "x398"'
	good nacre list -f json
	is "$(json 'length')" 299 "states"
	is "$(json '[.[].pid] | unique | length')" 1 "pids"
	rm -r "$ROOT"/x???
}

test_a_root_that_is_not_there_is_a_mistake() {
	bad 1 "open the state root $T/none: No such file or directory" "$NACRE" --root "$T/none" list
	absent "$T/none"
}

# A list without them would say that they are gone.
test_a_directory_that_cannot_be_read_is_an_error() {
	needs_strace || return
	local number
	bundle pause
	create
	for number in 1 2; do
		try strace -qq -o "$T/out.trace" -e trace=getdents64 \
			-e "inject=getdents64:error=EIO:when=$number" "$NACRE" --root "$ROOT" list --quiet
		grep -q INJECTED "$T/out.trace" || wrong "no call $number of getdents64"
		is "$rc" 1 "exit code"
		has "$err" "read the state root: Input/output error"
	done
}

all_tests "$@"
