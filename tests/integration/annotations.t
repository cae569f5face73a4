#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Annotations of crun's that callers set.
. "$(dirname "$0")/lib.sh"

# annotate KEY VALUE
annotate() {
	edit '.annotations[$key] = $value' --arg key "$1" --arg value "$2"
}

# with_groups COMMAND...: as a caller with the groups 7 and 8
with_groups() {
	setpriv --groups 7,8 "$@"
}

nacre_with_groups() {
	NACRE_TEST=$T with_groups "$NACRE" --root "$ROOT" "$@"
}

test_keep_original_groups_keeps_those_of_the_caller() {
	needs_setgroups || return
	bundle status Groups
	edit '.process.user.additionalGids = [42]'
	good nacre_with_groups run --profile oci --bundle "$b" "$id"
	is "$(xargs <<<"${out#Groups:}")" 42 groups
	annotate run.oci.keep_original_groups 1
	good nacre_with_groups run --profile oci --bundle "$b" "$id"
	is "$(xargs <<<"${out#Groups:}")" "7 8" "groups that are kept"
	annotate run.oci.keep_original_groups 0
	good nacre_with_groups run --profile oci --bundle "$b" "$id"
	is "$(xargs <<<"${out#Groups:}")" 42 "groups with the value 0"
	annotate run.oci.keep_original_groups ""
	good nacre_with_groups run --profile oci --bundle "$b" "$id"
	is "$(xargs <<<"${out#Groups:}")" "7 8" "groups with an empty value"
}

test_keep_original_groups_holds_for_exec() {
	needs_setgroups || return
	bundle pause
	annotate run.oci.keep_original_groups 1
	good nacre_with_groups run --profile oci --bundle "$b" --detach "$id"
	good nacre_with_groups exec "$id" /payload status Groups
	is "$(xargs <<<"${out#Groups:}")" "7 8" groups
}

# hook KIND TEXT
hook() {
	edit '.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", "echo " + $text + "; echo E-" + $text + " >&2"]}]' \
		--arg kind "$1" --arg text "$2"
}

test_output_of_all_hooks_goes_to_the_files() {
	local kind
	bundle true
	with_busybox || return
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		hook "$kind" "$kind"
	done
	annotate run.oci.hooks.stdout "$T/out.stdout"
	annotate run.oci.hooks.stderr "$T/out.stderr"
	create
	start
	wait_for status_is stopped
	delete
	is "$(xargs <"$T/out.stdout")" \
		"prestart createRuntime createContainer startContainer poststart poststop" stdout
	is "$(xargs <"$T/out.stderr")" \
		"E-prestart E-createRuntime E-createContainer E-startContainer E-poststart E-poststop" stderr
	is "$(stat -c %a "$T/out.stdout")" 600 mode
}

test_a_file_that_cannot_be_opened_is_an_error() {
	bundle true
	hook createRuntime x
	annotate run.oci.hooks.stdout /no/such/file
	run_refused "hook output: output of hooks: open /no/such/file: No such file or directory"
	annotate run.oci.hooks.stdout relative
	run_refused "*annotations.run.oci.hooks.stdout: \"relative\" is not an absolute path"
	annotate run.oci.hooks.stdout ""
	run_refused "*annotations.run.oci.hooks.stdout: \"\" is not an absolute path"
}

test_the_receiver_stands_in_for_a_listener_path() {
	bundle call getcpu
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["getcpu"], action: "SCMP_ACT_NOTIFY"}]}'
	run_refused "*SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath"
	annotate run.oci.seccomp.receiver "$T/out.socket"
	in_background "$PEER" notify "$T/out.socket" 42
	wait_for test -S "$T/out.socket"
	run_any
	is "$out" "getcpu: ENOMSG"
}

test_the_process_is_in_the_delegated_cgroup() {
	local path
	bundle pause
	annotate run.oci.delegate-cgroup inner
	create
	path=$(cgroup_of "$(pid_of)")
	is "${path##*/}" inner cgroup
	exists "$cg_mount$path"
	start
	good nacre exec "$id" /payload cat /proc/self/cgroup
	good nacre exec "$id" /payload true
	good nacre delete --force "$id"
	absent "$cg_mount${path%/inner}"
}

test_inside_the_cgroup_namespace_the_delegated_one_is_below_the_root() {
	bundle cat /proc/self/cgroup
	annotate run.oci.delegate-cgroup inner
	run
	has_line "$out" "0::/inner"
	annotate run.oci.delegate-cgroup ../outer
	run_refused "*annotations.run.oci.delegate-cgroup: expected the name of a cgroup, *, found \"../outer\""
}

test_the_default_profile_takes_nothing_of_the_host_from_an_annotation() {
	needs_setgroups || return
	profile=agent
	bundle status Groups
	hook createRuntime x
	annotate run.oci.keep_original_groups 1
	annotate run.oci.hooks.stdout "$T/out.stdout"
	annotate run.oci.hooks.stderr "$T/out.stderr"
	annotate run.oci.delegate-cgroup inner
	good nacre_with_groups run --bundle "$b" "$id"
	is "$(tail -1 <<<"$out" | xargs)" "Groups:" groups
	absent "$T/out.stdout"
	absent "$T/out.stderr"
	good nacre harden --bundle "$b"
	has "$out" run.oci.keep_original_groups
	has "$out" run.oci.hooks.stdout
	lacks "$out" delegate-cgroup
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["getcpu"], action: "SCMP_ACT_NOTIFY"}]}'
	annotate run.oci.seccomp.receiver "$T/out.socket"
	run_refused "profile agent, rule annotations: the profile does not accept the annotation run.oci.seccomp.receiver; *"
}

test_an_unknown_system_call_is_an_error_if_asked_for() {
	bundle true
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
	run
	has "$err" no_such_call
	annotate run.oci.seccomp_fail_unknown_syscall 0
	run
	annotate run.oci.seccomp_fail_unknown_syscall ""
	run_refused '*annotation run.oci.seccomp_fail_unknown_syscall: linux.seccomp: libseccomp * leaves out: no_such_call'
	edit '.linux.seccomp.syscalls[0].names = ["mkdir"]'
	run
}

all_tests "$@"
