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

# connect_servers: beside the world, names of a cluster as Kubernetes has them, all of which are at
# 10.96.0.20, and their servers by HTTP and TLS. Each answers for every name; 10.96.0.10 has the names,
# for the host too.
connect_servers() {
	local domain=default.svc.cluster.test

	unshare --net sleep infinity &
	servers=$!
	disown
	wait_until 10 eval "[[ ! /proc/$servers/ns/net -ef /proc/self/ns/net ]]"
	in_servers() { nsenter --net="/proc/$servers/ns/net" "$@"; }
	ip link add servers type veth peer name host netns "$servers"
	ip address add 192.0.2.5/30 dev servers
	ip link set servers up
	in_servers ip link set lo up
	in_servers ip address add 192.0.2.6/30 dev host
	in_servers ip link set host up
	in_servers ip route add default via 192.0.2.5
	in_servers ip route add local 10.96.0.0/16 dev lo
	ip route add 10.96.0.0/16 via 192.0.2.6
	echo 'nameserver 10.96.0.10' >/etc/resolv.conf
	mkdir /run/page /run/pages
	echo hello >/run/page/index.html
	echo registry.invalid >/run/pages/index.html
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /run/pages.key -out /run/pages.key -subj /CN=x \
		2>/dev/null
	in_servers busybox httpd -p 80 -h /run/page
	in_servers python3 /nacre/tests/tools/registry.py /run/pages.key /run/pages >/run/asked &
	disown
	in_servers python3 /nacre/tests/integration/egress_peer.py names 10.96.0.10 \
		{api,other}.$domain=10.96.0.20 >/run/names &
	disown
	wait_until 10 grep -q ready /run/asked
	wait_until 10 grep -q ready /run/names
}

# reached NAME OTHER SHORT...: what tests/engines/names prints where the rules have NAME
reached() {
	local word
	for word in "$1" "${@:3}"; do
		printf '%s\n' "HTTP to $word: hello" "TLS to $word: $word"
	done
	printf '%s\n' "HTTP to $2: bad address '$2'" \
		"HTTP to $2 by the other's address: error getting response: Connection reset by peer" \
		"HTTP to it without a name: can't connect to remote host (10.96.0.20): Operation not permitted"
}

# Which ways there are depends on the kernel and on the engine's capabilities.
many() {
	sed -E 's/^([4-9][0-9]) reached$/many reached/'
}
