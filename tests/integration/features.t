#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_features_is_json_and_nothing_else() {
	good nacre features
	is "$err" "" stderr
	jq -e . <<<"$out" >/dev/null || wrong "no JSON" "$out"
}

test_features_names_what_engines_look_for() {
	good nacre features
	is "$(json .ociVersionMin)" 1.0.0
	is "$(json .ociVersionMax)" 1.3.0
	is "$(json '.linux.cgroup.v2')" true
	is "$(json '.linux.cgroup.v1')" false
	is "$(json '.linux.seccomp.enabled')" true
	is "$(json '.linux.mountExtensions.idmap.enabled')" true
	is "$(json '[.mountOptions | index("rro", "rbind", "tmpcopyup", "idmap") != null] | all')" true
	is "$(json '.hooks | sort | join(" ")')" \
		"createContainer createRuntime poststart poststop prestart startContainer"
	is "$(json '.linux.namespaces | sort | join(" ")')" \
		"cgroup ipc mount network pid time user uts"
	is "$(json '[.linux.capabilities | index("CAP_CHOWN", "CAP_CHECKPOINT_RESTORE") != null] | all')" \
		true
}

test_every_mount_option_that_features_names_is_taken() {
	local option
	bundle true
	nacre features | jq -r '.mountOptions[]' >"$T/out.options"
	[[ $(wc -l <"$T/out.options") -gt 50 ]] || wrong "few options" "$(<"$T/out.options")"
	while read -r option; do
		[[ $option == remount || $option == *idmap ]] && continue
		mkdir -p "$b/rootfs/mnt/$option"
		mount_on "/mnt/$option" "$T" bind bind "$option"
	done < <(grep -v tmpcopyup "$T/out.options")
	good nacre harden --profile oci --bundle "$b"
}

test_version_has_the_lines_that_engines_parse() {
	good nacre --version
	has_line "$out" "nacre version *"
	has_line "$out" "spec: 1.3.0"
	versions=$out
	good nacre version
	is "$out" "$versions"
}

test_help_names_every_command() {
	local command
	good nacre --help
	for command in create start run exec kill delete state list ps pause resume spec harden features; do
		has_line "$out" "  $command *"
		good nacre help "$command"
		has "$out" "usage: nacre $command"
		good nacre "$command" --help
		has "$out" "usage: nacre $command"
		good nacre --help
	done
}

test_an_unknown_command_or_option_is_refused() {
	bad 1 'unknown command "no-such": see nacre help' nacre no-such
	bad 1 "create: unknown option --no-such: see nacre help create" nacre create --no-such "$id"
	bad 1 "unknown option --no-such: see nacre help" nacre --no-such create "$id"
	bad 1 'create: too few arguments: expected "nacre create ID"' nacre create
	bad 1 'state: too many arguments: expected "nacre state ID"' nacre state a b
	bad 1 'exec: too few arguments:*' nacre exec
}

all_tests "$@"
