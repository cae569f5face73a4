#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# 0 where all is enforced, 2 where something is not: which of them is the host's affair.
check_any() {
	try nacre check "$@"
	is "$err" "" stderr
	((rc == 0 || rc == 2)) || wrong "check ended with $rc"
}

test_check_knows_this_host() {
	check_any --format json
	documented "check --format"
	is "$(json .host.kernel)" "$(uname -r)" kernel
	is "$(json .host.kernelIsNewEnough)" true "kernel is new enough"
	is "$(json '.host.cgroupControllers | join(" ")')" "$(cat "$cg_mount/cgroup.controllers")" controllers
	is "$(json .host.cgroup2)" true cgroup2
	is "$(json .host.apparmor)" "$([[ -d /sys/module/apparmor ]] && echo true || echo false)" AppArmor
	is "$(json '.host.seccompActions | join(" ")')" "$(cat /proc/sys/kernel/seccomp/actions_avail)" actions
}

test_each_rule_of_the_profile_has_a_verdict() {
	local rules
	bundle true
	for profile in nested agent strict; do
		good nacre harden --profile "$profile" --allow join-network --format json --bundle "$b"
		rules=$(json '.rules | join(" ")')
		check_any --profile "$profile" --format json
		is "$(json .profile)" "$profile" profile
		is "$(json '[.rules[].rule] | join(" ")')" "$rules" rules
		is "$(json '.enforced == ([.rules[].enforced] | all)')" true enforced
		is "$rc" "$(json 'if .enforced then 0 else 2 end')" "exit status"
	done
	good nacre check --profile oci --format json
	is "$(json '.rules | length')" 0 "rules of oci"
}

test_a_controller_that_is_missing_is_a_gap() {
	check_any --format json
	if grep -qw pids "$cg_mount/cgroup.controllers"; then
		lacks "$(json '.rules[] | select(.rule == "resources").gap')" pids
	else
		has "$(json '.rules[] | select(.rule == "resources").gap')" 'no cgroup v2 controller for pids'
		is "$rc" 2 "exit status"
	fi
}

test_ids_are_root_s_to_give() {
	local gap=null
	[[ $who == root ]] || gap='only root of the host has ids to give'
	check_any --profile strict --format json
	is "$(json '.rules[] | select(.rule == "user-namespace").gap')" "$gap" gap
}

test_check_is_a_table_for_people() {
	check_any
	has_line "$out" 'HOST *HAS  DETAILS'
	has_line "$out" 'cgroup v2 *yes *controllers: *'
	has_line "$out" 'capability-ceiling  yes'
	has_line "$out" 'profile agent, no policy file'
}

test_an_unknown_profile_cannot_be_checked() {
	bad 1 'unknown profile "cosy"; valid are *' nacre check --profile cosy
}

# Without the rights to load a device filter.
test_check_sees_what_the_caller_may_not_do() {
	try unshare -U "$NACRE" check --format json
	is "$(json .host.root)" false root
	is "$(json '.rules[] | select(.rule == "devices").enforced')" false devices
	is "$rc" 2 "exit status"
}

# The answer is the kernel's: a profile of AppArmor makes an exception from the sysctl.
test_user_namespaces_are_tried() {
	local sysctl=/proc/sys/kernel/apparmor_restrict_unprivileged_userns before
	needs_root || return
	check_any --format json
	before=$(json .host.userNamespaces)
	# shellcheck disable=SC2016 # for the other shell
	try unshare -m sh -c 'mount -t tmpfs tmpfs "${1%/*}" && echo 1 >"$1" && exec "$2" check --format json' \
		sh "$sysctl" "$NACRE"
	is "$(json .host.userNamespaces)" "$before" "with 1 in $sysctl"
	# This sysctl is of each user namespace.
	# shellcheck disable=SC2016
	try unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$1" check' sh "$NACRE"
	has_line "$out" "user namespaces *no *unshare: No space left on device: sysctl user.max_user_namespaces is 0"
	is "$rc" 2 "exit status"
}

test_a_refused_user_namespace_is_a_gap_of_its_rule() {
	needs_root && needs_program strace || return
	try strace -qq -f -o "$T/trace" -e trace=unshare -e inject=unshare:error=EPERM "$NACRE" check --profile strict --format json
	is "$(json .host.userNamespaces)" false "user namespaces"
	is "$(json '.rules[] | select(.rule == "user-namespace").gap')" \
		"user namespaces: unshare: Operation not permitted" gap
	is "$rc" 2 "exit status"
}

# AppArmor's way: the first makes the namespace, and the other calls are refused in it.
test_an_error_of_a_user_names_what_check_finds() {
	needs_root && needs_program strace || return
	local kernel=/proc/sys/kernel sysctl=apparmor_restrict_unprivileged_userns refused
	bundle true
	edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	mkdir -p "$T/kernel/random"
	cp "$kernel/random/boot_id" "$T/kernel/random"
	echo 1 >"$T/kernel/$sysctl"
	for refused in clone3:error=EPERM clone3:error=EACCES pivot_root:error=EPERM; do
		# shellcheck disable=SC2016 # for the other shell
		try unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh "$T/kernel" "$kernel" \
			strace -qq -f -o "$T/trace" -e trace=unshare,"${refused%%:*}" -e inject=unshare:error=EPERM -e inject="$refused" \
			"$NACRE" --root "$ROOT" run --bundle "$b" "$id"
		((rc)) || wrong "it ran with $refused"
		has "$err" "user namespaces are refused (unshare: Operation not permitted: sysctl kernel.$sysctl is 1" ||
			wrong "$refused"
		has "$err" "contrib/packaging/apparmor): "
	done
	# shellcheck disable=SC2016
	try unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$NACRE" --root "$T" run --bundle "$b" "$id"
	has "$err" "user namespaces are refused (unshare: No space left on device: sysctl user.max_user_namespaces is 0): "
	# Where they are not, nothing is said of them.
	try strace -qq -f -o "$T/trace" -e trace=pivot_root -e inject=pivot_root:error=EPERM \
		"$NACRE" --root "$ROOT" run --bundle "$b" "$id"
	has "$err" "pivot root: "
	lacks "$err" "user namespaces"
}

all_tests "$@"
