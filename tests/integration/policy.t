#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"
file_needs=needs_unshare

annotate() {
	edit '.annotations[$k] = $v' --arg k "$1" --arg v "$2"
}

profile_of() {
	good under_policy harden --format json --bundle "$b" "$@"
	json .profile
}

test_the_policy_names_the_default_profile() {
	bundle true
	policy '{"version": 1, "default_profile": "strict"}'
	is "$(profile_of)" strict
	is "$(profile_of --profile agent)" agent
	policy '{"version": 1}'
	is "$(profile_of)" agent
	rm "$T/etc/nacre/policy.json"
	is "$(profile_of)" agent
	rmdir "$T/etc/nacre"
	is "$(profile_of)" agent
}

test_the_policy_of_the_manual_is_taken() {
	bundle true
	policy "$(awk '/^\.Bd / { inside = 1; next } /^\.Ed/ { exit } inside' "$page")"
	is "$(profile_of)" strict
	good under_policy harden --format json --bundle "$b" --profile agent
	is "$(json '[.profile] + [.grants[].grant] + .required | join(" ")')" "agent tmp-exec resources"
	good under_policy harden --format config --bundle "$b" --profile agent
	is "$(json '.nacre.egress | join(" ")')" registry.npmjs.org:443
	bad 1 '--allow rootfs-write: the grant is not listed in grants.allowed of /etc/nacre/policy.json' \
		under_policy harden --allow rootfs-write --bundle "$b"
}

test_the_policy_of_the_readme_is_taken() {
	bundle true
	policy "$(awk '/^```json$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$tests/../README.md")"
	good under_policy harden --allow tmp-exec --bundle "$b"
	bad 1 '*not listed in grants.allowed*' under_policy harden --allow rootfs-write --bundle "$b"
	bad 1 '*no profile that is looser than agent' under_policy harden --profile oci --bundle "$b"
}

test_a_profile_below_the_least_one_is_refused_by_option_and_by_name() {
	bundle true
	policy '{"version": 1, "least_profile": "agent"}'
	bad 1 'profile oci: /etc/nacre/policy.json allows no profile that is looser than agent' \
		under_policy run --profile oci --bundle "$b" "$id"
	ln -s "$NACRE" "$b/nacre-oci"
	NACRE=$b/nacre-oci bad 1 'profile oci: /etc/nacre/policy.json allows *' \
		under_policy run --bundle "$b" "$id"
	nothing_left
	good under_policy run --profile strict --bundle "$b" "$id"
}

test_what_the_policy_grants_is_granted_and_reported() {
	bundle status CapBnd
	capabilities CAP_NET_RAW CAP_CHOWN
	policy '{"version": 1, "grants": {"given": ["cap:CAP_NET_RAW"], "allowed": []}}'
	good under_policy run --bundle "$b" "$id"
	is "$out" "CapBnd:	$(printf %016x $((1 | 1 << 13)))"
	good under_policy harden --format json --bundle "$b"
	is "$(json '.grants[0] | [.grant, .by, .used | tostring] | join(" ")')" \
		"cap:CAP_NET_RAW policy true" grants
	bad 1 '--allow rootfs-write: the grant is not listed in grants.allowed of /etc/nacre/policy.json' \
		under_policy run --allow rootfs-write --bundle "$b" "$id"
}

test_an_annotation_may_tighten_and_is_held_by_the_policy() {
	bundle status CapBnd
	capabilities CAP_NET_RAW CAP_CHOWN
	annotate run.nacre.profile strict
	good nacre run --bundle "$b" "$id"
	is "$out" "CapBnd:	0000000000000000"
	annotate run.nacre.profile oci
	bad 1 'annotation run.nacre.profile: oci is looser than agent: *' \
		nacre run --bundle "$b" "$id"
	annotate run.nacre.profile agent
	annotate run.nacre.allow cap:CAP_NET_RAW
	bad 1 'annotation run.nacre.allow: cap:CAP_NET_RAW: the grant is not listed in *' \
		nacre run --bundle "$b" "$id"
	# The command line's own grant makes the annotation no better.
	bad 1 'annotation run.nacre.allow: *' \
		nacre run --allow cap:CAP_NET_RAW --bundle "$b" "$id"
	policy '{"version": 1, "annotations": {"may_allow": ["cap:CAP_NET_RAW"]}}'
	good under_policy run --bundle "$b" "$id"
	is "$out" "CapBnd:	$(printf %016x $((1 | 1 << 13)))"
	annotate run.nacre.allow 'cap:CAP_NET_RAW cap:CAP_SYS_ADMIN'
	bad 1 'annotation run.nacre.allow: cap:CAP_SYS_ADMIN: *' \
		under_policy run --bundle "$b" "$id"
	nothing_left
}

