#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# audit FILTER [EVENT]: of the last line, or the last one of that event.
audit() {
	jq -rs --arg e "${2:-}" "map(select(\$e == \"\" or .event == \$e)) | last | $1" "$T/audit"
}

events() {
	jq -r .event "$T/audit" | tr '\n' ' '
}

fresh() {
	: >"$T/audit"
}

test_a_run_is_recorded_from_create_to_delete() {
	fresh
	bundle exit 3
	try nacre run --audit "$T/audit" --allow tmp-exec --bundle "$b" "$id"
	is "$rc" 3 "exit code"
	is "$(events)" "create start exit delete " events
	is "$(jq -s 'map(.version == 1 and .id == $i and .profile == "agent" and .uid == 0
		and (.time | test("^20[0-9-]*T[0-9:.]*Z$"))) | all' --arg i "$id" "$T/audit")" true members
	is "$(audit .configSha256 create)" "$(sha256sum <"$b/config.json" | cut -d' ' -f1)" digest
	is "$(audit '.grants[0] | .grant + " " + .by' create)" "tmp-exec command line" grants
	is "$(audit '.args | join(" ")' create)" "/payload exit 3" args
	is "$(audit .bundle create)" "$b" bundle
	is "$(audit .exitStatus exit)" 3 "exit status"
	is "$(audit '.cpuUsec > 0' exit)" true "CPU time"
	is "$(audit .pid create)" "$(audit .pid exit)" pid
	if grep -qw memory "$cg_mount/cgroup.controllers"; then
		is "$(audit '.memoryPeak > 0' exit)" true "peak memory"
	fi
}

test_every_command_on_a_container_is_recorded() {
	local pid
	fresh
	bundle pause
	create --audit "$T/audit"
	is "$(events)" "create " events
	start
	pid=$(pid_of)
	is "$(audit .pid)" "$pid" "pid of start"
	try nacre exec "$id" /payload exit 4
	is "$(audit '.args | join(" ")' exec)" "/payload exit 4" "args of exec"
	is "$(audit .exitStatus exit)" 4 "exit status of exec"
	is "$(audit .pid exec)" "$(audit .pid exit)" "pid of exec"
	good nacre kill "$id" TERM
	is "$(audit '[.event, .signal, .all // false] | map(tostring) | join(" ")')" "kill 15 false" kill
	good nacre kill --all "$id" KILL
	is "$(audit '[.event, .signal, .all] | map(tostring) | join(" ")')" "kill 9 true" kill
	wait_for status_is stopped
	delete
	is "$(events)" "create start exec exit kill kill delete " events
	is "$(audit '.cpuUsec > 0')" true "CPU time"
}

test_what_fails_is_recorded_with_its_error() {
	fresh
	bundle true
	program /no/such/program
	try nacre run --audit "$T/audit" --bundle "$b" "$id"
	is "$(events)" "create " events
	has "$(audit .error)" /no/such/program
	bundle pause
	fresh
	create --audit "$T/audit"
	try nacre exec "$id" /nothing
	is "$(audit .event)" exec event
	has "$(audit .error)" /nothing
}

test_a_line_is_json_whatever_the_program_is_called() {
	fresh
	bundle true
	program /payload echo $'a "b"\n\t\\\e[2J'
	good nacre run --audit "$T/audit" --bundle "$b" "$id"
	is "$(wc -l <"$T/audit")" 4 lines
	is "$(audit '.args[2]' create)" $'a "b"\n\t\\\e[2J' args
}

# What is recorded is what runs.
test_a_config_names_no_other_program() {
	bundle echo hidden
	edit '.nacre.program = "/payload" | .process.args[0] = "true"'
	run_refused "*: nacre.program: is not for a file: name the program in process.args\[0\]"
}

test_what_cannot_be_recorded_is_not_done() {
	bundle true
	bad 1 "audit file $T/no/audit: *" nacre run --audit "$T/no/audit" --bundle "$b" "$id"
	ln -s /dev/null "$T/link"
	bad 1 "audit file $T/link: *" nacre run --audit "$T/link" --bundle "$b" "$id"
	mkfifo "$T/fifo"
	bad 1 "audit file $T/fifo: *" nacre run --audit "$T/fifo" --bundle "$b" "$id"
	bad 1 "audit file /dev/full: not a regular file" nacre run --audit /dev/full --bundle "$b" "$id"
	nothing_left
}

