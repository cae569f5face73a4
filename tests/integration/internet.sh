# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What tests of egress rules begin with that need servers: a file sources this in place of lib.sh. The
# internet is a network namespace that only this file has, with a name server and servers that say which
# name they were asked for; the host is another, with a resolv.conf of its own.
if ((EUID == 0)) && [[ -z ${OWN_NETWORK:-} ]]; then
	HOST_RESOLV=$(mktemp)
	OWN_NETWORK=1 HOST_RESOLV=$HOST_RESOLV unshare --net --mount \
		bash -c 'mount --bind "$HOST_RESOLV" /etc/resolv.conf && exec bash "$0" "$@"' "$0" "$@"
	code=$?
	rm -f "$HOST_RESOLV"
	exit $code
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
file_needs=needs_internet

peer=$tests/integration/egress_peer.py
python=/usr/bin/python3
internet=''
device=''

needs_internet() {
	needs_root && needs_program openssl && needs_network_devices || return
	[[ -x $python ]] || { skip "python3 is not installed"; return 1; }
}

in_internet() {
	nsenter --target "$internet" --net "$@"
}

# network_namespace NAME: sets the variable NAME to a process that has one of its own
network_namespace() {
	in_background unshare --net sleep 3600
	printf -v "$1" %s "$!"
	wait_for eval "[[ ! /proc/$!/ns/net -ef /proc/self/ns/net && \$(</proc/$!/comm) == sleep ]]"
}

# make_internet ADDRESS...: sets internet, the process, and device, the host's way there
make_internet() {
	local address
	network_namespace internet
	device=w$calls
	ip link set lo up
	ip link add "$device" type veth peer name to-host netns "$internet" || wrong "no veth device"
	ip address add 11.1.1.254/24 dev "$device"
	ip link set "$device" up
	in_internet ip link set lo up
	for address; do
		in_internet ip address add "$address/24" dev to-host
	done
	in_internet ip link set to-host up
}

# Its zone has answers that lead where no name may.
make_world() {
	make_internet 11.1.1.1 11.1.1.2 11.1.1.53 10.9.9.9
	ip route add 10.9.9.0/24 dev "$device"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/key" -out "$T/cert" -days 9 -subj /CN=x 2>/dev/null ||
		wrong "no certificate"
	cat "$T/cert" >>"$T/key"
	in_background nsenter --target "$internet" --net "$python" "$peer" world "$T/key" 11.1.1.53 a.example=11.1.1.1 b.example=11.1.1.1 \
		second.example=11.1.1.99+11.1.1.2 rebind.example=127.0.0.1 metadata.example=169.254.169.254 \
		private.example=10.9.9.9 host.example=11.1.1.254 mapped.example=::ffff:b01:1fe '*.w.example=11.1.1.1' db.example=11.1.1.1
	wait_for grep -q ready "$background_out"
}

# with_names RULE...: a bundle whose program waits, with the host's python3 and these rules.
with_names() {
	make_world
	bundle pause
	ln -s usr/bin usr/lib usr/lib64 "$b/rootfs" 2>/dev/null
	rm -rf "$b/rootfs/bin"
	ln -s usr/bin "$b/rootfs/bin"
	mkdir "$b/rootfs/usr"
	cp "$peer" "$b/rootfs/peer.py"
	printf 'nameserver 11.1.1.53\nsearch example\n' >"$b/resolv.conf"
	cat "$b/resolv.conf" >"$HOST_RESOLV"
	edit '.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]},
		{destination: "/etc/resolv.conf", type: "bind", source: ($b + "/resolv.conf"), options: ["bind"]}]' --arg b "$b"
	rules=()
	for rule; do
		rules+=(--egress "$rule")
	done
}

# says COMMAND...: what the peer says in the container, on one line
says() {
	nacre exec "$id" /usr/bin/python3 /peer.py "$@" 2>&1 | tail -n 3 | paste -sd ' '
}

refused() {
	local said
	said=$(says "$@")
	[[ $said == *rror ]] || wrong "$* was not refused: $said"
}

relay() {
	# The lock on the file of its state directory is the relay's.
	local inode
	inode=$(stat -c %i "$ROOT/$id/egress") || wrong "no relay"
	awk -v inode="$inode" '$2 == "POSIX" && $6 ~ ":" inode "$" { print $5 }' /proc/locks
}