test_a_misspelt_annotation_is_an_error_under_every_profile() {
	bundle true
	annotate run.nacre.profil strict
	bad 1 'annotation "run.nacre.profil": nacre does not know this key; valid are *' nacre run --profile oci --bundle "$b" "$id"
	nothing_left
}

# Whatever in the config looks as if it came from nacre.
test_the_config_cannot_speak_for_the_profile() {
	bundle status CapBnd NoNewPrivs
	capabilities CAP_SYS_ADMIN CAP_CHOWN
	edit '.nacre = {rootNosuid: false, notHost: [], bestEffort: ["pids"]} | .profile = "oci"
		| .process.noNewPrivileges = false | .process.profile = "oci" | .linux.profile = "oci"
		| .annotations = {"nacre.profile": "oci", "run.oci.profile": "oci", "allow": "all"}'
	good nacre run --bundle "$b" "$id"
	has_line "$out" 'CapBnd:?0000000000000001'
	has_line "$out" 'NoNewPrivs:?1'
	edit '.nacre.bestEffort = ["everything"]'
	bad 1 '*nacre.bestEffort\[0\]: expected one of *' nacre run --bundle "$b" "$id"
}

# What engines and other runtimes loosen by, and what looks like nacre's own key and is not.
test_the_policy_says_how_large_tmp_is() {
	bundle cat /proc/self/mountinfo
	policy '{"version": 1, "tmp_bytes": 8388608}'
	good under_policy run --bundle "$b" "$id"
	has "$(grep " /tmp " <<<"$out")" "size=8192k"
}

test_no_annotation_of_others_changes_what_is_run() {
	local plain key value all='{}'
	bundle status CapBnd NoNewPrivs Seccomp_filters
	capabilities CAP_SYS_ADMIN CAP_CHOWN
	good nacre harden --format config --bundle "$b"
	plain=$(json 'del(.annotations)')
	while read -r key value; do
		all=$(jq --arg k "${key/#_/ }" --arg v "$value" '.[$k] = $v' <<<"$all")
	done <<-'END'
		RUN.NACRE.ALLOW cap:CAP_SYS_ADMIN
		_run.nacre.allow cap:CAP_SYS_ADMIN
		run.nacre cap:CAP_SYS_ADMIN
		nacre.allow cap:CAP_SYS_ADMIN
		nacre.seccompFilter none
		run.oci.handler krun
		run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup
		run.oci.mount_context_type rootcontext
		run.oci.pidfd_receiver /tmp/x
		run.oci.seccomp_bpf_file /tmp/x
		run.oci.seccomp.plugins /tmp/x
		org.opencontainers.runc.privileged true
		io.podman.annotations.privileged TRUE
		io.podman.annotations.seccomp unconfined
		io.podman.annotations.label disable
		io.kubernetes.cri-o.Devices /dev/kmsg
		io.kubernetes.cri-o.userns-mode auto
		io.kubernetes.cri-o.TrustedSandbox true
		io.containerd.cri.runtime-handler oci
		io.kubernetes.cri.untrusted-workload false
		com.docker.security.privileged true
		security.privileged true
		profile oci
	END
	edit '.annotations = $all' --argjson all "$all"
	good nacre harden --format config --bundle "$b"
	is "$(json '.annotations | length')" 23 "annotations kept"
	is "$(json 'del(.annotations)')" "$plain" "the config that results"
	good nacre run --bundle "$b" "$id"
	has_line "$out" 'CapBnd:?0000000000000001'
	has_line "$out" 'NoNewPrivs:?1'
	has_line "$out" 'Seccomp_filters:?1'
	nothing_left
}

