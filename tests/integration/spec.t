#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_spec_writes_a_config_that_runs() {
	bundle echo runs
	rm "$b/config.json"
	cd "$b" || return
	if [[ $who == user ]]; then
		good nacre --profile oci spec --rootless
	else
		good nacre spec
	fi
	cd / || return
	is "$out$err" "" output
	is "$(stat -c %a "$b/config.json")" 644 mode
	is "$(jq -r .ociVersion "$b/config.json")" 1.3.0 ociVersion
	program /payload echo runs
	edit '.process.terminal = false'
	run
	is "$out" runs
}

test_spec_gives_a_shell_on_a_terminal_and_all_namespaces() {
	mkdir "$T/b"
	good nacre spec --bundle "$T/b"
	b=$T/b
	is "$(jq -c '.process.args, .process.terminal, .root.readonly, .process.noNewPrivileges' \
		"$b/config.json" | tr '\n' ' ')" '["sh"] true true true ' "process and root"
	is "$(jq -r '[.linux.namespaces[].type] | sort | join(" ")' "$b/config.json")" \
		"cgroup ipc mount network pid uts" namespaces
}

test_spec_overwrites_nothing() {
	mkdir "$T/b"
	echo mine >"$T/b/config.json"
	bad 1 "file config.json exists. Remove it first" nacre spec --bundle "$T/b"
	is "$(<"$T/b/config.json")" mine "the file"
}

test_spec_takes_no_option_that_a_config_cannot_hold() {
	local option
	mkdir "$T/b"
	for option in allow require egress userns workspace; do
		bad 1 "spec: unknown option --$option: see nacre help spec" nacre spec --bundle "$T/b" "--$option" x
	done
	is "$(ls "$T/b")" "" "what was written"
}

test_spec_needs_a_directory() {
	bad 1 "bundle: open $T/none: No such file or directory" nacre spec --bundle "$T/none"
}

test_rootless_has_a_user_namespace() {
	mkdir "$T/b"
	good nacre spec --rootless --bundle "$T/b"
	is "$(jq -r '[.linux.namespaces[].type] | index("user") != null' "$T/b/config.json")" true
	is "$(jq -c '.linux.uidMappings' "$T/b/config.json")" \
		'[{"containerID":0,"hostID":'"$EUID"',"size":1}]' mappings
}

all_tests "$@"
