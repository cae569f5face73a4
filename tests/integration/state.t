#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_state_has_the_members_of_the_spec() {
	bundle pause
	edit '.annotations = {"org.example": "a \"quoted\" value"}'
	create
	good nacre state "$id"
	is "$(json .ociVersion)" 1.3.0 ociVersion
	is "$(json .id)" "$id" id
	is "$(json .status)" created status
	is "$(json .bundle)" "$b" bundle
	is "$(json .rootfs)" "$b/rootfs" rootfs
	is "$(json '.annotations["org.example"]')" 'a "quoted" value' annotation
	is "$(json '.pid | type')" number "type of pid"
	is "$(json '.owner | type')" string "type of owner"
	has "$(json .created)" T
	date -d "$(json .created)" >/dev/null || wrong "created is no time" "$out"
	[[ $(json .created) =~ \.[0-9]{9}Z$ ]] || wrong "created has no nanoseconds" "$out"
}

test_the_status_follows_the_life() {
	bundle pause
	create
	is "$(state_of .status)" created
	start
	is "$(state_of .status)" running
	good nacre pause "$id"
	is "$(state_of .status)" paused
	good nacre resume "$id"
	is "$(state_of .status)" running
	kill_now
	is "$(state_of .status)" stopped
	is "$(state_of .pid)" 0 "pid of a stopped container"
}

test_the_pid_is_that_of_the_program_on_the_host() {
	bundle pause
	create
	start
	is "$(tr '\0' ' ' <"/proc/$(pid_of)/cmdline")" "/payload pause " "command line of the pid"
}

test_state_names_the_profile() {
	bundle pause
	profile=agent create
	has "$(nacre state "$id")" agent
	is "$(state_of '.rules | join(" ")')" "$(jq -r '.rules | join(" ")' "$ROOT/$id/report.json")" rules
	has "$(state_of '.rules | join(" ")')" capability-ceiling
}

test_state_under_strict_has_the_rule_of_ids_where_it_holds() {
	local has_it='.rules | index("user-namespace") != null'
	needs_root || return
	profile=strict
	bundle pause
	create
	is "$(state_of "$has_it")" true "of one that has ids of its own"
	good nacre delete --force "$id"
	create --allow no-user-namespace
	is "$(state_of "$has_it")" false "with the grant"
	good nacre delete --force "$id"
	mount_on /w /sys/kernel/mm bind rbind ro
	create --allow mount:/sys/kernel/mm
	has "$err" "the container gets no user namespace with ids of its own"
	is "$(state_of "[($has_it), .firstId] | join(\" \")")" 'false ' "where it was left out"
	good nacre delete --force "$id"
}

test_state_under_oci_has_no_rules() {
	bundle pause
	create
	is "$(state_of '.rules')" null rules
}

test_state_of_no_container_is_an_error() {
	bad 1 "container does not exist: $id" nacre state "$id"
}

test_another_root_knows_nothing_of_it() {
	bundle pause
	create
	bad 1 "*container does not exist: $id" nacre --root "$T/out.root" state "$id"
}

test_a_root_that_is_a_slash_is_refused() {
	local why='*--root may not be "/"'
	[[ $who != userns ]] || why="*the state root / belongs to uid *"
	bad 1 "$why" nacre --root / state "$id"
}

# A later process with the same pid is another one: the record holds the start time as well.
test_a_reused_pid_counts_as_stopped() {
	bundle pause
	create
	start
	kill_now
	sleep 60 &
	background+=($!)
	sed -i "s/\"pid\": *[0-9]*/\"pid\":$!/" "$ROOT/$id/record"
	is "$(state_of .status)" stopped status
	# As of a nacre that did not look at the pidfd.
	record_filter 'del(.pidfdId)'
	is "$(state_of .status)" stopped "status by the start time"
	bad 1 "*container not running" nacre kill "$id" KILL
	kill -0 "$!" || wrong "another process was killed"
}

# To another time namespace /proc shows other start times.
test_another_time_namespace_sees_the_same_state() {
	unshare --time --boottime 86400 --fork true 2>/dev/null || { lacks_privilege "a new time namespace"; return; }
	bundle pause
	create
	start
	good unshare --time --boottime 86400 --fork "$NACRE" --root "$ROOT" state "$id"
	is "$(json .status)" running status
	record_filter 'del(.pidfdId)'
	good unshare --time --boottime 86400 --fork "$NACRE" --root "$ROOT" state "$id"
	is "$(json .status)" running "status by the start time"
}

# With few descriptors some question cannot be asked: that is no answer.
test_what_cannot_be_asked_is_an_error() {
	local files
	needs_program prlimit || return
	bundle pause
	create
	start
	for files in {4..16}; do
		try prlimit --nofile="$files:$files" "$NACRE" --root "$ROOT" state "$id"
		((rc)) || is "$(json .status)" running "status with $files descriptors"
		try prlimit --nofile="$files:$files" "$NACRE" --root "$ROOT" list --format json
		((rc)) || is "$(json '.[0].status')" running "list with $files descriptors"
		try prlimit --nofile="$files:$files" "$NACRE" --root "$ROOT" delete "$id"
		((rc)) || wrong "a running container was deleted with $files descriptors"
	done
	is "$(state_of .status)" running
}

# refused_with PATTERN: whatever is done with the container
refused_with() {
	bad 1 "$1" nacre state "$id"
	bad 1 "$1" nacre kill "$id" KILL
	bad 1 "$1" nacre delete "$id"
	bad 1 "$1" nacre delete --force "$id"
	bad 255 "$1" nacre exec "$id" /payload true
}

# What lies there is run: hooks, for one.
test_a_directory_of_somebody_else_is_refused() {
	needs_root "files are given away" || return
	bundle pause
	create
	chown 4321 "$ROOT/$id"
	refused_with "*the state directory of container \"$id\" belongs to uid 4321: uid 0 works on *"
	chown 0 "$ROOT/$id"
	chown 4321 "$ROOT"
	refused_with "*the state root $ROOT belongs to uid 4321: *; do this as its owner"
	bad 1 "*the state root $ROOT belongs to uid 4321: *" nacre list
	bad 1 "*the state root $ROOT belongs to uid 4321: *" nacre create --bundle "$b" "$id-2"
	chown 0 "$ROOT"
	is "$(state_of .status)" created
}

test_a_directory_that_others_write_to_is_refused() {
	local mode
	bundle pause
	create
	for mode in 0777 1777 0702 0707; do
		chmod "$mode" "$ROOT"
		refused_with "*the state root $ROOT has the mode $mode: *chmod ?*-w)"
		chmod 01700 "$ROOT"
	done
	for mode in 0720 0702; do
		chmod "$mode" "$ROOT/$id"
		refused_with "*the state directory of container \"$id\" has the mode $mode: *chmod go-w)"
		chmod 0700 "$ROOT/$id"
	done
	# A user may share a root with a group; root may not.
	chmod 0770 "$ROOT"
	if ((EUID)); then
		good nacre state "$id"
	else
		refused_with "*the state root $ROOT has the mode 0770: *"
	fi
	chmod 01700 "$ROOT"
	is "$(state_of .status)" created
}

all_tests "$@"
