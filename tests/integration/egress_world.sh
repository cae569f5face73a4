# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# An internet for tests of egress: a network namespace that nobody else has, with a name server and servers
# that say which name they were asked for (egress_peer.py). The caller's own network namespace is the host's
# then, and its only way out leads there. as.sh makes it before it becomes a user, who could not.

# world_link ADDRESS...: sets internet (a process there, with these addresses) and device, the host's way there.
# Returns false if something cannot be made.
world_link() {
	local i address
	# That of an earlier internet goes when the kernel comes to it.
	ip -o link show type veth | sed -n 's/^[0-9]*: \([^@:]*\).*/\1/p' | xargs -r -n 1 ip link delete
	unshare --net sleep 3600 </dev/null >/dev/null 2>&1 &
	internet=$!
	for ((i = 0; i < 500; i++)); do
		[[ ! /proc/$internet/ns/net -ef /proc/self/ns/net && $(</proc/$internet/comm) == sleep ]] && break
		sleep 0.02
	done
	device=w$internet
	ip link set lo up &&
		ip link add "$device" type veth peer name to-host netns "$internet" &&
		ip address add 11.1.1.254/24 dev "$device" &&
		ip link set "$device" up &&
		in_internet ip link set lo up || return
	for address; do
		in_internet ip address add "$address/24" dev to-host || return
	done
	in_internet ip link set to-host up
}

# world_make DIR PEER: the same, with the servers (the process world_peer). Their zone has answers that lead
# where no name may.
world_make() {
	local dir=$1 peer=$2
	world_link 11.1.1.1 11.1.1.2 11.1.1.53 10.9.9.9 && ip route add 10.9.9.0/24 dev "$device" || return
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key" -out "$dir/cert" -days 9 -subj /CN=x 2>/dev/null || return
	cat "$dir/cert" >>"$dir/key"
	rm -f "$dir/world.out" # an earlier one says ready
	# Not by in_internet: in the background a function is a shell, and killed would be that alone.
	nsenter --target "$internet" --net /usr/bin/python3 "$peer" world "$dir/key" 11.1.1.53 a.example=11.1.1.1 b.example=11.1.1.1 \
		second.example=11.1.1.99+11.1.1.2 rebind.example=127.0.0.1 metadata.example=169.254.169.254 \
		private.example=10.9.9.9 host.example=11.1.1.254 mapped.example=::ffff:b01:1fe nat.example=64:ff9b::b01:1fe '*.w.example=11.1.1.1' \
		db.example=11.1.1.1 >"$dir/world.out" 2>&1 </dev/null &
	world_peer=$!
	world_is_ready "$dir"
}

# world_is_ready DIR: waits until the world says so
world_is_ready() {
	local i
	for ((i = 0; i < 500; i++)); do
		grep -qs ready "$1/world.out" && return
		sleep 0.02
	done
	return 1
}

# in_internet COMMAND
in_internet() {
	nsenter --target "$internet" --net "$@"
}

# world_of_ways DIR: the same sets, but the internet is the world of tests/ways, where every address has a
# server that says nothing.
world_of_ways() {
	local dir=$1
	rm -f "$dir/world.out" # an earlier one says ready
	"$WAYS" world >"$dir/world.out" 2>&1 </dev/null &
	internet=$!
	world_peer=$!
	world_is_ready "$dir" || return
	device=w$internet
	# Whoever asks may be nobody's root: ports below 1024, and ping, are for all.
	echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
	ip link set lo up &&
		ip link add "$device" type veth peer name to-host netns "$internet" &&
		ip address add 172.31.9.1/30 dev "$device" &&
		ip address add fd99::1/64 dev "$device" nodad &&
		ip link set "$device" up &&
		in_internet ip address add 172.31.9.2/30 dev to-host &&
		in_internet ip address add fd99::2/64 dev to-host nodad &&
		in_internet ip link set to-host up &&
		in_internet ip route add unicast 172.31.9.1 dev to-host table local &&
		in_internet ip -6 route add unicast fd99::1 dev to-host table local &&
		ip route add default via 172.31.9.2 &&
		ip -6 route add default via fd99::2
}

# world_saw: how many TCP connections the world took, and how many datagrams came to it
world_saw() {
	awk '$1 == "Tcp:" && $6 ~ /^[0-9]+$/ { tcp = $7 } $1 == "Udp:" && $2 ~ /^[0-9]+$/ { udp = $2 + $3 }
		$1 == "Udp6InDatagrams" || $1 == "Udp6NoPorts" { udp += $2 }
		END { print tcp, udp }' "/proc/$internet/net/snmp" "/proc/$internet/net/snmp6"
}
