#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_features_is_json_and_nothing_else() {
	good nacre features
	is "$err" "" stderr
	is "$(json .ociVersionMin)" 1.0.0 "ociVersionMin"
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
	is "$(json '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" \
		"$(command -v criu >/dev/null && echo true || echo false)"
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

# seccomp_refused OBJECT WORD PLACE: with WORD as $w the object is refused at PLACE.
seccomp_refused() {
	cp "$T/out.config" "$b/config.json"
	edit ".linux.seccomp = $1" --arg w "$2"
	bad 1 "*linux.seccomp.$3: expected one of *\"none\"" nacre harden --profile oci --bundle "$b"
}

test_what_features_names_is_what_the_config_takes() {
	local word
	bundle true
	cp "$b/config.json" "$T/out.config"
	good nacre features
	features=$out
	for word in $(jq -r '.hooks[]' <<<"$features"); do
		cp "$T/out.config" "$b/config.json"
		edit '.hooks[$k] = [{path: "relative"}]' --arg k "$word"
		bad 1 "*hooks.$word\\[0].path:*" nacre harden --profile oci --bundle "$b"
	done
	for word in $(jq -r '.linux.namespaces[]' <<<"$features"); do
		cp "$T/out.config" "$b/config.json"
		edit 'del(.hostname) | .linux.namespaces = [{type: $t, path: "relative"}]' --arg t "$word"
		bad 1 "*linux.namespaces\\[0].path:*" nacre harden --profile oci --bundle "$b"
	done
	for word in $(jq -r '.linux.memoryPolicy.modes[]' <<<"$features"); do
		cp "$T/out.config" "$b/config.json"
		edit '.linux.memoryPolicy = {mode: $m, nodes: "0", flags: ["none"]}' --arg m "$word"
		bad 1 "*linux.memoryPolicy.flags*" nacre harden --profile oci --bundle "$b"
	done
	for word in $(jq -r '.linux.memoryPolicy.flags[]' <<<"$features"); do
		cp "$T/out.config" "$b/config.json"
		edit '.linux.memoryPolicy = {mode: "none", nodes: "0", flags: [$f]}' --arg f "$word"
		bad 1 "*linux.memoryPolicy.mode:*" nacre harden --profile oci --bundle "$b"
	done
	# Each word is followed by one that is none, at which the config is refused.
	for word in $(jq -r '.linux.seccomp.actions[]' <<<"$features"); do
		seccomp_refused '{defaultAction: $w, architectures: ["none"]}' "$word" 'architectures\[0\]'
	done
	for word in $(jq -r '.linux.seccomp.archs[]' <<<"$features"); do
		seccomp_refused '{defaultAction: "SCMP_ACT_ALLOW", architectures: [$w, "none"]}' "$word" \
			'architectures\[1\]'
	done
	for word in $(jq -r '.linux.seccomp.knownFlags[]' <<<"$features"); do
		seccomp_refused '{defaultAction: "SCMP_ACT_ALLOW", flags: [$w, "none"]}' "$word" 'flags\[1\]'
	done
	for word in $(jq -r '.linux.seccomp.operators[]' <<<"$features"); do
		seccomp_refused '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"],
			action: "SCMP_ACT_LOG", args: [{index: 0, value: 0, op: $w}, {index: 0, value: 0, op: "none"}]}]}' \
			"$word" 'syscalls\[0\].args\[1\].op'
	done
	is "$(jq '.linux.seccomp | map_values(if type == "array" then length > 3 else true end) | all' \
		<<<"$features")" true "lists of seccomp"
	is "$(jq -r '.potentiallyUnsafeConfigAnnotations | index("run.nacre.allow") != null' \
		<<<"$features")" true "unsafe annotations"
}

test_features_names_every_property_of_the_schema() {
	good nacre features
	is "$(json '.linux | keys | join(" ")')" "apparmor capabilities cgroup intelRdt memoryPolicy \
mountExtensions namespaces netDevices seccomp selinux"
	is "$(json 'keys | join(" ")')" "annotations hooks linux mountOptions ociVersionMax \
ociVersionMin potentiallyUnsafeConfigAnnotations"
}