# full COMMAND: the audit file is on a full disk, in a mount namespace of the command's own.
full() {
	NACRE_TEST=$T timeout -k 5 60 unshare -m --propagation private bash -c '
		mount -t tmpfs -o size=4k tmpfs "$0" && head -c 4096 /dev/zero >"$0/audit"
		exec "$@"' "$T/disk" "$NACRE" --root "$ROOT" "$@"
}

test_a_full_disk_takes_back_what_was_begun() {
	mkdir "$T/disk"
	bundle pause
	bad 1 "write to audit file $T/disk/audit: No space left on device" \
		full create --profile oci --audit "$T/disk/audit" --bundle "$b" "$id"
	nothing_left
	bad 1 "write to audit file $T/disk/audit: *" \
		full run --detach --profile oci --audit "$T/disk/audit" --bundle "$b" "$id"
	nothing_left
}

test_a_full_disk_takes_back_an_exec_and_what_it_started() {
	mkdir -p "$T/disk"
	bundle pause
	profile=agent create --audit "$T/disk/audit"
	start
	find_cgroup
	bad 255 "*write to audit file $T/disk/audit: No space left on device" \
		full exec "$id" /payload spawn 5 : pause
	is "$(find "$cg" -name 'exec-*')" "" "cgroups left"
	is "$(nacre ps -f json "$id" | jq length)" 1 processes
	is "$(state_of .status)" running status
	good nacre delete --force "$id"
	rm "$T/disk/audit"
}

test_a_refused_restore_is_recorded_with_what_it_would_relax() {
	fresh
	bundle true
	mkdir "$T/images"
	try nacre restore --audit "$T/audit" --allow tmp-exec --bundle "$b" --image-path "$T/images" "$id"
	is "$rc" 1 "exit status"
	is "$(audit '.grants[0] | .grant + " " + .by' restore)" "tmp-exec command line" grants
	is "$(audit '.args | join(" ")' restore)" "/payload true" args
	is "nacre: $(audit .error restore)" "${err##*$'\n'}" "the error"
}

test_the_policys_file_cannot_be_left_out() {
	rm -f "$T/audit"
	mkdir -p "$T/etc/nacre"
	printf '{"version": 1, "audit_file": "%s"}\n' "$T/audit" >"$T/etc/nacre/policy.json"
	bundle true
	good unshare -m --propagation private bash -c \
		'mount --bind "$0/etc" /etc && exec "$@"' "$T" "$NACRE" --root "$ROOT" \
		run --audit "$T/audit.2" --bundle "$b" "$id"
	is "$(events)" "create start exit delete " events
	cmp "$T/audit" "$T/audit.2" || wrong "the two files differ"
	is "$(stat -c %a "$T/audit")" 600 mode
}

# in_own_run COMMAND: with $T/run on /run
in_own_run() {
	NACRE_TEST=$T timeout 60 unshare -m --propagation private bash -c \
		'mount --bind "$0/run" /run && exec "$@"' "$T" "$@"
}

test_the_journal_can_have_the_record() {
	local said
	needs_mount || return
	mkdir -p "$T/run/systemd/journal"
	in_background "$PEER" manager "$T/run/systemd/journal/socket"
	said=$background_out
	wait_for test -S "$T/run/systemd/journal/socket"
	bundle call bpf
	try in_own_run "$NACRE" --root "$ROOT" run --profile agent --trace-denials --audit journal \
		--bundle "$b" "$id"
	end_background
	said=$(tr -d '\0' <"$said")
	is "$(sed -n '/^NACRE_EVENT$/,+1p' <<<"$said" | grep -aoE '[a-z]{4,}$' | sort | tr '\n' ' ')" \
		"create delete denied exit start " events
	has "$(grep -ao '{"version":1,.*"event":"denied".*}$' <<<"$said" | jq -r .syscall)" bpf
	has "$said" NACRE_SYSCALL
	rm -r "$T/run"
}

test_without_journald_nothing_runs() {
	needs_mount || return
	mkdir -p "$T/run"
	bundle true
	bad 1 'connect to /run/systemd/journal/socket (is systemd-journald running?): *' \
		in_own_run "$NACRE" --root "$ROOT" run --audit journal --bundle "$b" "$id"
	nothing_left
}

test_without_an_audit_file_the_record_names_none() {
	bundle pause
	create
	is "$(jq '[.audit, .configSha256]' -c "$ROOT/$id/record")" "[null,null]" record
}

# The workload must not write its own record.
test_no_fd_of_the_audit_file_gets_into_the_container() {
	bundle fds
	good nacre run --audit "$T/audit" --bundle "$b" "$id"
	has_line "$out" "fd 0 -> *"
	lacks "$out" audit
}

all_tests "$@"
