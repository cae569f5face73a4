#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# State directories of other versions of nacre: an older one left them, or a newer one. The records of
# tests/data/records stand in for the own one of a container that is there.
. "$(dirname "$0")/lib.sh"
profile=agent
# whose containers those records are of
file_needs=needs_root

# running_as NAME [OPTION...]
running_as() {
	local name=$1
	shift
	bundle_of "$name"
	good nacre run --profile agent --detach --bundle "$b" "$@" "$id"
	put_record "$name"
}

created_as() {
	bundle_of "$1"
	good nacre create --profile agent --bundle "$b" "$id"
	put_record "$1"
	# the init that waits is this nacre's; upgrade.t has that of another
	record_filter '.startVersion = 5'
}

# Every command that works on a container which runs.
all_commands() {
	local pid cgroup
	pid=$(jq .pid "$ROOT/$id/record") cgroup=$cg_mount$(jq -r .cgroup "$ROOT/$id/record")
	good nacre state "$id"
	is "$(json .status)" running status
	is "$(json .pid)" "$pid" pid
	is "$(json .profile)" agent profile
	is "$(json .created)" "$(jq -r .created "$ROOT/$id/record")" created
	good nacre list --format json
	is "$(json '.[] | [.id, .status] | join(" ")')" "$id running" list
	is "$err" "" warnings
	good nacre ps --format json "$id"
	is "$(json 'tostring')" "[$pid]" ps
	good nacre exec "$id" /payload echo within
	is "$out" within exec
	good nacre events --stats "$id"
	is "$(json '.data.pids.current > 0 or .type == "stats"')" true events
	good nacre explain "$id"
	has "$out" "container $id, profile agent"
	echo '{"unified": {"cgroup.max.depth": "6"}}' >"$T/out.r"
	good nacre update -r "$T/out.r" "$id"
	is "$(<"$cgroup/cgroup.max.depth")" 6 "what update set"
	good nacre pause "$id"
	is "$(state_of .status)" paused status
	good nacre resume "$id"
	bad 1 "cannot delete container $id that is not stopped: running" nacre delete "$id"
	good nacre kill "$id" 0
	kill_now
	good nacre list --format json
	is "$(json '.[].status')" stopped list
	delete
	nothing_left
}

# one test a record, so that the one that fails is named
test_version_4_running() {
	running_as 4-running
	is "$(state_of '.annotations["org.example.agent"]')" 'a "quoted" ü value' annotation
	all_commands
	is "$(jq -r .event "$T/out.audit" | tr '\n' ' ')" "exec exit kill kill delete " "audit"
}

test_version_4_updated() {
	running_as 4-updated
	all_commands
}

test_version_5_running() {
	running_as 5-running
	is "$(state_of '.annotations["org.example.agent"]')" 'a "quoted" ü value' annotation
	all_commands
}

test_version_5_updated() {
	running_as 5-updated
	all_commands
}

# Without systemd: all but what that does. systemd.t has the rest.
with_unit() {
	bundle_of "$1"
	edit 'del(.linux.cgroupsPath)'
	good nacre run --profile agent --detach --bundle "$b" "$id"
	put_record "$1"
	is "$(state_of .status)" running status
	good nacre list --quiet
	is "$out" "$id" list
	good nacre exec "$id" /payload true
	good nacre ps "$id"
	kill_now
	# the cgroup is no unit's
	record_filter 'del(.unit, .active) | .conditions = ["cgroupfs"]'
	delete
	nothing_left
}

test_version_4_with_a_unit() {
	with_unit 4-systemd
}

test_version_5_with_a_unit() {
	with_unit 5-systemd
}

create_and_start() {
	created_as "$1"
	is "$(state_of .status)" created status
	good nacre list --format json
	is "$(json '.[].status')" created list
	good nacre exec "$id" /payload true
	start
	all_commands
}

test_version_4_created() {
	create_and_start 4-created
}

test_version_5_created() {
	create_and_start 5-created
}

test_a_created_one_of_version_4_is_deleted() {
	created_as 4-created
	delete
	nothing_left
}

# --- newer than this nacre ---

test_what_a_newer_version_adds_is_passed_over() {
	running_as 5-running
	record_filter '.version = 77 | .egress = {rules: [1, null]} | .conditions += ["of tomorrow"]
		| .grants += ["of-a-later-version"]'
	good nacre exec "$id" /payload true
	has "$err" '"of-a-later-version" is not a grant'
	good nacre state "$id"
	is "$(json .status)" running status
	good nacre list --quiet
	is "$out" "$id" list
	good nacre ps "$id"
	good nacre events --stats "$id"
	echo '{"unified": {"cgroup.max.depth": "6"}}' >"$T/out.r"
	good nacre update -r "$T/out.r" "$id"
	is "$(jq -c '[.version, .egress, .conditions[-1]]' "$ROOT/$id/record")" \
		'[77,{"rules":[1,null]},"of tomorrow"]' "the record after an update"
	kill_now
	delete
	has "$err" "condition \"of tomorrow\" of container \"$id\" is not known to this nacre"
	nothing_left
}

# still_created: and it can be started by whoever knows how
still_created() {
	is "$(state_of .status)" created status
	[[ -p $ROOT/$id/start ]] || wrong "the start pipe is gone"
	good nacre exec "$id" /payload true
	"$@"
	start
	is "$(state_of .status)" running status
}

test_a_condition_that_is_not_known_is_not_started() {
	created_as 5-created
	record_filter '.conditions += ["of tomorrow"]'
	bad 1 "cannot start container \"$id\": its condition \"of tomorrow\" is not known to this nacre: start it with the nacre that created it, or delete it" \
		nacre start "$id"
	still_created record_filter '.conditions -= ["of tomorrow"]'
}

