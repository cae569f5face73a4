#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules of egress: who says what, and what is told of it. That they hold is tested in tests/live.
. "$(dirname "$0")/lib.sh"

annotate() {
	edit '.annotations["run.nacre.egress"] = $v' --arg v "$1"
}

# rules_of OPTION...: those of the config that results.
rules_of() {
	good under_policy harden --format config --bundle "$b" "$@"
	json '.nacre.egress // [] | join(" ")'
}

refused() {
	bad 1 "$1" under_policy harden --bundle "$b" "${@:2}"
}

test_the_command_line_gives_rules_under_every_profile() {
	needs_unshare || return
	bundle true
	policy '{"version": 1}'
	for profile in oci nested agent strict; do
		is "$(rules_of --profile "$profile" --egress Registry.npmjs.org --egress 10.1.0.0/16:80,443)" \
			"registry.npmjs.org:443 10.1.0.0/16:80,443" "$profile"
	done
	is "$(rules_of --profile agent)" ""
	is "$(rules_of --profile strict)" none
	is "$(rules_of --profile strict --allow egress:a.example)" a.example:443
}

test_a_wrong_rule_is_one_clear_error() {
	needs_unshare || return
	bundle true
	policy '{"version": 1}'
	refused '--egress: egress rule "https://a.example/": a rule is not a URL; give NAME:PORT' \
		--egress https://a.example/
	refused '--egress: egress rule "10.1.2.3/8": the address has bits set after its prefix; give 10.0.0.0/8' \
		--egress 10.1.2.3/8
	refused '*"169.254.169.254" is the metadata service of a cloud; allow it with --allow metadata' --egress 169.254.169.254
}

test_the_report_shows_rules() {
	needs_unshare || return
	bundle true
	policy '{"version": 1}'
	good under_policy harden --bundle "$b" --egress a.example
	has_line "$out" '*nacre.egress*+a.example:443*'
	good under_policy harden --format json --bundle "$b" --egress a.example
	is "$(json '.changes[] | select(.path == "nacre.egress").to[0]')" a.example:443
	is "$(json '.changes[] | select(.rule == "metadata").path')" nacre.noMetadata
	good under_policy harden --format json --bundle "$b" --allow metadata
	is "$(json '[.changes[] | select(.rule == "metadata")] | length')" 0
}

test_the_policy_gives_bounds_and_adds() {
	needs_unshare || return
	bundle true
	policy '{"version": 1, "egress": {"default": {"agent": ["none"]}, "always": ["log.example"],
		"may_add": ["*.example", "10.0.0.0/8:5432"]}}'
	is "$(rules_of)" log.example:443
	is "$(rules_of --egress a.example)" "a.example:443 log.example:443"
	is "$(rules_of --egress tcp:db:5432)" "tcp:db:5432@10.0.0.0/8 log.example:443"
	refused '--egress: egress.may_add of /etc/nacre/policy.json: egress rule "b.org:443" allows more than *' \
		--egress b.org
	refused '--allow egress: egress.may_add of *: egress rule "b.org:443" *' --allow egress:b.org
	policy '{"version": 1, "egress": {"default": {"agent": ["none", "a.example"]}}}'
	refused '/etc/nacre/policy.json: egress.default: egress rule "none" cannot stand beside other rules; *'
}

test_an_annotation_may_only_tighten() {
	needs_unshare || return
	bundle true
	policy '{"version": 1, "egress": {"default": {"agent": ["*.example"]}}}'
	annotate 'a.example b.example'
	is "$(rules_of)" "a.example:443 b.example:443"
	is "$(rules_of --egress '*.example')" "a.example:443 b.example:443"
	refused '*connections to names go through the host*' --egress open
	annotate 'a.example b.org'
	refused 'annotation run.nacre.egress: egress rule "b.org:443" allows more than the rules in force'
	annotate open
	refused 'annotation run.nacre.egress: egress rule "open" allows more than the rules in force'
	annotate none
	is "$(rules_of)" none
	is "$(rules_of --profile oci)" none
}

test_names_are_not_for_the_host_s_network() {
	needs_unshare || return
	bundle true
	policy '{"version": 1}'
	edit 'del(.linux.namespaces[] | select(.type == "network"))'
	refused '*"a.example:443": a rule with a name needs a network namespace of the container*' --profile oci --egress a.example
	is "$(rules_of --profile oci --egress 10.0.0.0/8)" 10.0.0.0/8
}

