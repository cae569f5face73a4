#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What rules of egress do to each way out (tests/ways), in containers of every profile. By the filter: in a
# network that the container joins, where every address leads to a server. By the relay: in one of its own,
# while the host's network leads there.
if ((EUID == 0)) && [[ -z ${OWN_NETWORK:-} ]]; then
	OWN_NETWORK=1 exec unshare --net bash "$0" "$@"
fi
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/egress_world.sh
. "$(dirname "$0")/egress_world.sh"

WAYS=${WAYS:-$build/tests/ways}
rules='["10.1.2.0/24:443,8000-8002", "udp:10.1.2.3:5353", "[fd77::/64]:443"]'

# ways_bundle MODE NACRE: for `ways MODE`, with NACRE as the config's own member. Its own cgroup can be written
# to, and it may open files by their handles, unless something else forbids it.
ways_bundle() {
	needs_root "only root can load the egress filter" || return 1
	in_background "$WAYS" world
	world=$!
	wait_for grep -q ready "$background_out"
	bundle
	cp "$WAYS" "$b/rootfs/ways"
	edit '.process.args = ["/ways", $m] | .nacre = $n
		| .process.capabilities |= map_values(. + ["CAP_DAC_READ_SEARCH"])
		| (.mounts[] | select(.type == "cgroup").options) -= ["ro"]
		| (.linux.namespaces[] | select(.type == "network")).path = $p' \
		--arg m "$1" --argjson n "$2" --arg p "/proc/$world/ns/net"
}

# reached LEAST MOST: how many ways led somewhere, and none that should not
reached() {
	[[ $out =~ ^([0-9]+)\ reached$ ]] || wrong "something is not as it must be" "$out"
	((BASH_REMATCH[1] >= $1 && BASH_REMATCH[1] <= $2)) || wrong "not $1 to $2: $out"
}

# The test can fail: this is what the rules below have to stop.
test_without_rules_the_ways_lead_out() {
	ways_bundle open null || return
	run
	reached 55 90
}

test_rules_leave_only_what_they_name() {
	local profile
	for profile in oci agent nested; do
		ways_bundle whole "{\"egress\": $rules, \"noMetadata\": true}" || return
		run
		reached 19 19
		kill "$world"
	done
}

test_metadata_alone_is_refused() {
	local without
	ways_bundle metadata '{"noMetadata": true}' || return
	profile=agent
	run
	reached 45 80
	without=${out% reached}
	run --require metadata
	reached $((without - 1)) $((without - 1)) # what sendto(2) sends there
}

test_exec_is_held_too() {
	ways_bundle whole "{\"egress\": $rules, \"noMetadata\": true}" || return
	edit '.process.args = ["/payload", "pause"]'
	create
	start
	good nacre exec "$id" /ways whole
	reached 19 19
}

test_explain_names_the_rule() {
	ways_bundle whole "{\"egress\": $rules, \"noMetadata\": true}" || return
	edit '.process.args = ["/payload", "pause"]'
	create
	start
	good nacre explain --format flags "$id"
	is "$out" ""
	good nacre exec "$id" /ways whole
	good nacre explain "$id"
	has_line "$out" "1 *connections to 9.9.9.9:853 refused, last by ways (rule egress; --allow egress:9.9.9.9:853)"
	has_line "$out" "* connections to 169.254.169.254:80 refused, last by ways (rule metadata; metadata)"
	has_line "$out" "1 *sockets of protocol 1 refused, last by ways (rule egress; egress rules are for TCP and UDP alone)"
	good nacre explain --format flags "$id"
	has "$out" "--allow metadata --allow egress:"
	has "$out" "--allow egress:udp:198.51.100.1:53"
	has "$out" "--allow 'egress:[fd77:0:0:1::5]:443'" "what a shell takes for a pattern"
	eval "good nacre harden --format config --profile agent --bundle \"\$b\" $out"
	good nacre explain --format policy "$id"
	is "$(json '.version, .grants.given[]' | paste -sd ' ')" "1 metadata"
	has "$(json '.egress.always[]')" "udp:198.51.100.1:53"
}

