#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices. The host's devices are those of a network namespace that only this file has.
if ((EUID == 0)) && [[ -z ${OWN_NETWORK:-} ]]; then
	OWN_NETWORK=1 exec unshare --net bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
file_needs=needs_network_devices

# device NAME ADDRESS...: up, on the host; its other end is NAME-p.
device() {
	local name=$1 address
	shift
	ip link add "$name" type veth peer name "$name-p" || { wrong "no veth device"; return; }
	ip link set "$name-p" up
	for address; do
		ip address add "$address" dev "$name"
	done
	ip link set "$name" up
}

# with_device NAME [NEW-NAME]: in linux.netDevices
with_device() {
	edit '.linux.netDevices[$name] = if $new == "" then {} else {name: $new} end' \
		--arg name "$1" --arg new "${2:-}"
}

# In the network namespace of the container.
inside() {
	nsenter --target "$(pid_of)" --net "$@"
}

# addresses COMMAND...: what COMMAND (ip -json ...) gives as one line of address/prefix
addresses() {
	jq -r '[.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | join(" ")'
}

forget_devices() {
	ip -json link | jq -r '.[] | select(.ifname | startswith("d-")) | .ifname' |
		while read -r name; do
			ip link delete "$name" 2>/dev/null
		done
}

test_a_device_moves_with_its_addresses_and_is_up() {
	bundle pause
	device d-a 192.0.2.7/24 192.0.2.8/24 2001:db8::7/64
	ip link set d-a mtu 1400
	with_device d-a inner
	create
	is "$(inside ip -json address show dev inner | addresses)" \
		"192.0.2.7/24 192.0.2.8/24 2001:db8::7/64" addresses
	is "$(inside ip -json link show dev inner | jq -r '.[0] | "\(.mtu) \(.flags | index("UP") != null)"')" \
		"1400 true" "MTU and state"
	good bash -c '! ip link show dev d-a 2>/dev/null'
	start
	kill_now
	forget_devices
}

test_without_a_name_it_keeps_its_own_and_comes_up_even_if_it_was_down() {
	bundle pause
	device d-a 192.0.2.7/24
	ip link set d-a down
	with_device d-a
	create
	is "$(inside ip -json link show dev d-a | jq -r '.[0].flags | index("UP") != null')" true up
	forget_devices
}

test_only_permanent_global_addresses_move() {
	bundle pause
	device d-a 192.0.2.7/24
	ip address add 192.0.2.9/24 dev d-a valid_lft 1000 preferred_lft 1000
	ip address add 203.0.113.1/24 dev d-a scope link
	ip address add 198.51.100.1 peer 198.51.100.2/32 dev d-a
	with_device d-a
	create
	is "$(inside ip -json address show dev d-a | jq -r '[.[0].addr_info[]
		| select(.family == "inet") | "\(.local) \(.address)"] | join(", ")')" \
		"192.0.2.7 null, 198.51.100.1 198.51.100.2" "IPv4 addresses"
	forget_devices
}

test_a_template_takes_the_first_free_number() {
	bundle pause
	device d-a
	device d-b
	edit '.linux.netDevices = {"d-a": {name: "eth%d"}, "d-b": {name: "eth%d"}}'
	create
	is "$(inside ip -json link | jq -r '[.[].ifname | select(startswith("eth"))] | join(" ")')" \
		"eth0 eth1" names
	forget_devices
}

# hook KIND SHELL
hook() {
	edit '.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", $text],
		env: ["PATH=/bin:/usr/bin:/sbin:/usr/sbin"]}]' \
		--arg kind "$1" --arg text "$2 >>$T/out.$1"
}

test_hooks_and_sysctls_find_the_device() {
	bundle pause
	device d-a
	with_device d-a inner
	edit '.linux.sysctl["net.ipv4.conf.inner.forwarding"] = "1"'
	hook createRuntime "nsenter --target \$(jq .pid) --net ip -o link show dev inner"
	hook createContainer "ip -o link show dev inner"
	create
	has "$(<"$T/out.createRuntime")" inner
	has "$(<"$T/out.createContainer")" inner
	is "$(inside cat /proc/sys/net/ipv4/conf/inner/forwarding)" 1 sysctl
	forget_devices
}