# By /proc/PID/root of a process of the host its cgroups are reached, and the container's are left.
test_rules_are_not_for_the_host_s_processes() {
	local no='profile *, rule egress: linux.namespaces: in the host'"'"'s pid namespace a process can leave the cgroup *'
	needs_root || return
	bundle true
	policy '{"version": 1}'
	without_namespace pid
	is "$(rules_of --profile agent --egress none)" none "a new one"
	refused "$no" --profile agent --egress none --allow host-pid
	refused "$no" --profile strict --require egress --allow host-pid
	refused "$no" --profile strict --allow host-pid
	refused "$no" --profile oci --egress 10.0.0.0/8
	bad 1 "$no" nacre run --profile oci --egress none --bundle "$b" "$id"
	is "$(rules_of --profile oci --egress open)" open "no rules"
	is "$(rules_of --profile strict --egress open --allow host-pid)" open "strict without rules"
	edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]
		| .linux.gidMappings = .linux.uidMappings'
	is "$(rules_of --profile oci --egress none)" none "a user namespace"
	edit '.linux |= del(.uidMappings, .gidMappings) | .linux.namespaces |= map(select(.type != "user")) +
		[{type: "pid", path: "/proc/self/ns/pid"}]'
	refused "$no" --profile oci --egress none
}

test_exec_has_no_capability_that_goes_past_rules() {
	profile=oci
	bundle pause
	good nacre create --profile oci --egress 192.0.2.7:443 --bundle "$b" "$id"
	start
	for name in NET_RAW NET_ADMIN BPF SYS_ADMIN; do
		bad 255 "process.capabilities: CAP_$name can bypass the container's egress rules; remove it *" \
			nacre exec --cap "CAP_$name" "$id" /payload true
	done
	good nacre exec --cap CAP_SYS_PTRACE "$id" /payload true
	kill_now
	delete
	good nacre create --profile oci --bundle "$b" "$id"
	start
	good nacre exec --cap CAP_NET_ADMIN "$id" /payload true
}

test_a_socket_that_was_made_outside_is_not_passed_on() {
	profile=oci
	bundle pause
	run_refused '*: fd 3 is a socket of the network that was made outside of the container, *' \
		--egress 192.0.2.7:443 --preserve-fds 1 3<>/dev/udp/127.0.0.1/9
	run_refused '*: fd 4 is a socket of the network that was made outside of the container, *' \
		--egress none --preserve-fds 2 3</etc/passwd 4<>/dev/udp/127.0.0.1/9
	input=/dev/udp/127.0.0.1/9 run_refused '*: fd 0 is a socket of the network *' --egress 192.0.2.7:443
	good nacre create --profile oci --egress 192.0.2.7:443 --preserve-fds 1 --bundle "$b" "$id" 3</etc/passwd
	start
	bad 255 'fd 3 is a socket of the network *' nacre exec --preserve-fds 1 "$id" /payload true 3<>/dev/udp/127.0.0.1/9
	kill_now
	delete
	good nacre create --profile oci --egress open --preserve-fds 1 --bundle "$b" "$id" 3<>/dev/udp/127.0.0.1/9
}

test_check_says_whether_rules_can_be_enforced() {
	try nacre check --profile strict --format json
	[[ $(json .host.egressFilter) =~ ^(true|false)$ ]] || wrong "check does not say" "$out"
	is "$(json '.rules[] | select(.rule == "egress").enforced')" "$(json .host.egressFilter)" egress
	is "$(json '.rules[] | select(.rule == "metadata").enforced')" "$(json .host.egressFilter)" metadata
}

test_the_filter_of_sockets_is_loaded_under_oci() {
	profile=oci
	bundle status Seccomp
	edit 'del(.linux.seccomp)'
	run --egress 192.0.2.7:443
	is "$out" "Seccomp:	2"
	run
	is "$out" "Seccomp:	0"
	edit '.nacre = {egress: ["192.0.2.7:443"]}'
	run
	is "$out" "Seccomp:	2" "rules of config.json"
}

# As a hardening writes them, or somebody by hand.
test_rules_of_the_config_are_judged_as_others() {
	needs_root || return
	bundle true
	policy '{"version": 1}'
	edit '.nacre = {egress: ["192.0.2.7:443"]}'
	is "$(rules_of --profile oci)" 192.0.2.7:443
	edit '.process.capabilities.bounding += ["CAP_NET_RAW"]'
	for profile in oci agent; do
		refused "profile $profile, rule egress: process.capabilities: CAP_NET_RAW can bypass egress rules; *" \
			--profile "$profile" --allow cap:CAP_NET_RAW
	done
	edit '.process.capabilities.bounding -= ["CAP_NET_RAW"]'
	without_namespace pid
	refused 'profile oci, rule egress: linux.namespaces: in the host*' --profile oci
}

all_tests "$@"