test_an_init_of_another_version_is_not_started() {
	created_as 5-created
	record_filter '.startVersion = 99'
	bad 1 "cannot start container \"$id\": its init waits for version 99 of the start, and this nacre knows 4 and 5: start it with the nacre that created it, or delete it" \
		nacre start "$id"
	still_created record_filter '.startVersion = 5'
}

# Its init waits with all capabilities and no filter.
test_an_init_that_is_not_confined_is_left_alone() {
	created_as 5-created
	record_filter '.startVersion = 4'
	bad 255 "container \"$id\" was created by an older nacre and waits for its start, and until then its init has more rights than its program: start it first" \
		nacre exec "$id" /payload true
	record_filter '.startVersion = 5'
	good nacre exec "$id" /payload true
	delete
	nothing_left
}

test_a_created_one_that_cannot_be_started_is_killed_and_deleted() {
	created_as 5-created
	record_filter '.startVersion = 99 | .conditions += ["of tomorrow"]'
	kill_now
	delete
	nothing_left
}

test_one_that_is_not_known_is_not_checkpointed() {
	running_as 5-running
	record_filter '.conditions += ["of tomorrow"]'
	try nacre checkpoint --image-path "$T/out.images" "$id"
	differs "$rc" 0 status
	has "$err" 'has the condition "of tomorrow", which this nacre does not know'
	is "$(state_of .status)" running status
}

test_a_config_that_is_not_understood_is_deleted_by_force_alone() {
	running_as 5-running
	jq -c '.nacre.landlock = "of a later version"' <"$ROOT/$id/config.json" >"$T/out.config"
	cat "$T/out.config" >"$ROOT/$id/config.json"
	kill_now
	bad 1 "*nacre.landlock: *" nacre delete "$id"
	is "$(state_of .status)" stopped status
	good nacre delete --force "$id"
	has "$err" "poststop hooks and resctrl are left out: "
	nothing_left
}

test_a_mask_that_is_not_known_is_an_error() {
	running_as 4-running
	record_filter '.version = 3'
	bad 1 "*record: \"active\" is *: what that stands for is known of version 4 alone, and this is version 3; delete the container with --force" \
		nacre state "$id"
	good nacre delete --force "$id"
	nothing_left
}

# --- another boot ---

# The process is there, and is another's: it has pid, start time and cgroup of the record.
test_after_a_boot_the_pid_and_the_cgroup_are_anothers() {
	local pid cgroup
	running_as 5-running
	find_cgroup
	pid=$(pid_of) cgroup=$cg
	record_filter '.boot = "0"'
	is "$(state_of '[.status, .pid] | tostring')" '["stopped",0]' state
	good nacre list --format json
	is "$(json '.[0] | [.status, .pid] | tostring')" '["stopped",0]' list
	bad 1 "*container not running" nacre kill "$id" KILL
	bad 255 "*cannot exec in a stopped container" nacre exec "$id" /payload true
	try nacre kill --all "$id" KILL
	try nacre ps "$id"
	differs "$rc" 0 "ps"
	delete
	kill -0 "$pid" || wrong "another's process was killed"
	exists "$cgroup"
	kill -9 "$pid"
	wait_for rmdir "$cgroup"
}

test_after_a_boot_a_created_one_is_not_started() {
	local pid cgroup
	created_as 5-created
	find_cgroup
	pid=$(pid_of) cgroup=$cg
	record_filter '.boot = "0"'
	bad 1 "*cannot start a container that has stopped" nacre start "$id"
	good nacre delete --force "$id"
	kill -0 "$pid" || wrong "another's process was killed"
	kill -9 "$pid"
	wait_for rmdir "$cgroup"
}

test_after_a_boot_the_poststop_hooks_run() {
	local pid cgroup
	bundle pause
	edit '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat >\($f)"]}]' --arg f "$T/out.hook"
	good nacre run --profile agent --detach --bundle "$b" "$id"
	find_cgroup
	pid=$(pid_of) cgroup=$cg
	record_filter '.boot = "0"'
	delete
	has "$(<"$T/out.hook")" '"status":"stopped"'
	kill -9 "$pid"
	wait_for rmdir "$cgroup"
}

# In memory there is nothing to tell: state and boot end together.
test_the_boot_is_told_where_the_state_outlives_it() {
	local ROOT=$ROOT
	bundle pause
	for ROOT in "$T/out.root" "/dev/shm/it-$tag"; do
		good nacre run --detach --profile oci --bundle "$b" "$id"
		if [[ $(stat -f -c %T "$ROOT") == tmpfs ]]; then
			is "$(jq .boot "$ROOT/$id/record")" null "boot in $ROOT"
		else
			is "$(jq -r .boot "$ROOT/$id/record")" "$(</proc/sys/kernel/random/boot_id)" "boot in $ROOT"
		fi
		is "$(state_of .status)" running "status in $ROOT"
		good nacre delete --force "$id"
		rm -rf "$ROOT"
	done
}

# --- size ---

# annotations COUNT SIZE: so many, of that size
annotations() {
	edit '.annotations = (reduce range($n) as $i ({}; .["org.example.\($i)"] = ("\"" * ($size / 2))))' \
		--argjson n "$1" --argjson size "$2"
}

# Kubernetes allows 256 KiB; in JSON each of these characters is two bytes.
test_a_large_record_is_read() {
	bundle pause
	annotations 256 1024
	good nacre run --detach --profile oci --bundle "$b" "$id"
	(($(stat -c %s "$ROOT/$id/record") > 256 * 1024)) || wrong "the record is small"
	is "$(state_of '.annotations | length')" 256 annotations
	good nacre list --format json
	is "$(json '.[0].annotations | length')" 256 annotations
	kill_now
	delete
}

all_tests "$@"
