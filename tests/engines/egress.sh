# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the suites that show rules of egress below an engine: the world outside, as tests/ways makes it,
# behind a default route. The engine's own networks stay what they are.

# What tests/ways/ways.h has, but for the comma, at which podman cuts an annotation
export ways_rules='10.1.2.0/24:443 10.1.2.0/24:8000-8002 udp:10.1.2.3:5353 [fd77::/64]:443'

# connect_world IPV4 IPV6: with the way back to these networks of the engine's
connect_world() {
	local pid

	/nacre/build/tests/ways world >/run/world &
	pid=$!
	disown
	wait_until 10 grep -q ready /run/world
	in_world() { nsenter --net="/proc/$pid/ns/net" "$@"; }
	ip link add world type veth peer name host netns "$pid"
	ip address add 192.0.2.1/30 dev world
	ip address add fd99::1/64 dev world nodad
	ip link set world up
	in_world ip address add 192.0.2.2/30 dev host
	in_world ip address add fd99::2/64 dev host nodad
	in_world ip link set host up
	# All else is the world's own, by the same table, which is the first.
	in_world ip route add 192.0.2.0/30 dev host table local
	in_world ip route add "$1" via 192.0.2.1 table local
	in_world ip -6 route add fd99::/64 dev host table local
	in_world ip -6 route add "$2" via fd99::1 table local
	ip route add default via 192.0.2.2
	ip -6 route add default via fd99::2
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}

# Which ways there are depends on the kernel and on the engine's capabilities.
many() {
	sed -E 's/^([4-9][0-9]) reached$/many reached/'
}
