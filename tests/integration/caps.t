#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

mask() {
	printf '%016x' "$1"
}

test_all_five_sets_are_exactly_as_in_the_config() {
	bundle status CapInh CapPrm CapEff CapBnd CapAmb
	edit '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
		permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_CHOWN"],
		inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user.uid = 1000'
	run
	# exec: permitted of another user are the ambient ones
	is "$out" "CapInh:	$(mask 0x20)
CapPrm:	$(mask 0x20)
CapEff:	$(mask 0x20)
CapBnd:	$(mask 0x2021)
CapAmb:	$(mask 0x20)"
}

test_no_capabilities_mean_none() {
	bundle status CapInh CapPrm CapEff CapBnd CapAmb
	edit 'del(.process.capabilities)'
	run
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" "$(mask 0)" "sets"
}

test_root_without_ambient_has_its_bounding_set() {
	bundle status CapPrm CapInh CapAmb
	edit '.process.capabilities = {bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"],
		effective: ["CAP_CHOWN"]}'
	run
	is "$out" "CapInh:	$(mask 0)
CapPrm:	$(mask 1)
CapAmb:	$(mask 0)"
}

test_an_unknown_capability_is_warned_about_and_left_out() {
	bundle status CapBnd
	edit '.process.capabilities.bounding = ["CAP_CHOWN", "CAP_NO_SUCH"]'
	run
	is "$out" "CapBnd:	$(mask 1)"
	has "$err" CAP_NO_SUCH
	has "$err" warning
}

test_no_new_privileges_is_set_or_not() {
	bundle status NoNewPrivs
	run
	is "$out" $'NoNewPrivs:\t1'
	edit '.process.noNewPrivileges = false'
	run
	is "$out" $'NoNewPrivs:\t0'
}

# As Go's decoder has it, and so runc: a key that is passed over would be a restriction less.
test_no_new_privileges_holds_in_any_case_of_its_letters() {
	bundle status NoNewPrivs
	edit '.process |= (del(.noNewPrivileges) | .nonewprivileges = true)'
	run
	is "$out" $'NoNewPrivs:\t1'
	edit '.process.noNewPrivileges = false'
	run_refused '*: process.noNewPrivileges: duplicate key: noNewPrivileges is given twice'
}

test_a_setuid_program_gives_nothing_with_no_new_privileges() {
	bundle true
	cp "$PAYLOAD" "$b/rootfs/setuid"
	chmod 4755 "$b/rootfs/setuid"
	program /setuid id
	edit '.process.user.uid = 1000'
	run
	has "$out" uid=1000
	edit '.process.noNewPrivileges = false'
	run
	has "$out" uid=0
}

test_groups_of_the_caller_are_dropped() {
	bundle id
	run
	has_line "$out" "uid=0 gid=0 umask=0022 groups="
}

test_capability_of_the_config_works() {
	bundle chown /tmp/f 5 : hostname changed
	edit '.root.readonly = false'
	touch "$b/rootfs/tmp/f"
	capabilities CAP_CHOWN
	run_any
	is "$out" $'chown: ok\nhostname: EPERM'
}

test_what_exec_adds_is_ambient_where_the_config_made_it_inheritable() {
	bundle pause
	edit '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN"],
		inheritable: ["CAP_CHOWN", "CAP_KILL"], ambient: ["CAP_CHOWN"]}'
	create
	start
	good nacre exec --cap CAP_KILL "$id" /payload status CapPrm CapBnd CapAmb
	is "$out" "CapPrm:	$(mask 0x21)
CapBnd:	$(mask 0x21)
CapAmb:	$(mask 0x21)"
}

all_tests "$@"