# Who joins it is seen in no procfs of it.
test_a_joined_pid_namespace_makes_no_difference() {
	local first profile=oci
	needs_root "only root can load the egress filter" || return
	bundle pause
	create
	start
	first=$(pid_of)
	id=$id-joins
	for profile in oci agent nested; do
		ways_bundle whole "{\"egress\": $rules, \"noMetadata\": true}" || return
		edit '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/\($p)/ns/pid"' --arg p "$first"
		run
		reached 19 19
		kill "$world"
	done
	id=${id%-joins}
	kill_now
}

# A socket that a hook of the container makes is one of the container's.
test_hooks_of_the_container_are_held() {
	ways_bundle rules "{\"egress\": $rules, \"noMetadata\": true}" || return
	edit '.process.args = ["/payload", "true"] | .hooks.createContainer = [{path: "/bin/sh",
		args: ["sh", "-c", "\($w) rules >/dev/null && echo held >\($t)/held"]}]' \
		--arg w "$(realpath "$WAYS")" --arg t "$T"
	run
	is "$(cat "$T/held")" held "the hook"
}

test_without_a_cgroup_rules_are_refused() {
	ways_bundle rules "{\"egress\": $rules}" || return
	edit 'del(.linux.resources)'
	bad 1 "egress rules need a cgroup, or a network namespace of the container's own, and there is none: --cgroup-manager disabled" \
		nacre --cgroup-manager disabled run --profile oci --bundle "$b" "$id"
	edit 'del(.nacre) | .process.args = ["/payload", "true"]'
	good nacre --cgroup-manager disabled run --profile oci --egress open --bundle "$b" "$id"
}

# Who can write to the cgroups of the host leaves the container's, where the rules are.
# with_mount SOURCE TYPE OPTION...: a bundle with that on /cg
with_mount() {
	bundle ls /cg
	mount_on /cg "$@"
}

# mounted_in DIRECTORY COMMAND...: with the host's cgroups mounted there as well, for it alone
mounted_in() {
	mkdir -p "$1"
	NACRE_TEST=$T unshare -m --propagation private bash -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$cg_mount" "$@"
}

under_rules() {
	nacre run --profile oci --egress none --bundle "$b" "$id"
}

held() {
	bad 1 "*egress rules: cgroups of the host can be written to in $1, *" "${@:2}" \
		"$NACRE" --root "$ROOT" run --profile oci --egress none --bundle "$b" "$id"
}

test_cgroups_of_the_host_are_not_writable_beside_rules() {
	needs_root "only root can load the egress filter" || return
	with_mount "$cg_mount" bind bind
	held /cg
	good nacre run --profile oci --egress open --bundle "$b" "$id"
	without_namespace cgroup
	held /cg
	with_mount "$cg_mount" bind rbind nosuid
	held /cg
	with_mount "$T/tree" bind rbind ro
	held /cg/below mounted_in "$T/tree/below"
	bundle true
	held /inside mounted_in "$b/rootfs/inside"
	with_mount "$cg_mount" bind bind ro
	good under_rules
	with_mount "$T/tree" bind rbind rro
	good mounted_in "$T/tree/below" "$NACRE" --root "$ROOT" run --profile oci --egress none \
		--bundle "$b" "$id"
}

test_the_own_cgroup_is_writable_beside_rules() {
	needs_root "only root can load the egress filter" || return
	with_mount cgroup cgroup rw
	good under_rules
	has_line "$out" cgroup.procs
	without_namespace cgroup
	good under_rules
	has_line "$out" cgroup.procs
	edit '.annotations["run.oci.delegate-cgroup"] = "below"'
	good under_rules
	with_mount cgroup cgroup rw
	in_background sleep 60
	edit '(.linux.namespaces[] | select(.type == "cgroup")).path = $p' --arg p "/proc/$!/ns/cgroup"
	good under_rules
	has_line "$out" cgroup.procs
	# Nobody gets below it.
	with_mount "$cg_mount" bind bind
	mount_on /cg cgroup cgroup rw
	good under_rules
}