test_exec_has_the_grants_that_create_had() {
	bundle pause
	capabilities CAP_NET_RAW CAP_SYS_ADMIN CAP_CHOWN
	annotate run.nacre.allow cap:CAP_NET_RAW
	policy '{"version": 1, "annotations": {"may_allow": ["cap:CAP_NET_RAW"]}}'
	good under_policy create --bundle "$b" "$id"
	start
	good nacre exec --cap CAP_BPF "$id" /payload status CapBnd
	is "$out" "CapBnd:	$(printf %016x $((1 | 1 << 13)))"
}

test_a_wrong_policy_file_lets_nothing_run() {
	local path=/etc/nacre/policy.json file=$T/etc/nacre/policy.json
	bundle true
	policy '{"version": 1, "defualt_profile": "strict"}'
	bad 1 "$path:1: defualt_profile: is not known; valid are *" \
		under_policy run --profile oci --bundle "$b" "$id"
	policy '{"version": 1'
	bad 1 "$path:*" under_policy run --bundle "$b" "$id"
	policy '{"version": 1}'
	chown 1234 "$file"
	bad 1 "$path: belongs to user 1234: nothing runs until it is root's (chown 0)" \
		under_policy run --bundle "$b" "$id"
	chown 0 "$file"
	chmod 664 "$file"
	bad 1 "$path: others than root may write it: *" under_policy run --bundle "$b" "$id"
	chmod 606 "$file"
	bad 1 "$path: others than root may write it: *" under_policy harden --bundle "$b"
	chmod 644 "$file"
	mv "$file" "$file.real"
	ln -s policy.json.real "$file"
	bad 1 "$path: nothing runs until it can be read: *" under_policy run --bundle "$b" "$id"
	rm "$file"
	mkfifo "$file"
	bad 1 "$path: is not a regular file: *" under_policy run --bundle "$b" "$id"
	rm "$file"
	mkdir "$file"
	bad 1 "$path: is not a regular file: *" under_policy run --bundle "$b" "$id"
	rmdir "$file"
	chmod 777 "$T/etc/nacre"
	bad 1 "/etc/nacre: others than root may write it: *" under_policy run --bundle "$b" "$id"
	chmod 755 "$T/etc/nacre"
	nothing_left
	good under_policy run --bundle "$b" "$id"
}

# A limit that only the profile adds is left out on a host without the controller, unless required.
test_a_required_rule_is_enforced_whole_or_nothing_runs() {
	bundle true
	profile=agent
	if grep -qw pids "$cg_mount/cgroup.controllers"; then
		run --require resources
	else
		run
		has "$err" 'left out: '
		run_refused '*rule resources is required: linux.resources.pids.limit: the pids controller is not available*' --require resources
		policy '{"version": 1, "require": ["resources"]}'
		bad 1 '*linux.resources.pids.limit*' under_policy run --bundle "$b" "$id"
	fi
	run --require mount-flags --require capability-ceiling
	run_refused 'rule rlimits is required, but profile oci does not have it; choose a profile that has it' --profile oci \
		--require rlimits
	run_refused '"rlimit" is not a rule (did you mean rlimits?)*' --require rlimit
	nothing_left
}

# The device filter hangs at a cgroup, and needs BPF, which a user namespace does not have.
test_a_required_device_filter_is_there_or_nothing_runs() {
	needs_unshare || return
	local rule
	bundle true
	profile=agent
	if [[ $who == root ]]; then
		run --require devices
		for rule in devices resources; do
			# what is mounted there goes with the namespace
			try unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh \
				"$NACRE" --root "$ROOT" --rootless true run --bundle "$b" --require "$rule" "$id"
			((rc)) || wrong "it ran"
			has "$err" "and there is none: cgroup v2 is not mounted"
		done
		good unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh \
			"$NACRE" --root "$ROOT" --rootless true run --bundle "$b" "$id"
		has "$err" "(rules resources and devices are not enforced)"
	else
		run_refused '*rule devices is required*' --require devices
	fi
	nothing_left
}

all_tests "$@"
