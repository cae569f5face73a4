#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many containers at once, and containers that want everything.
. "$(dirname "$0")/lib.sh"

# Its whole life; what goes wrong stands in the file.
live_and_die() {
	LIMIT=400 nacre create --profile "$profile" --bundle "$b" "$1" >"$T/life.$1" 2>&1 </dev/null &&
		LIMIT=400 nacre start "$1" >>"$T/life.$1" 2>&1 &&
		[[ $(LIMIT=400 state_of .status "$1" 2>>"$T/life.$1") == running ]] &&
		LIMIT=400 nacre delete --force "$1" >>"$T/life.$1" 2>&1 || echo "failed with $?" >>"$T/life.$1"
}

test_two_hundred_at_once_leave_nothing() {
	local i
	bundle pause
	for ((i = 0; i < 200; i++)); do
		live_and_die "$id-$i" &
	done
	wait
	is "$(cat "$T"/life.*)" "" "what 800 commands had to say"
	rm -f "$T"/life.*
	nothing_left
}

# Milliseconds that a few commands outside take: a container is one of them.
outside() {
	local begin=${EPOCHREALTIME/./} i
	for ((i = 0; i < 10; i++)); do
		/bin/true || wrong "not even true can be run"
	done
	good nacre run --profile agent --bundle "$T/witness" "$id-witness-$1"
	echo $(((${EPOCHREALTIME/./} - begin) / 1000))
}

hog() {
	bundle "${@:2}"
	good nacre create --profile agent --bundle "$b" "$id-$1"
	good nacre start "$id-$1"
}

test_hogs_leave_the_host_responsive() {
	needs_controller pids && needs_controller memory && needs_controller cpu || return
	needs_plain_build "memory" || return
	local idle busy pids
	bundle true
	cp -a "$b" "$T/witness"
	idle=$(outside idle)
	hog fork bomb
	find_cgroup "$id-fork"
	pids=$cg/pids.events
	wait_for grep -q 'max [1-9]' "$pids"
	hog memory memhog 1000000000000
	hog cpu spin 600 64
	busy=$(outside busy)
	((busy < idle * 20)) || wrong "$busy ms beside the hogs, and $idle ms without"
	is "$(state_of .status "$id-fork")" running "the fork bomb"
	rm -rf "$T/witness"
}

all_tests "$@"