test_into_the_network_of_a_user_namespace() {
	bundle pause
	device d-a 192.0.2.7/24
	with_device d-a
	with_user_namespace
	create
	is "$(inside ip -json address show dev d-a | addresses)" 192.0.2.7/24 addresses
	forget_devices
}

test_a_profile_moves_the_device_that_is_granted() {
	profile=agent
	bundle pause
	device d-a 192.0.2.7/24
	with_device d-a
	run_refused 'profile agent, rule network-devices: linux.netDevices.d-a: *; allow it with --allow network-device:d-a'
	create --allow network-device:d-a
	is "$(inside ip -json address show dev d-a | addresses)" 192.0.2.7/24 addresses
	forget_devices
}

# as_before NAME ADDRESSES
as_before() {
	is "$(ip -json address show dev "$1" | addresses)" "$2" "addresses of $1"
	is "$(ip -json link show dev "$1" | jq -r '.[0].flags | index("UP") != null')" "${3:-true}" \
		"$1 is up"
}

test_if_one_of_several_fails_all_are_back() {
	bundle true
	device d-a 192.0.2.7/24
	device d-b 192.0.2.8/24
	ip link set d-b down
	with_device d-a x
	with_device d-b y
	with_device d-c
	run_refused "network devices: d-c: network device d-c on the host: No such device"
	as_before d-a 192.0.2.7/24
	as_before d-b 192.0.2.8/24 false
	forget_devices
}

test_if_create_fails_later_the_device_is_back() {
	bundle true
	device d-a 192.0.2.7/24 2001:db8::7/64
	with_device d-a inner
	edit '.hooks.createRuntime = [{path: "/bin/false"}]'
	run_refused "*createRuntime hook #0: exit status 1*"
	as_before d-a "192.0.2.7/24 2001:db8::7/64"
	bundle /no-such-program
	program /no-such-program
	with_device d-a inner
	run_refused "*no-such-program*"
	as_before d-a "192.0.2.7/24 2001:db8::7/64"
	forget_devices
}

test_a_name_that_is_taken_is_refused() {
	bundle true
	device d-a 192.0.2.7/24
	with_device d-a lo
	run_refused "network devices: d-a: a network device lo already exists in the container"
	as_before d-a 192.0.2.7/24
	forget_devices
}

test_lo_cannot_be_moved() {
	bundle true
	with_device lo inner
	run_refused "network devices: lo: move the device (lo, *): Invalid argument"
}

# config-linux.md, Namespace Lifecycle and Container Termination
test_delete_leaves_the_device_where_it_is() {
	local holder
	bundle pause
	device d-a 192.0.2.7/24
	in_background unshare --net sleep 60
	holder=$!
	wait_for bash -c "[[ \$(readlink /proc/$holder/ns/net) != \$(readlink /proc/self/ns/net) ]]"
	edit '(.linux.namespaces[] | select(.type == "network")).path = $path' \
		--arg path "/proc/$holder/ns/net"
	with_device d-a inner
	create
	good nacre delete --force "$id"
	is "$(nsenter --target "$holder" --net ip -json address show dev inner | addresses)" \
		192.0.2.7/24 addresses
	forget_devices
}

test_the_network_of_the_host_is_refused() {
	bundle true
	device d-a
	edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"'
	with_device d-a inner
	run_refused "network devices: the container's network namespace is the host's"
	as_before d-a ""
	forget_devices
}

test_a_companion_that_is_not_installed_is_named() {
	bundle true
	device d-a 192.0.2.7/24
	with_device d-a inner
	NACRE_LIBEXECDIR=/no/such run_refused \
		"network devices: nacre-netdev is missing in /no/such: install it*"
	as_before d-a 192.0.2.7/24
	forget_devices
}

test_a_companion_ends_with_its_command() {
	bundle pause
	device d-a
	with_device d-a inner
	mkdir "$T/libexec"
	printf '#!/bin/sh\necho $$ >%s/pid\nexec sleep 60\n' "$T/libexec" >"$T/libexec/nacre-netdev"
	chmod 755 "$T/libexec/nacre-netdev"
	NACRE_LIBEXECDIR=$T/libexec in_background nacre_direct create --profile oci --bundle "$b" "$id"
	wait_for grep -q . "$T/libexec/pid"
	kill -KILL "${background[0]}"
	wait_for has_ended "$(<"$T/libexec/pid")"
	background=()
	good nacre delete --force "$id"
	forget_devices
	nothing_left
}

all_tests "$@"