# A child of clone3(2) needs no mount that can be written to.
test_a_cgroup_that_can_only_be_read_is_not_entered() {
	local profile=oci
	ways_bundle whole "{\"egress\": $rules, \"noMetadata\": true}" || return
	mount_on /cg "$cg_mount" bind bind ro
	run
	reached 19 19
}

# --- by the relay ---

# relay_bundle MODE: for `ways MODE`, in a network of its own, while the host's leads to a world
relay_bundle() {
	if [[ -n ${WORLD:-} ]]; then
		internet=$WORLD
	else
		needs_network_devices || return
		world_of_ways "$T" || wrong "no world" "$(cat "$T/world.out")"
		background+=("$internet")
	fi
	bundle
	cp "$WAYS" "$b/rootfs/ways"
	edit '.process.args = ["/ways", $m]' --arg m "$1"
	rules=(--egress '10.1.2.0/24:443,8000-8002' --egress '[fd77::/64]:443')
	# Root of the host has the filter where there is a cgroup.
	options=()
	[[ $who != root ]] || { options=(--cgroup-manager disabled); edit 'del(.linux.resources)'; }
	before=$(world_saw)
}

# since: what the world saw since then
since() {
	local tcp udp had_tcp had_udp
	read -r had_tcp had_udp <<<"$before"
	read -r tcp udp < <(world_saw)
	echo "$((tcp - had_tcp)) $((udp - had_udp))"
}

# The tests below can fail: this is what their rules have to stop.
test_the_host_s_network_without_rules_leads_out() {
	local tcp udp
	relay_bundle open || return
	without_namespace network
	edit '.mounts |= map(select(.type != "sysfs"))'
	good nacre "${options[@]}" run --profile oci --bundle "$b" "$id"
	reached 45 90
	read -r tcp udp < <(since)
	((tcp > 20 && udp > 10)) || wrong "the world saw $tcp connections and $udp datagrams"
}

test_the_relay_leaves_only_what_rules_name() {
	local profile
	for profile in oci agent nested strict; do
		[[ $who != root || $profile == oci ]] || break
		relay_bundle relay || return
		good nacre "${options[@]}" run --profile "$profile" "${rules[@]}" --bundle "$b" "$id"
		reached 12 12
		is "$(since)" "5 0" "what the world saw: connections, datagrams"
		end_background
	done
}

test_exec_is_held_by_the_relay_too() {
	relay_bundle relay || return
	edit '.process.args = ["/payload", "pause"]'
	good nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	start
	good nacre exec "$id" /ways relay
	reached 12 12
	is "$(since)" "5 0" "what the world saw: connections, datagrams"
}

test_none_is_nothing_without_a_filter() {
	relay_bundle relay || return
	run_any_with() { try nacre "${options[@]}" run --profile "$1" --egress none --bundle "$b" "$id"; }
	run_any_with oci
	has "$out" "TCP, allowed: Permission denied"
	has "$out" $'\n7 reached'
	is "$(since)" "0 0" "what the world saw: connections, datagrams"
}

test_what_the_relay_cannot_keep_is_refused() {
	relay_bundle relay || return
	bad 1 '*: egress rule "udp:10.1.2.3:53": a rule for UDP needs root on the host; allow TCP instead' \
		nacre "${options[@]}" create --profile oci --egress udp:10.1.2.3:53 --bundle "$b" "$id"
	bad 1 '*: egress rule "10.0.0.0/8": without root on the host, a rule for addresses must name its ports: CIDR:PORT' \
		nacre "${options[@]}" create --profile oci --egress 10.0.0.0/8 --bundle "$b" "$id"
	nothing_left
}

# As rootless engines do, which then connect it to the host's.
test_an_interface_that_a_hook_brings_is_refused() {
	relay_bundle relay || return
	edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "ip link add d0 type veth peer name d1 && ip link set d0 up"],
		env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
	bad 1 "*egress rules cannot be enforced here: the container's network has the interface d0, and rules for it take root of the host; give *without (--network none)" \
		nacre "${options[@]}" create --profile oci "${rules[@]}" --bundle "$b" "$id"
	nothing_left
}

all_tests "$@"
