#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_explain_says_what_was_denied_and_what_nobody_counts() {
	bundle pause
	profile=agent create
	good nacre explain "$id"
	has_line "$out" "container $id, profile agent"
	has "$out" 'WHAT NOBODY COUNTS'
	has "$out" 'system calls '
	good nacre explain --format json "$id"
	is "$(json '[.id, .profile] | join(" ")')" "$id agent" "id and profile"
	is "$(json '.notCounted | length')" 3 "blind spots"
}

test_a_limit_that_this_host_cannot_enforce_is_named() {
	local pids=false
	bundle pause
	profile=agent create
	good nacre explain --format json "$id"
	[[ -e $cg_mount$(cgroup_of "$(state_of .pid)")/pids.max ]] || pids=true
	is "$(json '.notEnforced | index("pids.max") != null')" "$pids" "pids.max"
	profile=oci
	good nacre delete --force "$id"
	create
	good nacre explain --format json "$id"
	is "$(json '.notEnforced | length')" 0 "under oci"
}

test_refused_forks_are_counted() {
	needs_controller pids || return
	bundle pause
	edit '.linux.resources.pids.limit = 5'
	create
	start
	try nacre exec "$id" /payload forkbomb 20
	good nacre explain --format json "$id"
	is "$(json '.denied[] | select(.counter == "pids.events") | .count > 0')" true "refused forks"
}

test_no_container_cannot_be_explained() {
	bad 1 "container does not exist: $id" nacre explain "$id"
}

all_tests "$@"
