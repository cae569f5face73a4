#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Whatever ends nacre sandbox, what the program changed is still there: listed, shown, applied.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the other integration tests
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

store=$T/workspaces
places=(--workspaces "$store")

project() {
	home=$T/home-$id dir=$T/home-$id/project
	mkdir -p "$dir" "$T/said-$id"
	echo content >"$dir/file"
	sleep 0.02 # a clock tick, so that it is older than the copy
}

# sandbox ARGS: in the project, in place of this shell
sandbox() {
	cd "$dir" && HOME=$home nacre_direct sandbox --name "$id" "$@"
}

# What the program does: it says so by a file in a directory that it writes to at once, and waits.
changes='echo changed >file && echo new >new && : >"$0/said" && exec sleep 60'

has_said() {
	[[ -e $T/said-$id/said ]]
}

# What it changed can be reviewed.
changes_are_kept() {
	good nacre workspace list
	has "$out" "$id"
	good nacre workspace diff "$id"
	has_line "$out" "M  file"
	has_line "$out" "A  new"
	is "$(<"$dir/file")" content "before it is applied"
	good nacre workspace apply "$id"
	is "$(<"$dir/file") $(<"$dir/new")" "changed new" "after"
	good nacre workspace discard "$id"
	nothing_left
}

test_changes_outlive_nacre() {
	local pid program
	project
	(sandbox --write "$T/said-$id" -- sh -c "$changes" "$T/said-$id") &
	pid=$!
	wait_for has_said
	program=$(state_of .pid)
	kill -KILL "$pid"
	wait "$pid"
	wait_for has_ended "$program"
	good nacre delete --force "$id"
	changes_are_kept
}

test_changes_outlive_a_program_that_crashes() {
	project
	(sandbox -- sh -c 'echo changed >file; echo new >new; kill -SEGV $$') 2>"$T/err-$id"
	is "$?" 139 "the status"
	has "$(<"$T/err-$id")" "workspace of $id kept"
	changes_are_kept
}

test_changes_outlive_the_terminal() {
	local pid
	project
	(NACRE_TEST=$T exec "$PEER" pty 24 80 sh -c 'cd "$0" && HOME=$1 && shift && exec "$@"' "$dir" "$home" \
		"$NACRE" --root "$ROOT" "${places[@]}" sandbox --name "$id" --write "$T/said-$id" -- \
		sh -c "$changes" "$T/said-$id") </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_for has_said
	kill -KILL "$pid"
	wait "$pid"
	wait_for is_gone
	changes_are_kept
}

is_gone() {
	[[ ! -e $ROOT/$id ]]
}

test_changes_outlive_a_full_disk() {
	needs_root || return
	project
	mkdir "$store-full"
	mount -t tmpfs -o size=1m,mode=755 tmpfs "$store-full" || wrong mount
	places=(--workspaces "$store-full")
	(sandbox -- sh -c 'echo changed >file; echo new >new; ! head -c 2m /dev/zero >much && rm much
		i=0; while echo >"more$i"; do i=$((i + 1)); done' 2>"$T/err-$id")
	has "$(<"$T/err-$id")" "No space left"
	good nacre workspace list
	has "$out" "$id"
	good nacre workspace diff "$id"
	bad 1 "*No space left on device" nacre workspace apply "$id"
	is "$(<"$dir/file")" content "after an apply for which there is no room"
	mount -o remount,size=4m "$store-full" || wrong remount
	good nacre workspace apply "$id"
	is "$(<"$dir/file") $(<"$dir/new")" "changed new" "after"
	good nacre workspace discard "$id"
	umount "$store-full"
	nothing_left
}
all_tests "$@"
