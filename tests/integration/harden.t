#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_harden_prints_the_report_and_creates_nothing() {
	bundle true
	capabilities CAP_SYS_ADMIN CAP_CHOWN
	edit '.process.noNewPrivileges = false | .root.readonly = false'
	good nacre harden --bundle "$b"
	has "$out" no-new-privileges
	has "$out" capability-ceiling
	has "$out" CAP_SYS_ADMIN
	has "$out" read-only-root
	is "$err" "" stderr
	nothing_left
}

test_the_report_as_json_names_rule_path_from_to_and_why() {
	bundle true
	edit '.process.noNewPrivileges = false'
	good nacre harden --format json --bundle "$b"
	documented "harden --format"
	is "$(json .profile)" agent profile
	is "$(json '.changes[] | select(.path == "process.noNewPrivileges")
		| [.rule, (.from | tostring), (.to | tostring)] | join(" ")')" \
		"no-new-privileges false true" change
	differs "$(json '.changes[0].why | length')" 0 "length of why"
	is "$(json '.rules | length > 10')" true "number of rules"
}

test_the_config_can_be_printed_and_hardening_it_again_changes_nothing() {
	bundle true
	capabilities CAP_SYS_ADMIN CAP_CHOWN
	edit '.process.noNewPrivileges = false'
	good nacre harden --format config --bundle "$b"
	cp "$b/config.json" "$b/given.json"
	echo "$out" >"$b/config.json"
	is "$(jq -c .process.capabilities.bounding "$b/config.json")" '["CAP_CHOWN"]' capabilities
	first=$(jq -S . <<<"$out")
	good nacre harden --format config --bundle "$b"
	is "$(jq -S . <<<"$out")" "$first" "hardened twice"
}

test_the_report_as_a_diff_is_against_oci() {
	bundle true
	edit '.process.noNewPrivileges = false'
	good nacre harden --format diff --bundle "$b"
	has "$out" $'--- oci\n+++ agent\n'
	has "$out" $'@@ process.noNewPrivileges @@ no-new-privileges\n-false\n+true\n'
	good nacre harden --profile oci --format diff --bundle "$b"
	is "$out" $'--- oci\n+++ oci' diff
}

test_profile_oci_changes_nothing() {
	bundle true
	good nacre harden --profile oci --format config --bundle "$b"
	is "$(jq -S . <<<"$out")" "$(jq -S 'del(.process.terminal)' "$b/config.json")" config
	good nacre harden --profile oci --format json --bundle "$b"
	is "$(json '.changes | length')" 0 "number of changes"
}

test_an_unknown_profile_is_refused() {
	bundle true
	bad 1 'unknown profile "cosy"; valid are *' nacre harden --profile cosy --bundle "$b"
	bad 1 'unknown profile "cosy"; valid are *' nacre run --profile cosy --bundle "$b" "$id"
	nothing_left
}

test_an_unknown_grant_is_refused() {
	local grant
	bundle true
	for grant in everything cap:CAP_NO_SUCH cap: unlimited:fun; do
		try nacre run --allow "$grant" --bundle "$b" "$id"
		is "$rc" 1 "exit code of --allow $grant"
		has "$err" "$grant"
	done
	nothing_left
}

test_a_program_name_chooses_the_profile() {
	bundle status NoNewPrivs
	edit '.process.noNewPrivileges = false'
	ln -s "$NACRE" "$b/nacre-oci"
	good env NACRE_TEST="$T" "$b/nacre-oci" --root "$ROOT" run --bundle "$b" "$id"
	has "$out" $'NoNewPrivs:\t0'
	ln -s "$NACRE" "$b/nacre-agent"
	good env NACRE_TEST="$T" "$b/nacre-agent" --root "$ROOT" run --bundle "$b" "$id"
	has "$out" $'NoNewPrivs:\t1'
}

test_the_report_and_both_configs_are_kept_with_the_container() {
	bundle pause
	edit '.process.noNewPrivileges = false'
	profile=agent create
	is "$(jq -r .profile "$ROOT/$id/report.json")" agent report
	is "$(cmp "$b/config.json" "$ROOT/$id/config.given")" "" "config as given"
	is "$(jq .process.noNewPrivileges "$ROOT/$id/config.json")" true "tightened config"
}

all_tests "$@"