test_a_driver_that_is_not_installed_is_no_feature() {
	mkdir "$T/out.libexec"
	good env NACRE_LIBEXECDIR="$T/out.libexec" "$NACRE" features
	is "$(json '.linux.cgroup.systemd, .linux.cgroup.systemdUser, .linux.netDevices.enabled' |
		sort -u)" false "what needs a program of its own"
	printf '#!/bin/sh\n' >"$T/out.libexec/nacre-systemd"
	chmod +x "$T/out.libexec/nacre-systemd"
	good env NACRE_LIBEXECDIR="$T/out.libexec" "$NACRE" features
	is "$(json .linux.cgroup.systemd)" true "the systemd driver"
}

test_version_has_the_lines_that_engines_parse() {
	good nacre --version
	has_line "$out" "nacre version [0-9]*"
	has_line "$out" "spec: 1.3.0"
	has_line "$out" "libseccomp: [2-9].[0-9]*"
	has_line "$out" "+*+SECCOMP *"
	is "$(grep -c version <<<"$out")" 1 "the lines that Docker takes for the version"
	is "$(sed -n 's/^commit: //p' <<<"$out" | grep -vxE '[0-9a-f]{40}(-dirty)?')" "" "a commit that is none"
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

# What the lists have is what the options take.
test_help_lists_profiles_rules_and_grants() {
	local word
	bundle true
	good nacre help profiles
	is "$(sed -n 's/^  \([^ ]*\).*/\1/p' <<<"$out" | xargs)" "oci nested agent strict" profiles
	good nacre help rules
	while read -r word; do
		[[ $who.$word != userns.user-namespace ]] || continue # root of the host alone has ids to give
		good nacre harden --profile strict --require "$word" --bundle "$b"
	done < <(sed -n 's/^  \([^ ]*\).*/\1/p' <<<"$out")
	is "$(nacre check --profile strict --format json | jq -r '.rules[].rule')" \
		"$(nacre help rules | sed -n 's/^  \([^ ]*\).*/\1/p')" rules
	good nacre help grants
	words=$(sed -n 's/^  \([^ ]*\)$/\1/p' <<<"$out")
	[[ $(wc -l <<<"$words") -gt 100 ]] || wrong "few grants" "$words"
	# shellcheck disable=SC2046 # a word each
	good nacre harden $(sed -E 's/^/--allow /; s,:(PATH|SOURCE|NODE)$,:/x,' <<<"$words") --bundle "$b"
	bad 1 '--allow: "cap:NET_RAW" is not a grant (did you mean cap:CAP_NET_RAW?); see nacre help grants' \
		nacre harden --allow cap:NET_RAW --bundle "$b"
	bad 1 '"landlok" is not a rule (did you mean landlock?); see nacre help rules' \
		nacre harden --require landlok --bundle "$b"
	bad 1 'unknown profile "agnet" (did you mean agent?); valid are oci, nested, agent and strict' \
		nacre harden --profile agnet --bundle "$b"
}

test_an_unknown_command_or_option_is_refused() {
	bad 1 'unknown command "no-such": see nacre help' nacre no-such
	bad 1 "create: unknown option --no-such: see nacre help create" nacre create --no-such "$id"
	bad 1 'unknown command "satrt" (did you mean start?): see nacre help' nacre satrt "$id"
	bad 1 'unknown command "satrt" (did you mean start?): see nacre help' nacre help satrt
	bad 1 'unknown command "grnats" (did you mean grants?): see nacre help' nacre help grnats
	bad 1 "update: unknown option --memoyr (did you mean --memory?): see nacre help update" \
		nacre update --memoyr 1g "$id"
	bad 1 "unknown option --profil (did you mean --profile?): see nacre help" nacre --profil oci list
	bad 1 "unknown option --no-such: see nacre help" nacre --no-such create "$id"
	bad 1 'create: too few arguments: expected "nacre create ID"' nacre create
	bad 1 'state: too many arguments: expected "nacre state ID"' nacre state a b
	bad 1 'exec: too few arguments:*' nacre exec
}

all_tests "$@"
