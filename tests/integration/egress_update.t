#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules of egress that take the place of others while the container runs: `update --egress`.
. "$(dirname "$0")/internet.sh"

# in_world RULE...: the same, in the network of the servers
in_world() {
	with_names "$@"
	edit '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$internet/ns/net"
}

running() {
	create "${rules[@]}" "$@"
	start
}

# swap RULE...
swap() {
	good nacre update "${@/#/--egress=}" "$id"
	is "$out$err" ""
}

# not_swapped PATTERN RULE...
not_swapped() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre update "${@/#/--egress=}" "$id"
}

held() {
	jq -r '.nacre.egress | join(" ")' "$ROOT/$id/config.json"
}

web() {
	says http "$1" 80 "GET / HTTP/1.1\r\nHost: $1\r\n\r\n"
}

test_addresses_are_swapped_while_it_runs() {
	in_world 11.1.1.1:80
	running
	is "$(web 11.1.1.1)" "http 11.1.1.1" "before"
	refused http 11.1.1.2 80 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
	swap 11.1.1.2:80 udp:11.1.1.53:53
	is "$(web 11.1.1.2)" "http 11.1.1.2" "after"
	is "$(web 11.1.1.1)" PermissionError "what is no rule any more"
	is "$(held)" "11.1.1.2:80 udp:11.1.1.53:53" "the stored rules"
	is "$(nacre explain --format json "$id" | jq -c .connectsTo)" '["11.1.1.2:80","udp:11.1.1.53:53"]' explain
	has "$(nacre explain "$id")" "connections to 11.1.1.1:80 refused" "what was refused"
	has "$(nacre explain "$id")" "connections to 11.1.1.2:80 refused" "what was refused before"
	swap none
	is "$(web 11.1.1.2)" PermissionError none
	good nacre pause "$id"
	swap 11.1.1.1:80
	good nacre resume "$id"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "paused meanwhile"
	kill_now
}

test_of_a_created_container_too_and_limits_beside_them() {
	in_world none
	edit '.process.args = ["/usr/bin/python3", "/peer.py", "http", "11.1.1.1", "80", "GET / HTTP/1.1\\r\\nHost: y\\r\\n\\r\\n"]'
	create "${rules[@]}"
	good nacre update --egress 11.1.1.1 --cpu-idle 0 "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	start
	wait_for grep -q "http y" "$created_out"
}

test_open_and_back() {
	in_world none
	profile=agent running --allow tmp-exec
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	swap 11.1.1.2
	is "$(web 11.1.1.1)" PermissionError back
	is "$(web 11.1.1.2)" "http 11.1.1.2" back
	kill_now
}

# The filter against the families that rules do not see is loaded when the program begins.
test_a_container_without_rules_gets_some_where_its_filter_is_there() {
	in_world
	profile=agent running
	is "$(web 11.1.1.1)" "http 11.1.1.1" "before"
	swap 11.1.1.2
	is "$(web 11.1.1.1)" PermissionError "after"
	is "$(web 11.1.1.2)" "http 11.1.1.2" "after"
	kill_now
	delete
	running
	not_swapped '*the container has no rules of egress, and cannot be given any while it is there: it has no filter *' none
	is "$(web 11.1.1.1)" "http 11.1.1.1" "oci"
	kill_now
	delete
	profile=agent running --allow cap:CAP_NET_RAW
	not_swapped '*cannot be given any while it is there: exec may have had CAP_NET_RAW; create it with some' none
	kill_now
	delete
	profile=agent running --allow socket:IPPROTO_SCTP
	not_swapped '*cannot be given any while it is there: it has the grant socket:IPPROTO_SCTP; *' none
}

test_under_oci_open_is_for_good() {
	in_world none
	running
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	not_swapped '*exec may have had any capability; create it with some' none
	is "$(held)" open "the stored rules"
}

test_metadata_stays_refused() {
	in_world 11.1.1.1
	in_internet ip address add 169.254.169.254/32 dev lo
	running
	is "$(web 169.254.169.254)" PermissionError "by the rules"
	not_swapped '*"169.254.169.254" is a metadata service; allow it with --allow metadata' 169.254.169.254
	swap open
	is "$(web 11.1.1.1)" "http 11.1.1.1" open
	is "$(web 169.254.169.254)" PermissionError "by metadata"
}

datagram() {
	nacre exec "$id" /usr/bin/python3 -c 'import socket, sys
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], 80))
    print("sent")
except OSError as e:
    print(type(e).__name__)' "$1"
}

test_required_metadata_stays_refused_to_datagrams() {
	in_world
	in_internet ip address add 169.254.169.254/32 dev lo
	profile=agent running
	is "$(datagram 169.254.169.254)" sent "not required"
	kill_now
	delete
	profile=agent running --require metadata
	is "$(datagram 169.254.169.254)" PermissionError "before"
	swap open
	is "$(datagram 169.254.169.254)" PermissionError "after"
}

test_what_is_wrong_changes_nothing() {
	in_world 11.1.1.1
	running
	not_swapped '--egress: egress rule "https://a.example/": *' https://a.example/
	not_swapped '--egress: egress rule "none" stands alone; *' none 11.1.1.2
	bad 1 'invalid value for cpu-quota: "x"' nacre update --egress none --cpu-quota x "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	is "$(web 11.1.1.1)" "http 11.1.1.1" "the rules"
	kill_now
	not_swapped 'container not running' none
}

test_the_policy_bounds_it_and_an_annotation_does_not() {
	in_world 11.1.1.1 11.1.1.2
	edit '.annotations["run.nacre.egress"] = "11.1.1.1"'
	running
	is "$(held)" 11.1.1.1 "of the annotation"
	policy '{"version": 1, "egress": {"default": {"oci": ["none"]}, "may_add": ["11.1.1.0/24:80"], "always": ["11.1.1.53"]}}'
	bad 1 '--egress: egress.may_add of /etc/nacre/policy.json: egress rule "11.1.1.2" allows more than *' \
		under_policy update --egress 11.1.1.2 "$id"
	is "$(held)" 11.1.1.1 "the stored rules"
	good under_policy update --egress 11.1.1.2:80 "$id"
	is "$(held)" "11.1.1.2:80 11.1.1.53" "the stored rules"
	is "$(web 11.1.1.2)" "http 11.1.1.2" "the rules"
	is "$(web 11.1.1.1)" PermissionError "the rules"
}

test_it_is_audited() {
	in_world 11.1.1.1
	running --audit "$T/out.audit"
	swap 11.1.1.2
	is "$(jq -c 'select(.event == "update") | [.egress, .error]' "$T/out.audit")" '[["11.1.1.2"],null]' "the record"
	good nacre update --cpu-idle 0 "$id"
	is "$(grep -c '"event":"update"' "$T/out.audit")" 1 "of limits there is none"
}

# A connection that is open stays; the rules are asked when one begins.
test_a_connection_that_is_open_stays() {
	in_world 11.1.1.1:5432
	running
	in_background nacre exec "$id" /usr/bin/python3 /peer.py hold 11.1.1.1 5432 /mnt/go
	wait_for grep -q open "$background_out"
	swap none
	touch "$b/rootfs/mnt/go"
	wait_for grep -q "same 5432" "$background_out"
	is "$(says echo 11.1.1.1 5432 10)" PermissionError "a new one"
	kill_now
}

all_tests "$@"
