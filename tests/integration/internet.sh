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
# shellcheck source=SCRIPTDIR/egress_world.sh
. "$(dirname "${BASH_SOURCE[0]}")/egress_world.sh"
file_needs=needs_internet

peer=$tests/integration/egress_peer.py
python=/usr/bin/python3

needs_internet() {
	needs_program openssl || return
	[[ -x $python ]] || { skip "python3 is not installed"; return 1; }
	[[ -n ${WORLD:-} ]] || needs_network_devices
}

# More of the internet than a user of as.sh has.
needs_whole_internet() {
	[[ -z ${WORLD:-} ]] || lacks_privilege "the internet itself"
}

# Without root of the host the container's network leads nowhere, and what the relay does not see cannot be counted.
has_filter() {
	[[ $who == root ]]
}

# without_filter: sets options, with which the relay holds the rules of the bundle, for root of the host as well
without_filter() {
	options=()
	! has_filter || { options=(--cgroup-manager disabled); edit 'del(.linux.resources)'; }
}

# network_namespace NAME: sets the variable NAME to a process that has one of its own
network_namespace() {
	in_background unshare --net sleep 3600
	printf -v "$1" %s "$!"
	wait_for eval "[[ ! /proc/$!/ns/net -ef /proc/self/ns/net && \$(</proc/$!/comm) == sleep ]]"
}

# make_internet ADDRESS...: sets internet, the process, and device, the host's way there
make_internet() {
	world_link "$@" || wrong "no internet"
	background+=("$internet")
}

make_world() {
	[[ -z ${WORLD:-} ]] || return 0
	world_make "$T" "$peer" || wrong "no internet" "$(cat "$T/world.out")"
	background+=("$internet" "$world_peer")
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
